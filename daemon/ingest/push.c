// SPDX-License-Identifier: EUPL-1.2
// The public side. When a request's head is there, its route, its source (by a token, a certificate
// or a name that is signed) and the format of its body are found, and kept in the request's room.
// The source is borrowed from the table of that moment: the generation tells when that table has
// been replaced since, and then the head is looked at once more. A delivery that is submitted owns
// the body; its reply ends the request.
#include "ingest/push.h"

#include "api/documents.h"
#include "api/problem.h"
#include "api/router.h"
#include "base/map.h"
#include "base/pii/log.h"
#include "codec/event.h"
#include "codec/json_out.h"
#include "codec/notification.h"
#include "core/normalise/normalise.h"
#include "ingest/certificates.h"
#include "ingest/feeds.h"
#include "ingest/source_page.h"
#include "push_private.h"
#include "released_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct push {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct admission *admission;
    struct feeds *feeds;
    struct sources *sources;
    struct tables *tables;
    uint64_t generation; // of the sources and tables
    struct http_server *server;
    struct source_pages pages;
    struct released released;
    struct map rates; // see sender_wait_s
    struct signed_past *past;
    struct http_tls *tls; // that it shows; NULL: there is none
    bool stopping;
    uint64_t requests, requests_refused;
};

// A request, from its head on, in its room.
struct push_request {
    struct push *push;
    struct http_request *request;
    struct route_match match;
    uint64_t generation;            // of the tables that the next two were found in
    const struct source *source;    // NULL on open routes
    struct body_kind body;          // of signals
    char refusal[BODY_REFUSAL_MAX]; // why; "": the status says it
    bool is_signed;                 // `given` says by whom; the body is looked at in on_request
    struct signed_request given;
    bool too_often;   // with 429: it sends more than it may
    uint32_t retry_s; // with 429: when to come again; 0: soon
};

static void post_signals(struct push_request *call);
static void answer_handshake(struct push_request *call);
static void post_notification(struct push_request *call);
static void get_signal(struct push_request *call);
static void delete_signal(struct push_request *call);
static void get_source(struct push_request *call);
static void get_health(struct push_request *call);
static void get_document(struct push_request *call);
static void get_figures(struct push_request *call);

static const struct push_route {
    struct route route;
    void (*handle)(struct push_request *call);
} routes[] = {
    {{"POST", "/v1/signals", ROUTE_SOURCE, true, NULL}, post_signals},
    {{"GET", "/v1/signals/{id}", ROUTE_SOURCE, false, NULL}, get_signal},
    {{"DELETE", "/v1/signals/{id}", ROUTE_SOURCE, true, NULL}, delete_signal},
    {{"POST", "/v1/notifications", ROUTE_SOURCE, false, NULL}, post_notification},
    {{"GET", "/v1/source", ROUTE_SOURCE, false, NULL}, get_source},
    {{"GET", "/v1/health", ROUTE_OPEN, false, NULL}, get_health},
    {{"GET", "/v1/openapi.json", ROUTE_OPEN, false, NULL}, get_document},
    {{"GET", "/v1/asyncapi", ROUTE_OPEN, false, NULL}, get_document},
    {{"GET", "/v1/schemas/{name}", ROUTE_OPEN, false, NULL}, get_document},
    {{"GET", "/v1/statistics", ROUTE_OPEN, false, NULL}, get_figures},
    {{"GET", "/v1/statistics/metadata", ROUTE_OPEN, false, NULL}, get_document},
    {{"GET", "/v1/codes", ROUTE_OPEN, false, NULL}, get_figures},
};
static const struct router router = ROUTER(routes);
// It is no method of the path: whoever does not ask by the header gets 405.
static const struct push_route handshake = {{"OPTIONS", "/v1/signals", ROUTE_OPEN, false, NULL},
                                            answer_handshake};

static void (*handler_of(const struct push_request *call))(struct push_request *call) {
    return ((const struct push_route *)call->match.route)->handle;
}

// A notification is JSON, as a form may be.
static const struct template *form_of_body(const struct push_request *call) {
    static const struct template notification = {.mapping = {.format = MAPPING_JSON}};
    const struct template *form = body_form(call->source);
    if (handler_of(call) == post_notification)
        form = &notification;
    return form;
}

