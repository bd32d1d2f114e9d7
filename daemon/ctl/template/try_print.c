// SPDX-License-Identifier: EUPL-1.2
// What `signaalctl try` shows: each item with its fields as they are in the page and as they
// become, the totals, and where the next page is; as a table or as JSON. It reads a run that is
// complete and owns nothing.
#include "base/mem.h"
#include "codec/event.h"
#include "codec/explain.h"
#include "codec/json_out.h"
#include "ctl/term/table.h"
#include "try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_WIDTH = 16,
    REFUSED_SHOWN_MAX = 20,
    TEXT_BYTES_MAX = 1024,
    PLACE_MAX = 256,
    JSON_BYTES_MAX = 64 << 20
};

// The place of the next page, as the daemon would find it; NULL: none.
static const char *next_of(const struct try_run *run) {
    if (run->template->paging == TEMPLATE_PAGING_LINK)
        return run->link_next;
    return run->page.next;
}

// With numbered pages a full one is not the last.
static bool is_full(const struct try_run *run) {
    size_t count = run->page.decoded.items + run->page.excluded;
    return count > 0 && count >= run->template->page_size;
}

static const char *mark_of(const struct try_run *run) {
    const char *watermark = run->page.decoded.cursor;
    return watermark[0] ? watermark : NULL;
}

static void put_line(const struct term_out *term, enum term_out_style style, const char *label,
                     const char *text) {
    bool alone = text && !*text;
    term_out_put_spaces(term, 2);
    term_out_put_field(term, style, label, LABEL_WIDTH, alone ? FIT_LAST : FIT_LEFT);
    term_out_put(term, style == STYLE_STRONG ? STYLE_PLAIN : style, text);
    term_out_end_line(term);
}

// By its line, where each item has its own.
static void put_place(const struct try_run *run, uint32_t index, uint32_t line) {
    bool by_line = run->page.by_line;
    term_out_print(&run->ctl->term, STYLE_STRONG, "%s %u", by_line ? "line" : "item",
                   by_line ? line - run->book : index);
}

static void put_fields(const struct term_out *term, const struct try_item *item) {
    static const struct table_column columns[] = {{"  field", COLUMN_TEXT},
                                                  {"as it is there", COLUMN_TEXT},
                                                  {"what it becomes", COLUMN_TEXT}};
    struct term_table table;
    table_init(&table, term, columns, sizeof columns / sizeof *columns);
    for (int f = 0; f < MAPPING_FIELDS; f++) {
        char name[32];
        if (!item->raw[f] && !item->value[f])
            continue;
        (void)snprintf(name, sizeof name, "  %s", mapping_field_name((enum mapping_field)f));
        table_put_text(&table, name);
        table_put_text(&table, item->raw[f]);
        table_put_text(&table, item->value[f]);
    }
    table_print(&table);
    table_free(&table);
}

static void describe_place(const struct try_run *run, const struct signal *signal,
                           char text[PLACE_MAX]) {
    const struct municipalities *all = run->tables->municipalities;
    const struct municipality *then = municipalities_by_code(all, signal->cell.municipality);
    const struct municipality *now = municipalities_by_code(all, signal->municipality_today);
    if (!then) {
        (void)snprintf(text, PLACE_MAX, "unknown");
        return;
    }
    int len =
        snprintf(text, PLACE_MAX, "%s GM%04u, %s", then->name, then->code, then->province_name);
    if (now && now != then && len > 0 && len < PLACE_MAX)
        (void)snprintf(text + len, PLACE_MAX - (size_t)len, "; today %s GM%04u", now->name,
                       now->code);
}

static void put_categories(const struct term_out *term, const struct signal *signal) {
    char text[TEXT_BYTES_MAX] = "";
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        size_t len = strlen(text);
        if (signal->cell.categories >> c & 1)
            (void)snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "",
                           category_name((enum category)c));
    }
    put_line(term, STYLE_STRONG, "categories", text);
}

static void put_day(const struct term_out *term, const char *label, int32_t day) {
    char text[TIME_DATE_MAX];
    if (day != TIME_DAY_NONE)
        time_format_date(day, text);
    put_line(term, STYLE_STRONG, label, day == TIME_DAY_NONE ? NULL : text);
}

