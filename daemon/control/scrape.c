// SPDX-License-Identifier: EUPL-1.2
// GET /metrics over TCP, for Prometheus, which cannot read a Unix socket. A server of its own that
// has this one route and small limits, so that nobody by this way reaches what the local socket
// does, or takes the room of senders. Who reads is not known: metrics.c says what is told to whom
// nobody knows. An address that asks more often than a Prometheus would is refused.
#include "base/mem.h"
#include "config/text/url.h"
#include "control_private.h"

#include <stdlib.h>

enum {
    ADDRESS_BITS = 8,  // of places for addresses: those that share one share a count
    EACH_MS = 500,     // in the long run an address may ask so often
    AT_ONCE_MS = 10000 // and so many times EACH_MS at once
};

struct scrape {
    const struct control *control;
    struct loop *loop;
    struct http_server *server;
    int64_t due_ms[1 << ADDRESS_BITS]; // by loop_now_ms: when all that was asked is worked off
};

static const struct route routes[] = {{"GET", "/metrics", ROUTE_OPEN, false, NULL}};
static const struct router router = {routes, 1, sizeof *routes};

static const struct http_limits limits = {.connections_max = 64,
                                          .share_percent = 25,
                                          .head_bytes_max = 8192,
                                          .head_timeout_ms = 10000,
                                          .body_timeout_ms = 30000,
                                          .idle_timeout_ms = 120000};

static bool asks_too_often(struct scrape *scrape, const struct http_request *request) {
    int64_t now_ms = loop_now_ms(scrape->loop);
    int64_t *due_ms = &scrape->due_ms[http_peer_place(request, ADDRESS_BITS)];
    if (*due_ms < now_ms)
        *due_ms = now_ms;
    if (*due_ms - now_ms > AT_ONCE_MS)
        return true;
    *due_ms += EACH_MS;
    return false;
}

static unsigned on_head(void *ctx, struct http_request *request) {
    unsigned status = router_take(&router, request, http_room(request));
    return !status && asks_too_often(ctx, request) ? 429 : status;
}

static void on_refusal(void *ctx, struct http_request *request, unsigned status,
                       struct http_reply *reply) {
    (void)ctx;
    if (status == 429)
        problem_fill(reply, 429, "This address asks too often.");
    else
        router_refuse(reply, status, request, http_room(request));
}

static void on_request(void *ctx, struct http_request *request) {
    const struct scrape *scrape = ctx;
    struct http_reply reply = {0};
    control_put_metrics(scrape->control, true, reply_body(&reply, 200, CONTROL_METRICS_TYPE));
    http_send(request, &reply);
}

// In the clear on loopback, and beyond it only where the operator wants that.
static struct http_tls *tls_of(const struct control *control) {
    const struct config *config = control->options.config;
    bool clear = config->metrics_plain || host_is_local(str_from(config->metrics_address));
    return clear ? NULL : push_tls(control->options.push);
}

bool scrape_open(struct control *control, struct err *err) {
    const struct control_options *options = &control->options;
    const struct config *config = options->config;
    if (!config->metrics_address)
        return true;
    struct scrape *scrape = mem_zalloc(1, sizeof *scrape);
    scrape->control = control;
    scrape->loop = options->loop;
    control->scrape = scrape;
    const struct http_options http = {.address = config->metrics_address,
                                      .port = config->metrics_port,
                                      .fds = options->metrics->fds,
                                      .fd_count = options->metrics->count,
                                      .tls = http_tls_ref(tls_of(control)),
                                      .limits = limits,
                                      .common = problem_common_headers,
                                      .common_count = problem_common_header_count,
                                      .room_bytes = sizeof(struct route_match),
                                      .on_head = on_head,
                                      .on_request = on_request,
                                      .on_refusal = on_refusal,
                                      .ctx = scrape};
    scrape->server = http_listen(options->loop, &http, err);
    return scrape->server != NULL;
}

void scrape_use(const struct control *control) {
    struct http_tls *tls = control->scrape ? tls_of(control) : NULL;
    if (tls)
        http_use_tls(control->scrape->server, http_tls_ref(tls));
}

void scrape_quiesce(const struct control *control) {
    if (control->scrape)
        http_quiesce(control->scrape->server);
}

void scrape_close(struct control *control) {
    if (!control->scrape)
        return;
    http_close(control->scrape->server);
    free(control->scrape);
    control->scrape = NULL;
}