static unsigned check_rate(struct push_request *call) {
    struct push *push = call->push;
    if (!call->source)
        return 0;
    call->retry_s = sender_wait_s(&push->rates, call->source, push->config->requests_per_minute,
                                  loop_now_ms(push->loop));
    call->too_often = call->retry_s > 0;
    return call->too_often ? 429 : 0;
}

static unsigned refuse(struct push_request *call, unsigned status, const char *why) {
    if (why)
        (void)snprintf(call->refusal, sizeof call->refusal, "%s", why);
    return status;
}

static unsigned check_signed(struct push_request *call) {
    const char *why =
        handler_of(call) == post_signals
            ? signed_read(call->push->sources, call->request, loop_wall_ms() / 1000, &call->given)
            : "Only POST /v1/signals can be signed: use a token for the rest.";
    call->source = why ? NULL : call->given.source;
    return why ? refuse(call, 401, why) : 0;
}

// The body is there.
static unsigned check_signature(struct push_request *call) {
    struct push *push = call->push;
    const char *why = NULL;
    unsigned status = signed_check(push->past, &call->given, http_body(call->request), push->ledger,
                                   loop_now_ms(push->loop), &why);
    if (!status && (status = check_rate(call)))
        signed_forget(push->past, &call->given);
    return refuse(call, status, why);
}

static unsigned check_token(struct push_request *call) {
    call->source = sender_by_token(call->push->sources, call->request);
    return call->source ? 0 : 401;
}

// 0, or the status to refuse with.
static unsigned check_right(struct push_request *call) {
    unsigned status = 0;
    call->generation = call->push->generation;
    call->source = NULL;
    if (call->match.route->right == ROUTE_OPEN)
        return 0;
    const struct http_certificate *shown = http_client(call->request);
    call->is_signed = signed_is(call->request);
    if (call->is_signed)
        status = check_signed(call);
    else if (!shown || http_header_value(call->request, "Authorization").data)
        status = check_token(call);
    if (status || !shown)
        return status;
    call->source = sender_by_certificate(&call->push->rates, call->push->sources, shown,
                                         call->source, loop_now_ms(call->push->loop));
    return call->source ? 0 : 401;
}

static unsigned check_admission(struct push_request *call) {
    const struct push *push = call->push;
    if (!call->match.route->brings_signals)
        return 0;
    if (push->stopping)
        return 503;
    const struct admission_levels *levels = admission_now(push->admission);
    if (!admission_full(levels))
        return 0;
    call->retry_s = admission_retry_s(levels);
    return 429;
}

// What a source has under way, whatever the others have: its bodies and what of it waits.
static unsigned check_share(struct push_request *call) {
    const struct config *config = call->push->config;
    uint64_t waits_max = config->queue_bytes_max / 100 * config->http.share_percent;
    if (!call->source)
        return 0;
    const char *name = call->source->name;
    // Who signs is not known before the body is there: nobody else takes its room meanwhile.
    uint64_t owner =
        map_hash(name, strlen(name)) ^ (call->is_signed ? http_peer_number(call->request) : 0);
    return http_claim(call->request, owner,
                      call->match.route->brings_signals && waits_max ? waits_max : SIZE_MAX)
               ? 0
               : 429;
}

static void on_full(void *ctx, struct http_request *request, const char *what) {
    (void)ctx;
    const struct push_request *call = request ? http_room(request) : NULL;
    if (call && call->source)
        log_alarm(ALARM_SOURCE_SHARE,
                  "a source has its share of the room, it gets 429 source=%s of=%s",
                  call->source->name, what);
    else
        log_alarm(ALARM_ADDRESS_SHARE, "an address has its share of the room, it gets 429 of=%s",
                  what);
}

static bool is_handshake(const struct http_request *request) {
    return str_is(http_method(request), handshake.route.method) &&
           str_is(http_path(request), handshake.route.path) &&
           http_header_value(request, "WebHook-Request-Origin").len;
}

static unsigned on_head(void *ctx, struct http_request *request) {
    struct push_request *call = http_room(request);
    call->push = ctx;
    call->request = request;
    call->retry_s = 0;
    call->source = NULL;
    call->too_often = call->is_signed = false;
    call->refusal[0] = '\0';
    unsigned status = router_take(&router, request, &call->match);
    if (status == 405 && is_handshake(request)) {
        call->match.route = &handshake.route;
        status = 0;
    }
    if (!status)
        status = check_right(call);
    if (!status && !call->is_signed)
        status = check_rate(call);
    if (!status)
        status = check_share(call);
    if (!status)
        status = check_admission(call);
    bool has_body =
        !status && (handler_of(call) == post_signals || handler_of(call) == post_notification);
    if (has_body && !body_kind_read(request, form_of_body(call), &call->body, call->refusal))
        status = 415;
    return status;
}