static void put_signal(const struct try_run *run, const struct signal *signal) {
    const struct term_out *term = &run->ctl->term;
    char place[PLACE_MAX];
    if (signal->withdrawn) {
        put_line(term, STYLE_GOOD, "=> good", "a withdrawal");
        return;
    }
    describe_place(run, signal, place);
    put_line(term, STYLE_GOOD, "=> good", "");
    put_day(term, "reported", signal->reported);
    put_day(term, "occurred", signal->occurred);
    put_line(term, STYLE_STRONG, "municipality", place);
    put_categories(term, signal);
    put_line(term, STYLE_STRONG, "gender", gender_name((enum gender)signal->cell.gender));
    put_line(term, STYLE_STRONG, "age group",
             age_group_name((enum age_group)signal->cell.age_group));
    put_line(term, STYLE_STRONG, "citizenship",
             citizenship_name((enum citizenship)signal->cell.citizenship));
    put_line(term, STYLE_STRONG, "person", signal->person.base_count ? "known" : NULL);
    put_line(term, STYLE_STRONG, "status", status_name((enum status)signal->cell.status));
}

static const struct mapping *mapping_of(const struct try_run *run) {
    return run->template->native ? NULL : &run->template->mapping;
}

static void put_faults(const struct try_run *run, const struct page_item *item) {
    for (uint32_t i = 0; i < item->fault_count; i++) {
        struct fault fault = run->page.faults[item->fault_first + i];
        char text[TEXT_BYTES_MAX], what[EXPLAIN_MAX];
        fault.other_line -= run->book && fault.other_line;
        explain_item(mapping_of(run), &fault, what);
        (void)snprintf(text, sizeof text, "%s %s: %s", fault.pointer, fault_code_name(fault.code),
                       what);
        put_line(&run->ctl->term, STYLE_BAD, "=> refused", text);
    }
}

// Refused items behind those that are shown: why, at least.
static void put_further_refused(const struct try_run *run, size_t from) {
    const struct page *page = &run->page;
    size_t shown = 0;
    for (size_t i = from; i < page->item_count && shown < REFUSED_SHOWN_MAX; i++) {
        const struct page_item *item = &page->items[i];
        if (item->signal != UINT32_MAX)
            continue;
        put_place(run, item->index, item->line);
        put_faults(run, item);
        shown++;
    }
    if (shown)
        term_out_end_line(&run->ctl->term);
}

static void put_items(const struct try_run *run) {
    const struct term_out *term = &run->ctl->term;
    const struct page *page = &run->page;
    size_t decoded = 0; // items that are left out are not in the page
    for (size_t i = 0; i < run->item_count; i++) {
        const struct try_item *item = &run->items[i];
        put_place(run, item->index, item->line);
        put_fields(term, item);
        if (item->excluded) {
            put_line(term, STYLE_DIM, "=> left out", "");
        } else if (decoded < page->item_count) {
            const struct page_item *made = &page->items[decoded++];
            if (made->signal == UINT32_MAX)
                put_faults(run, made);
            else
                put_signal(run, &page->signals[made->signal]);
        }
        term_out_end_line(term);
    }
    put_further_refused(run, decoded);
}

static void put_total(const struct term_out *term, const char *label, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_line(term, STYLE_STRONG, label, text);
}

// The fields that the page has a place for, or those that it has none for.
static void put_found(const struct try_run *run, const char *label, bool found) {
    const struct mapping *mapping = mapping_of(run);
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX - 1);
    for (int f = 0; f < MAPPING_FIELDS; f++)
        if ((mapping ? mapping->rules[f].from != NULL : f != MAPPING_WATERMARK) &&
            run->page.places->seen[f] == found)
            buf_printf(&text, "%s%s", text.len ? ", " : "",
                       mapping_field_name((enum mapping_field)f));
    buf_putc(&text, '\0');
    put_line(&run->ctl->term, STYLE_STRONG, label, text.len > 1 ? text.data : NULL);
    buf_free(&text);
}

