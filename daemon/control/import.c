// SPDX-License-Identifier: EUPL-1.2
// POST /v1/import?source=NAME&template=T&format=csv&dryRun=1: a piece of a file that an operator
// brings in for a source. It goes the way of what the source would post itself.
#include "control_private.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "ingest/preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct asked {
    const struct source *source;
    const struct template *template; // NULL: native
    enum decode_format format;       // when native
    bool dry_run, allow_missing, first_page_only;
    unsigned status;   // of the refusal; 0: none
    const char *fault; // for the operator; NULL: a standard sentence
};

static void refuse(struct asked *asked, unsigned status, const char *fault) {
    if (!asked->status) {
        asked->status = status;
        asked->fault = fault;
    }
}

static void take_native_format(struct asked *asked, struct str format) {
    if (!format.data || str_is(format, "json"))
        asked->format = DECODE_JSON;
    else if (str_is(format, "ndjson"))
        asked->format = DECODE_NDJSON;
    else
        refuse(asked, 400, "Without a template the format is json or ndjson.");
}

static void take_template(struct asked *asked, const struct templates *templates, struct str name,
                          struct str format) {
    static const char *const formats[] = {
        [MAPPING_JSON] = "json", [MAPPING_NDJSON] = "ndjson", [MAPPING_CSV] = "csv"};
    const struct template *template = name.data ? templates_find(templates, name) : NULL;
    if (name.data && !template)
        refuse(asked, 400, "There is no template of that name.");
    else if (!template || template->native)
        take_native_format(asked, format);
    else if (format.data && !str_is(format, formats[template->mapping.format]))
        refuse(asked, 400, "The template reads another format than this file has.");
    else
        asked->template = template;
}

static bool take_flag(struct asked *asked, struct http_request *request, const char *name,
                      const char *fault) {
    struct str text = http_query(request, name, 0);
    if (text.data && !str_is(text, "0") && !str_is(text, "1"))
        refuse(asked, 400, fault);
    return str_is(text, "1");
}

static void take_request(const struct control *control, struct http_request *request,
                         struct asked *asked) {
    struct str source = http_query(request, "source", 0);
    if (!source.data)
        refuse(asked, 400, "Say for which source: ?source=NAME.");
    else if (!(asked->source = sources_find(control->sources, source)))
        refuse(asked, 404, "There is no source of that name.");
    take_template(asked, control->sources->templates, http_query(request, "template", 0),
                  http_query(request, "format", 0));
    asked->dry_run = take_flag(asked, request, "dryRun", "dryRun is 1 or 0.");
    asked->allow_missing = take_flag(asked, request, "allowMissing", "allowMissing is 1 or 0.");
    asked->first_page_only = take_flag(asked, request, "firstPageOnly", "firstPageOnly is 1 or 0.");
    if (!http_body(request).data)
        refuse(asked, 400, "There is nothing to import.");
}