static void fill_busy(const struct push_request *call, struct http_reply *reply) {
    problem_fill(reply, 429,
                 call->too_often ? "You send more requests in a minute than your operator allows. "
                                   "Nothing was accepted; Retry-After says when to go on."
                                 : NULL);
    if (call->retry_s)
        problem_retry_after(reply, call->retry_s);
}

static void on_refusal(void *ctx, struct http_request *request, unsigned status,
                       struct http_reply *reply) {
    const struct push_request *call = http_room(request);
    struct push *push = ctx;
    push->requests_refused++;
    // Neither 415 nor 401 comes before on_head, which fills in the call.
    if (status == 415 || (status == 401 && call->is_signed))
        problem_fill(reply, status, call->refusal[0] ? call->refusal : NULL);
    else if (status == 429)
        fill_busy(call, reply);
    else
        router_refuse(reply, status, request, &call->match);
    if (status == 415)
        body_say_types(form_of_body(call), reply);
    if (status == 401 && handler_of(call) == get_source) // a browser asks for the password
        reply_header(reply, "WWW-Authenticate", "Basic realm=\"signaald\", charset=\"UTF-8\"");
}

static void send_problem(struct push_request *call, unsigned status, const char *detail) {
    struct http_reply reply = {0};
    call->push->requests_refused++;
    if (status == 429 && !detail)
        fill_busy(call, &reply);
    else
        problem_fill(&reply, status, detail);
    http_send(call->request, &reply);
}

// The body took its time: what may have changed since the head is asked again.
static void on_request(void *ctx, struct http_request *request) {
    struct push_request *call = http_room(request);
    const struct push *push = ctx;
    unsigned status = call->generation == push->generation ? 0 : check_right(call);
    if (!status)
        status = check_admission(call);
    if (!status && call->is_signed)
        status = check_signature(call);
    if (status)
        send_problem(call, status, call->refusal[0] ? call->refusal : NULL);
    else
        handler_of(call)(call);
}

static void on_delivered(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    struct push_request *call = task->ctx;
    struct push *push = call->push;
    struct http_reply reply = {0};
    char location[VERDICTS_LOCATION];
    push->requests_refused += task->err.kind != ERR_NONE || delivery->content.decoded.failed;
    if (task->err.kind != ERR_NONE && call->is_signed)
        signed_forget(push->past, &call->given);
    if (task->err.kind != ERR_NONE)
        problem_fill(&reply, 503, NULL);
    else
        verdicts_fill(&reply, delivery, location);
    body_say_types(body_form(delivery->source), &reply);
    http_send(call->request, &reply);
    delivery_free(delivery);
}

static void submit(struct push_request *call, struct delivery *delivery) {
    struct push *push = call->push;
    delivery->received_ms = loop_wall_ms();
    delivery->task.done = on_delivered;
    delivery->task.ctx = call;
    push->requests++;
    pipeline_deliver(push->pipeline, delivery);
}

static void post_signals(struct push_request *call) {
    size_t len;
    struct str dry_run = http_query(call->request, "dryRun", 0);
    if (dry_run.data && !str_is(dry_run, "true") && !str_is(dry_run, "false")) {
        send_problem(call, 400, "dryRun is true or false.");
        return;
    }
    char *body = http_take_body(call->request, &len);
    struct delivery *delivery = delivery_create(call->push->sources, call->source,
                                                call->push->tables, call->body.format, body, len);
    delivery->charset = call->body.charset;
    delivery->signed_s = call->is_signed ? call->given.seconds : 0;
    if (call->body.packed)
        delivery_set_packed(delivery);
    delivery->template = body_form(call->source);
    if (call->body.format == DECODE_EVENT_DATA)
        delivery->event = body_event(call->request);
    delivery->dry_run = delivery->preview = str_is(dry_run, "true");
    submit(call, delivery);
}