static void put_unknown(const struct try_run *run) {
    const struct places *places = run->page.places;
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX - 1);
    for (size_t i = 0; i < places->unknown_count; i++) {
        const struct place *place = &places->unknown[i];
        struct str name = {place->name, place->len};
        bool show = places_may_show(name, run->tables->allowlist, true);
        buf_puts(&text, text.len ? ", " : "");
        if (place->column)
            buf_printf(&text, "column %u%s", place->column, show ? " " : "");
        else if (!show)
            buf_printf(&text, "a member (%u bytes)", place->len);
        if (show)
            buf_printf(&text, "\"%.*s\"", (int)name.len, name.data);
    }
    buf_puts(&text, places->more ? " and others" : "");
    buf_putc(&text, '\0');
    put_line(&run->ctl->term, STYLE_STRONG, "not understood", text.len > 1 ? text.data : NULL);
    buf_free(&text);
}

static void put_elsewhere(const struct try_run *run) {
    char text[64] = "more items";
    uint64_t others;
    if (page_is_doubtful(&run->page))
        put_line(&run->ctl->term, STYLE_WARN, "elsewhere",
                 "perhaps: so many items servers like to have on a page");
    if (!page_has_others(&run->page, &others))
        return;
    if (others)
        (void)snprintf(text, sizeof text, "%llu more items", (unsigned long long)others);
    put_line(&run->ctl->term, STYLE_WARN, "elsewhere", text);
}

static void put_totals(const struct try_run *run) {
    const struct term_out *term = &run->ctl->term;
    const struct page *page = &run->page;
    const struct page_tally tally = page_add_up(page);
    const char *next = next_of(run);
    term_out_print(term, STYLE_STRONG, "in all");
    put_total(term, "items", page->item_count + page->excluded);
    put_total(term, "good", tally.good);
    put_total(term, "refused", page->item_count - tally.good);
    put_total(term, "left out", page->excluded);
    put_total(term, "unused fields", tally.dropped);
    put_total(term, "unknown words", page->unmapped_count);
    put_total(term, "unknown places", tally.places_unmapped);
    put_total(term, "dated today", tally.undated);
    put_found(run, "understood", true);
    put_found(run, "not there", false);
    put_unknown(run);
    put_elsewhere(run);
    put_line(term, STYLE_STRONG, "next page",
             next                                                              ? next
             : run->template->paging == TEMPLATE_PAGING_NUMBER && is_full(run) ? "the next number"
                                                                               : NULL);
    put_line(term, STYLE_STRONG, "watermark", mark_of(run));
}

static void put_failed(const struct try_run *run) {
    const struct decode_result *decoded = &run->page.decoded;
    char what[EXPLAIN_MAX];
    explain_whole(mapping_of(run), decoded, what);
    (void)ctl_fail("the page as a whole is refused, at or before line %u: %s: %s",
                   decoded->line - (run->book && decoded->line), fault_code_name(decoded->fault),
                   what);
    if (decoded->fault == FAULT_MISSING_PLACE && run->page.places->unknown_count)
        put_unknown(run);
}

// Text of the payload need not be UTF-8; JSON has to be.
static void json_put_foreign(struct json_out *json, const char *key, const char *text) {
    char *copy = text ? mem_strdup(text) : NULL;
    if (copy && !str_is_clean_utf8(str_from(copy)))
        for (char *c = copy; *c; c++)
            if (*c < ' ' || *c > '~')
                *c = '?';
    json_put_text(json, key, copy);
    free(copy);
}

