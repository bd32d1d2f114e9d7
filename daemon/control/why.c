// SPDX-License-Identifier: EUPL-1.2
// GET /v1/signals/{source}/{id}: when a signal came, its versions, where they are in Kafka.
#include "control_private.h"

#include "codec/event.h"
#include "core/normalise/normalise.h"

#include <stdio.h>
#include <string.h>

static const int64_t DAY_MS = 86400000;

bool control_take_signal(const struct control *control, struct http_request *request,
                         struct control_signal *signal) {
    signal->source = control_param(request, 0);
    signal->id = control_param(request, 1);
    if (!signal->source.data || !signal->id.data)
        return false;
    normalise_identity(ledger_identity_key(control->options.ledger), signal->source, signal->id,
                       &signal->identity);
    return true;
}

void control_signal_about(const struct control *control, struct http_request *request,
                          struct buf *object) {
    struct control_signal signal;
    char hex[DIGEST_HEX + 1];
    if (!control_take_signal(control, request, &signal))
        return;
    digest_to_hex(&signal.identity, hex);
    control_put_source(control, signal.source, object);
    buf_printf(object, "%ssignal=%s", object->len ? " " : "", hex);
}

struct why {
    struct control *control;
    struct http_request *request;
    struct json_out *json;
    uint64_t previous;
    uint32_t oldest; // version that is kept
};

static void on_version(void *ctx, const struct ledger_event *line) {
    struct why *why = ctx;
    struct json_out *json = why->json;
    const struct ledger_entry *entry = &line->entry;
    const struct municipality *m =
        municipalities_by_code(why->control->tables->municipalities, entry->cell.municipality);
    char received[TIME_STAMP_MAX], reported[TIME_DATE_MAX], code[EVENT_CODE_MAX];
    time_format_stamp(entry->received_ms, received);
    event_municipality_code(entry->cell.municipality, code);
    json_open(json, '{');
    json_put_u64(json, "version", entry->version);
    json_put_u64(json, "sequence", entry->seq);
    json_put_text(json, "verdict", verdict_name(entry->verdict));
    json_put_text(json, "withdrawal",
                  entry->verdict == VERDICT_WITHDRAWN ? withdrawal_name(entry->how) : NULL);
    json_put_text(json, "received", received);
    json_put_text(json, "feed", entry->remapped ? "remap" : entry->polled ? "poll" : "push");
    json_put_bool(json, "erased", entry->erased);
    json_put_text(json, "status",
                  entry->erased ? NULL : status_name((enum status)entry->cell.status));
    json_put_text(json, "municipality", code);
    json_put_text(json, "municipalityName", m ? m->name : NULL);
    event_put_categories(json, &entry->cell);
    json_key(json, "reported");
    if (entry->reported == TIME_DAY_NONE) {
        json_null(json);
    } else {
        time_format_date(entry->reported, reported);
        json_text(json, reported);
    }
    reply_put_published(json, line->published ? why->control->options.config->kafka_topic : NULL,
                        line->partition, line->offset);
    json_close(json, '}');
    why->previous = entry->previous;
    why->oldest = entry->version;
}

// Whether the signal counts as it stands, and since when and by what that is so: from the latest
// version back to the first that says the same.
struct standing {
    const char *is, *by;
    int64_t since_ms;
    uint64_t previous; // 0: all that matter have been seen
};

static const char *standing_of(const struct ledger_entry *entry) {
    return entry->erased                 ? "erased"
           : !entry->counts              ? "withdrawn"
           : !ledger_entry_counts(entry) ? "rejected"
                                         : "counts";
}

static const char *brought_by(const struct ledger_entry *entry) {
    if (entry->erased)
        return "operator";
    if (!entry->counts && entry->how != WITHDRAWN_SAID)
        return withdrawal_name(entry->how);
    return entry->remapped ? "remap" : entry->polled ? "poll" : "push";
}

static void on_standing(void *ctx, const struct ledger_event *line) {
    struct standing *standing = ctx;
    const struct ledger_entry *entry = &line->entry;
    const char *is = standing_of(entry);
    standing->previous = 0;
    if (standing->is && strcmp(standing->is, is) != 0)
        return;
    standing->is = is;
    standing->by = brought_by(entry);
    standing->since_ms = entry->received_ms;
    standing->previous = entry->erased ? 0 : entry->previous;
}

static void put_standing(const struct why *why, uint64_t latest) {
    struct standing standing = {.previous = latest};
    while (standing.previous &&
           ledger_event_at(why->control->options.ledger, standing.previous, on_standing, &standing))
        ;
    json_put_text(why->json, "standing", standing.is);
    control_put_time(why->json, "since", standing.since_ms);
    json_put_text(why->json, "by", standing.by);
}

static void on_latest(void *ctx, const struct ledger_event *line) {
    struct why *why = ctx;
    uint32_t lacked;
    char signal[DIGEST_HEX + 1];
    digest_to_hex(&line->entry.identity, signal);
    json_put_text(why->json, "signal", signal);
    json_put_string(why->json, "source", (struct str){line->entry.source, line->entry.source_len});
    json_put_string(why->json, "id", (struct str){line->entry.id, line->entry.id_len});
    json_put_bool(why->json, "counts", ledger_entry_counts(&line->entry));
    json_key(why->json, "lacked");
    if (ledger_listed(why->control->options.ledger, &line->entry, &lacked))
        json_u64(why->json, lacked);
    else
        json_null(why->json);
}

// The versions of a signal, newest first.
static void send_why(struct control *control, struct http_request *request, uint64_t seq) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    struct why why = {.control = control, .request = request, .json = &json, .previous = seq};
    json_open(&json, '{');
    (void)ledger_event_at(control->options.ledger, seq, on_latest, &why);
    put_standing(&why, seq);
    json_open_key(&json, "versions", '[');
    while (why.previous && ledger_event_at(control->options.ledger, why.previous, on_version, &why))
        ;
    json_close(&json, ']');
    json_put_u64(&json, "expired", why.oldest ? why.oldest - 1 : 0);
    json_close(&json, '}');
    control_send(request, &reply);
}

// A misspelt name must not sound as if the source had never sent it.
static void refuse_unseen(const struct control *control, struct http_request *request,
                          const struct control_signal *signal) {
    bool known = sources_find(control->sources, signal->source);
    char text[200] = "There is no source of this name in the source table.";
    if (known && ledger_first_seq(control->options.ledger) > 1)
        (void)snprintf(
            text, sizeof text,
            "No signal with this id came from this source in the last %lld days. One that "
            "came before has expired (retention.identity): nobody knows it any more.",
            (long long)(control->options.config->retention.identity_ms / DAY_MS));
    else if (known)
        (void)snprintf(text, sizeof text, "No signal with this id came from this source.");
    control_problem(request, 404, text);
}

void control_why(struct control *control, struct http_request *request) {
    struct control_signal signal;
    if (!control_take_signal(control, request, &signal)) {
        control_problem(request, 400, "Ask for /v1/signals/{source}/{id}, percent-encoded.");
        return;
    }
    uint64_t seq = ledger_find(control->options.ledger, &signal.identity);
    if (seq)
        send_why(control, request, seq);
    else
        refuse_unseen(control, request, &signal);
}