// A sender of CloudEvents asks whether it may send (HTTP 1.1 Web Hooks for Event Delivery, section
// 4). It may: whose events are taken, its token says when they come.
static void answer_handshake(struct push_request *call) {
    struct http_reply reply = {.status = 200};
    // Not the origin that asked: what came is in no answer.
    reply_header(&reply, "WebHook-Allowed-Origin", "*");
    reply_header(&reply, "WebHook-Allowed-Rate", "*");
    reply_header(&reply, "Allow", "POST");
    http_send(call->request, &reply);
}

// A hint to poll its sender. It is answered at once: whatever came before it reaches the disk by
// the poll, and one that is lost by the next.
static void post_notification(struct push_request *call) {
    struct http_reply reply = {.status = 204};
    enum notification what = NOTIFICATION_BAD;
    if (!call->body.packed)
        what = notification_read(http_body(call->request), call->body.charset);
    if (what == NOTIFICATION_BAD)
        send_problem(call, 400,
                     "This is no notification of the ZGW standard: one object, not packed, with a "
                     "kanaal.");
    else if (!call->source->url)
        send_problem(call, 400, "You are not polled: post signals instead.");
    else {
        if (what == NOTIFICATION_CHANGE)
            (void)feeds_hint(call->push->feeds, call->source);
        http_send(call->request, &reply);
    }
}

static const char never_received[] = "This signal was never received from you.";

// A source may name its signal by its own id or by ours. 0 when it has no such signal.
static uint64_t find_own(struct push_request *call, struct digest *identity) {
    const struct ledger *ledger = call->push->ledger;
    struct str id = call->match.params[0];
    if (!id.data)
        return 0;
    normalise_identity(ledger_identity_key(ledger), str_from(call->source->name), id, identity);
    uint64_t seq = ledger_find(ledger, identity);
    if (seq == 0 && digest_from_hex(id, identity))
        seq = ledger_find(ledger, identity);
    return seq;
}

static void on_own_line(void *ctx, const struct ledger_event *line) {
    struct push_request *call = ctx;
    struct http_reply reply = {0};
    if (!str_is((struct str){line->entry.source, line->entry.source_len}, call->source->name)) {
        send_problem(call, 403, NULL);
        return;
    }
    if (line->entry.erased) {
        send_problem(call, 410, NULL);
        return;
    }
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    verdicts_put_line(&json, line, call->push->config->kafka_topic);
    http_send(call->request, &reply);
}

static void get_signal(struct push_request *call) {
    struct digest identity;
    uint64_t seq = find_own(call, &identity);
    if (seq == 0)
        send_problem(call, 404, never_received);
    else if (!ledger_event_at(call->push->ledger, seq, on_own_line, call))
        send_problem(call, 503, "The ledger cannot be read now.");
}

// A withdrawal is a signal that says so: it goes the way of all signals.
static void delete_signal(struct push_request *call) {
    struct digest identity;
    struct verdicts_own own = {.source = str_from(call->source->name)};
    uint64_t seq = find_own(call, &identity);
    if (seq == 0) {
        send_problem(call, 404, never_received);
        return;
    }
    if (!ledger_event_at(call->push->ledger, seq, verdicts_note_own, &own)) {
        send_problem(call, 503, "The ledger cannot be read now.");
        return;
    }
    if (!own.ours || own.erased) {
        send_problem(call, own.ours ? 410 : 403, NULL);
        return;
    }
    submit(call, delivery_create_withdrawal(call->push->sources, call->source, call->push->tables,
                                            &identity, (struct str){own.id, own.len}));
}

static void get_source(struct push_request *call) {
    struct push *push = call->push;
    if (push->stopping ||
        !source_page_ask(&push->pages, call->request, push->sources, push->tables, call->source))
        send_problem(call, push->stopping ? 503 : 429,
                     "Pages are being made, yours maybe; try again in a moment.");
}

static void get_figures(struct push_request *call) {
    struct push *push = call->push;
    unsigned status = push->stopping ? 503
                                     : released_ask(&push->released, call->request, push->tables,
                                                    loop_now_ms(push->loop), &call->retry_s);
    call->too_often = call->retry_s > 0;
    if (status)
        send_problem(call, status, NULL);
}

static void get_health(struct push_request *call) {
    struct push *push = call->push;
    struct http_reply reply = {0};
    struct http_usage usage;
    if (push->stopping || !admission_healthy(admission_now(push->admission))) {
        send_problem(call, 503, "Signals are not accepted now.");
        return;
    }
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    json_open(&json, '{');
    json_put_text(&json, "status", "ok");
    http_get_usage(push->server, &usage);
    json_put_u64(&json, "sharesFull", usage.shares_full);
    json_close(&json, '}');
    http_send(call->request, &reply);
}