static void json_fields(struct json_out *json, const struct try_item *item) {
    json_open_key(json, "fields", '{');
    for (int f = 0; f < MAPPING_FIELDS; f++) {
        if (!item->raw[f] && !item->value[f])
            continue;
        json_open_key(json, mapping_field_name((enum mapping_field)f), '{');
        json_put_foreign(json, "raw", item->raw[f]);
        json_put_foreign(json, "value", item->value[f]);
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void json_day(struct json_out *json, const char *key, int32_t day) {
    char text[TIME_DATE_MAX];
    if (day != TIME_DAY_NONE)
        time_format_date(day, text);
    json_put_text(json, key, day == TIME_DAY_NONE ? NULL : text);
}

static void json_signal(struct json_out *json, const struct signal *signal) {
    char code[EVENT_CODE_MAX], today[EVENT_CODE_MAX];
    const struct cell *cell = &signal->cell;
    event_municipality_code(cell->municipality, code);
    event_municipality_code(signal->municipality_today, today);
    json_open(json, '{');
    json_put_bool(json, "withdrawn", signal->withdrawn);
    if (!signal->withdrawn) {
        json_day(json, "reported", signal->reported);
        json_day(json, "occurred", signal->occurred);
        json_put_text(json, "municipality", code);
        json_put_text(json, "municipalityToday", today);
        event_put_categories(json, cell);
        json_put_text(json, "gender", gender_name((enum gender)cell->gender));
        json_put_text(json, "ageGroup", age_group_name((enum age_group)cell->age_group));
        json_put_text(json, "citizenship", citizenship_name((enum citizenship)cell->citizenship));
        json_put_bool(json, "personKnown", signal->person.base_count > 0);
        json_put_text(json, "status", status_name((enum status)cell->status));
    }
    json_close(json, '}');
}

static void json_made(struct json_out *json, const struct try_run *run,
                      const struct page_item *made) {
    const struct page *page = &run->page;
    char what[EXPLAIN_MAX];
    json_key(json, "signal");
    if (made && made->signal != UINT32_MAX)
        json_signal(json, &page->signals[made->signal]);
    else
        json_null(json);
    json_open_key(json, "errors", '[');
    for (uint32_t i = 0; made && i < made->fault_count; i++) {
        struct fault fault = page->faults[made->fault_first + i];
        fault.other_line -= run->book && fault.other_line;
        explain_item(mapping_of(run), &fault, what);
        json_open(json, '{');
        json_put_text(json, "pointer", fault.pointer);
        json_put_text(json, "code", fault_code_name(fault.code));
        json_put_text(json, "detail", what);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_items(struct json_out *json, const struct try_run *run) {
    const struct page *page = &run->page;
    size_t decoded = 0, count = page->decoded.failed ? 0 : run->item_count;
    json_open_key(json, "items", '[');
    for (size_t i = 0; i < count; i++) {
        const struct try_item *item = &run->items[i];
        bool made = !item->excluded && decoded < page->item_count;
        json_open(json, '{');
        json_put_u64(json, "index", item->index);
        if (page->by_line)
            json_put_u64(json, "line", item->line - run->book);
        json_put_bool(json, "excluded", item->excluded);
        json_fields(json, item);
        json_made(json, run, made ? &page->items[decoded++] : NULL);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void print_json(const struct try_run *run) {
    const struct page *page = &run->page;
    struct buf out;
    buf_init(&out, JSON_BYTES_MAX);
    struct json_out json = {.buf = &out};
    const struct page_tally tally = page_add_up(page);
    bool failed = page->decoded.failed;
    uint64_t others;
    json_open(&json, '{');
    json_put_text(&json, "template", run->template->name);
    json_put_text(&json, "fault", failed ? fault_code_name(page->decoded.fault) : NULL);
    json_items(&json, run);
    json_put_u64(&json, "total", page->item_count + page->excluded);
    json_put_u64(&json, "good", tally.good);
    json_put_u64(&json, "refused", page->item_count - tally.good);
    json_put_u64(&json, "excluded", page->excluded);
    json_put_u64(&json, "unknownFields", tally.dropped);
    json_put_u64(&json, "unmapped", page->unmapped_count);
    json_put_u64(&json, "unknownMunicipalities", tally.places_unmapped);
    json_put_u64(&json, "undated", tally.undated);
    places_put(&json, page->places, mapping_of(run), run->tables->allowlist, true);
    json_put_bool(&json, "otherPages", page_has_others(page, &others));
    json_put_u64(&json, "elsewhere", others);
    json_put_foreign(&json, "next", next_of(run));
    json_put_text(&json, "watermark", mark_of(run));
    json_close(&json, '}');
    buf_putc(&out, '\n');
    fwrite(out.data, 1, out.len, run->ctl->term.out);
    buf_free(&out);
}

void try_print(const struct try_run *run) {
    bool failed = run->page.decoded.failed;
    if (run->ctl->json) {
        print_json(run);
    } else if (!failed) {
        put_items(run);
        put_totals(run);
    }
    if (failed)
        put_failed(run);
}
