// SPDX-License-Identifier: EUPL-1.2
// What became of a delivery, for who sent it: a verdict for each signal in order, or all faults
// when nothing was taken. Nothing in it is what was sent, but for ids that are plainly numbers of
// cases.
#include "api/problem.h"
#include "codec/json_out.h"
#include "ingest/delivery.h"
#include "ingest/preview.h"
#include "push_private.h"

#include <string.h>

static void put_verdict(struct json_out *json, const struct delivery *delivery, uint32_t index) {
    const struct page_item *item = &delivery->content.items[index];
    json_open(json, '{');
    json_put_u64(json, "index", index);
    json_key(json, "id");
    if (item->signal == UINT32_MAX) {
        json_null(json);
    } else {
        const struct signal *signal = &delivery->content.signals[item->signal];
        json_string(json, (struct str){signal->id, signal->id_len});
    }
    json_put_text(json, "verdict", verdict_name(item->verdict));
    json_put_u64(json, "dropped", item->dropped);
    json_put_u64(json, "unmapped", item->unmapped);
    if (item->verdict != VERDICT_REFUSED) {
        char signal[DIGEST_HEX + 1];
        digest_to_hex(&item->identity, signal);
        json_put_text(json, "signal", signal);
        json_put_u64(json, "version", item->version);
        preview_put_changes(json, delivery, index);
    }
    json_key(json, "errors");
    json_open(json, '[');
    // In a batch with very many faults each signal tells its first.
    bool all = delivery->content.fault_count <= PROBLEM_FAULTS_MAX;
    uint32_t told = all || item->fault_count == 0 ? item->fault_count : 1;
    for (uint32_t i = 0; i < told; i++)
        problem_put_fault(json, delivery_mapping(delivery),
                          &delivery->content.faults[item->fault_first + i]);
    json_close(json, ']');
    if (told < item->fault_count)
        json_put_u64(json, "errorsLeftOut", item->fault_count - told);
    if (delivery->content.decoded.single)
        preview_put_places(json, delivery);
    json_close(json, '}');
}

static void fill_verdicts(struct http_reply *reply, const struct delivery *delivery,
                          char location[VERDICTS_LOCATION]) {
    const struct page_item *first = delivery->content.items;
    bool single = delivery->content.decoded.single;
    bool created = single && first->verdict == VERDICT_REGISTERED && !delivery->dry_run;
    struct json_out json = {.buf = reply_body(reply, created ? 201 : 200, "application/json")};
    if (single) {
        put_verdict(&json, delivery, 0);
    } else {
        json_open(&json, '{');
        json_key(&json, "results");
        json_open(&json, '[');
        for (size_t i = 0; i < delivery->content.item_count; i++)
            put_verdict(&json, delivery, (uint32_t)i);
        json_close(&json, ']');
        preview_put_places(&json, delivery);
        json_close(&json, '}');
    }
    if (created) {
        // By our id: it holds nothing of the source's, and a URL may be logged on the way.
        memcpy(location, "/v1/signals/", 12);
        digest_to_hex(&first->identity, location + 12);
        reply_header(reply, "Location", location);
    }
}

static bool all_refused(const struct delivery *delivery) {
    for (size_t i = 0; i < delivery->content.item_count; i++)
        if (delivery->content.items[i].verdict != VERDICT_REFUSED)
            return false;
    return delivery->content.item_count > 0;
}

void verdicts_fill(struct http_reply *reply, const struct delivery *delivery,
                   char location[VERDICTS_LOCATION]) {
    const struct mapping *mapping = delivery_mapping(delivery);
    const struct page *content = &delivery->content;
    if (content->decoded.failed)
        problem_fill_whole(reply, mapping, &content->decoded);
    else if (all_refused(delivery))
        problem_fill_faults(reply, mapping, content->faults, content->fault_count,
                            "Every signal in it was refused.");
    else
        fill_verdicts(reply, delivery, location);
}

void verdicts_put_line(struct json_out *json, const struct ledger_event *line, const char *topic) {
    char signal[DIGEST_HEX + 1], received[TIME_STAMP_MAX];
    digest_to_hex(&line->entry.identity, signal);
    time_format_stamp(line->entry.received_ms, received);
    json_open(json, '{');
    json_put_string(json, "id", (struct str){line->entry.id, line->entry.id_len});
    json_put_text(json, "signal", signal);
    json_put_text(json, "verdict", verdict_name(line->entry.verdict));
    json_put_u64(json, "version", line->entry.version);
    json_put_text(json, "received", received);
    reply_put_published(json, line->published ? topic : NULL, line->partition, line->offset);
    json_close(json, '}');
}

void verdicts_note_own(void *ctx, const struct ledger_event *line) {
    struct verdicts_own *own = ctx;
    own->ours = str_equal((struct str){line->entry.source, line->entry.source_len}, own->source);
    own->erased = line->entry.erased;
    own->len = line->entry.id_len;
    memcpy(own->id, line->entry.id, own->len);
}