static void get_document(struct push_request *call) {
    struct str path = http_path(call->request);
    struct str name = {path.data + 4, path.len - 4}; // behind "/v1/"
    const struct config *config = call->push->config;
    const struct documents_owner owner = {.oin = config->oin,
                                          .email = config->contact_email,
                                          .url = config->contact_url,
                                          .type_prefix = config->type_prefix,
                                          .regulation = config->data_regulation};
    bool withheld = str_is(name, "statistics/metadata") && !config->disclosure_public;
    if (withheld || !documents_send(call->request, name, &owner))
        send_problem(call, 404, NULL);
}

void push_use_tls(struct push *push, struct http_tls *tls) {
    if (!tls || (http_tls_same(tls, push->tls) && http_tls_same_clients(tls, push->tls)))
        return;
    if (push->server)
        http_use_tls(push->server, http_tls_ref(tls));
    http_tls_ref(tls);
    http_tls_unref(push->tls);
    push->tls = tls;
}

struct http_tls *push_tls(const struct push *push) {
    return push->tls;
}

static bool listen_on(struct push *push, const struct push_options *passed, struct err *err) {
    const struct config *config = push->config;
    struct http_options options = {.address = config->listen_address,
                                   .port = config->listen_port,
                                   .fds = passed->fds,
                                   .fd_count = passed->fd_count,
                                   .limits = config->http,
                                   .common = problem_common_headers,
                                   .common_count = problem_common_header_count,
                                   .room_bytes = sizeof(struct push_request),
                                   .on_head = on_head,
                                   .on_request = on_request,
                                   .on_refusal = on_refusal,
                                   .on_full = on_full,
                                   .ctx = push};
    options.tls = http_tls_ref(push->tls);
    push->server = http_listen(push->loop, &options, err);
    return push->server != NULL;
}

struct push *push_create(const struct push_options *options, struct sources *sources,
                         struct tables *tables, struct err *err) {
    struct push *push = mem_zalloc(1, sizeof *push);
    push->config = options->config;
    push->loop = options->loop;
    push->ledger = options->ledger;
    push->pipeline = options->pipeline;
    push->admission = options->admission;
    push->feeds = options->feeds;
    push->sources = sources_ref(sources);
    push->tables = tables_ref(tables);
    push->pages = (struct source_pages){.config = options->config,
                                        .ledger = options->ledger,
                                        .pipeline = options->pipeline,
                                        .feeds = options->feeds};
    push->released = (struct released){
        .config = options->config, .ledger = options->ledger, .pipeline = options->pipeline};
    sender_rates_init(&push->rates);
    push->past = signed_past_create();
    if (!certificates_read_own(options->config, &push->tls, err) ||
        (options->config->listen_address && !listen_on(push, options, err))) {
        push_free(push);
        return NULL;
    }
    return push;
}

void push_use(struct push *push, struct sources *sources, struct tables *tables) {
    sources_unref(push->sources);
    tables_unref(push->tables);
    push->sources = sources_ref(sources);
    push->tables = tables_ref(tables);
    push->generation++;
    if (push->server)
        http_use_limits(push->server, &push->config->http);
}

void push_quiesce(struct push *push) {
    if (push->server)
        http_quiesce(push->server);
}

bool push_wind_down(struct push *push, int64_t idle_ms) {
    return !push->server || http_wind_down(push->server, idle_ms);
}

void push_stop(struct push *push) {
    push->stopping = true;
}

void push_free(struct push *push) {
    if (!push)
        return;
    http_close(push->server);
    http_tls_unref(push->tls);
    sources_unref(push->sources);
    tables_unref(push->tables);
    free(push->rates.entries);
    signed_past_free(push->past);
    free(push);
}

uint16_t push_port(const struct push *push) {
    return push->server ? http_port(push->server) : 0;
}

void push_get_status(const struct push *push, struct push_status *status) {
    *status =
        (struct push_status){.requests = push->requests,
                             .requests_refused = push->requests_refused,
                             .connections = push->server ? http_connections(push->server) : 0,
                             .certificate_ends_s = push->tls ? http_tls_ends_s(push->tls) : 0};
    if (push->server)
        http_get_usage(push->server, &status->usage);
}