static void put_refused(struct json_out *json, const struct delivery *delivery) {
    json_open_key(json, "results", '[');
    for (size_t i = 0; i < delivery->content.item_count; i++) {
        const struct page_item *item = &delivery->content.items[i];
        if (item->verdict != VERDICT_REFUSED)
            continue;
        const struct fault *faults = &delivery->content.faults[item->fault_first];
        json_open(json, '{');
        json_put_u64(json, "index", item->fault_count ? faults->index : i);
        json_put_text(json, "verdict", verdict_name(item->verdict));
        json_open_key(json, "errors", '[');
        for (uint32_t k = 0; k < item->fault_count; k++)
            problem_put_fault(json, delivery_mapping(delivery), &faults[k]);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

// Who sends a file in pieces looks for ids that stand in several: "index:id:content" of each item.
static void put_ids(struct json_out *json, const struct page *page) {
    char id[DIGEST_HEX + 1], text[DIGEST_HEX + 48];
    json_open_key(json, "ids", '[');
    for (size_t i = 0; i < page->item_count; i++) {
        const struct page_item *item = &page->items[i];
        if (!item->content)
            continue;
        digest_to_hex(&item->identity, id);
        (void)snprintf(text, sizeof text, "%u:%s:%016" PRIx64, item->index, id, item->content);
        json_string(json, str_from(text));
    }
    json_close(json, ']');
}

// By place of its items, from 0: "registered":[[0,3],[7,7]].
static void put_ranges(struct json_out *json, const struct page *page, enum verdict verdict) {
    json_open_key(json, verdict_name(verdict), '[');
    for (size_t i = 0, first; i < page->item_count; i++) {
        if (page->items[i].verdict != verdict)
            continue;
        for (first = i; i + 1 < page->item_count && page->items[i + 1].verdict == verdict &&
                        page->items[i + 1].index == page->items[i].index + 1;)
            i++;
        json_open(json, '[');
        json_u64(json, page->items[first].index);
        json_u64(json, page->items[i].index);
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void put_corrected(struct json_out *json, const struct delivery *delivery) {
    enum { TOLD_MAX = 100 };
    const struct page *page = &delivery->content;
    json_open_key(json, "corrections", '[');
    for (size_t i = 0; i < delivery->change_count && i < TOLD_MAX; i++) {
        const struct page_item *item = &page->items[delivery->changes[i].item];
        const struct signal *signal = &page->signals[item->signal];
        json_open(json, '{');
        json_put_u64(json, "index", item->index);
        json_put_string(json, "id", (struct str){signal->id, signal->id_len});
        preview_put_changes(json, delivery, delivery->changes[i].item);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_preview(struct json_out *json, const struct delivery *delivery) {
    const struct page *page = &delivery->content;
    uint64_t others;
    put_ids(json, page);
    preview_put_places(json, delivery);
    json_open_key(json, "places", '{');
    for (int v = 0; v < VERDICT_COUNT; v++)
        put_ranges(json, page, (enum verdict)v);
    json_close(json, '}');
    preview_put_changed(json, delivery);
    put_corrected(json, delivery);
    json_put_u64(json, "takesBack", delivery->takes_back);
    json_put_bool(json, "otherPages", page_has_others(page, &others));
    json_put_u64(json, "elsewhere", others);
    json_put_bool(json, "doubtful", page_is_doubtful(page));
}

static void fill_verdicts(struct http_reply *reply, const struct delivery *delivery) {
    uint64_t verdicts[VERDICT_COUNT] = {0}, undated = 0;
    struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
    for (size_t i = 0; i < delivery->content.item_count; i++) {
        const struct page_item *item = &delivery->content.items[i];
        verdicts[item->verdict]++;
        undated += item->undated && item->verdict == VERDICT_REGISTERED; // the others keep theirs
    }
    json_open(&json, '{');
    json_put_bool(&json, "dryRun", delivery->dry_run);
    json_put_u64(&json, "received", delivery->content.item_count);
    for (int v = 0; v < VERDICT_COUNT; v++)
        json_put_u64(&json, verdict_name((enum verdict)v), verdicts[v]);
    json_put_u64(&json, "excluded", delivery->content.excluded);
    const struct page_tally tally = page_add_up(&delivery->content);
    json_put_u64(&json, "titles", delivery->content.decoded.titles);
    json_put_u64(&json, "dropped", tally.dropped);
    json_put_u64(&json, "unmapped", tally.unmapped);
    json_put_u64(&json, "undated", undated);
    json_put_u64(&json, "longIds", delivery->content.decoded.long_ids);
    json_put_u64(&json, "roundedIds", delivery->content.decoded.rounded_ids);
    if (delivery->dry_run)
        put_preview(&json, delivery);
    put_refused(&json, delivery);
    json_close(&json, '}');
}

static void on_delivered(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    struct http_request **held = task->ctx, *request = *held; // NULL: nobody waits any more
    struct http_reply reply = {0};
    if (request) {
        if (task->err.kind != ERR_NONE)
            problem_fill(&reply, 503, NULL);
        else if (delivery->content.decoded.failed)
            problem_fill_whole(&reply, delivery_mapping(delivery), &delivery->content.decoded);
        else
            fill_verdicts(&reply, delivery);
        if (reply.status == 415)
            reply_header(&reply, "Accept-Post", "application/json, application/x-ndjson, text/csv");
        control_send(request, &reply);
    }
    free(held);
    delivery_free(delivery);
}

void control_import_about(const struct control *control, struct http_request *request,
                          struct buf *object) {
    struct asked asked = {0};
    take_request(control, request, &asked);
    if (asked.source)
        buf_printf(object, "source=%s%s", asked.source->name, asked.dry_run ? " dryRun" : "");
}

void control_import(struct control *control, struct http_request *request) {
    struct asked asked = {0};
    take_request(control, request, &asked);
    if (asked.status) {
        control_problem(request, asked.status, asked.fault);
        return;
    }
    size_t len;
    log_info("operator imports source=%s bytes=%zu dry_run=%s uid=%u", asked.source->name,
             http_body(request).len, asked.dry_run ? "yes" : "no", control_uid(request));
    char *body = http_take_body(request, &len);
    struct delivery *delivery =
        delivery_create(control->sources, asked.source, control->tables, asked.format, body, len);
    delivery->template = asked.template;
    delivery->imported = true;
    delivery->allow_missing = asked.allow_missing;
    delivery->one_of_several = asked.first_page_only;
    delivery->dry_run = delivery->preview = asked.dry_run;
    delivery->received_ms = loop_wall_ms();
    delivery->task.done = on_delivered;
    struct http_request **held = mem_zalloc(1, sizeof *held);
    delivery->task.ctx = held;
    control_hold(request, held);
    pipeline_deliver(control->options.pipeline, delivery);
}
