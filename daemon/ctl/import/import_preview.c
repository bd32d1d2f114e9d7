// SPDX-License-Identifier: EUPL-1.2
// What a file would do, put together from the daemon's answers to its pieces. The daemon tells the
// number of a column whose name it does not show; the name is in the file, which is here.
#include "base/csv/csv.h"
#include "codec/json_out.h"
#include "codec/places.h"
#include "import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_BYTES_MAX = 256 << 10 };

void import_preview_begin(struct import_preview *preview) {
    import_preview_free(preview);
    buf_init(&preview->lines, TOLD_BYTES_MAX);
    buf_init(&preview->json, TOLD_BYTES_MAX);
}

void import_preview_free(struct import_preview *preview) {
    buf_free(&preview->lines);
    buf_free(&preview->json);
    *preview = (struct import_preview){0};
}

static void copy(char *out, size_t size, const char *text) {
    (void)snprintf(out, size, "%s", text ? text : "");
}

// Every piece has the same columns; of members each may have others.
static void take_field(struct import_preview *preview, const struct json_view *view) {
    struct import_field *field = preview->fields;
    const char *name = json_view_text(view, "field");
    size_t i = 0;
    while (i < preview->field_count && strcmp(field[i].name, name ? name : "") != 0)
        i++;
    if (i == MAPPING_FIELDS)
        return;
    if (i == preview->field_count) {
        copy(field[i].name, sizeof field[i].name, name);
        copy(field[i].place, sizeof field[i].place, json_view_text(view, "place"));
        preview->field_count++;
    }
    field[i].found = field[i].found || json_view_flag(view, "found");
}

static void take_unknown(struct import_preview *preview, const struct json_view *view) {
    struct import_unknown now = {.column = (uint32_t)json_view_integer(view, "column"),
                                 .length = (uint32_t)json_view_integer(view, "length")};
    copy(now.name, sizeof now.name, json_view_text(view, "name"));
    for (size_t i = 0; i < preview->unknown_count; i++)
        if (memcmp(&preview->unknown[i], &now, sizeof now) == 0)
            return;
    if (preview->unknown_count < PLACES_UNKNOWN_MAX)
        preview->unknown[preview->unknown_count++] = now;
    else
        preview->unknown_more = true;
}

static void take_changed(struct import_preview *preview, const struct json_view *view) {
    const char *name = json_view_text(view, "field");
    size_t i = 0;
    while (i < preview->changed_count && strcmp(preview->changed[i].name, name ? name : "") != 0)
        i++;
    if (i == CHANGES_FIELDS)
        return;
    struct import_changed *changed = &preview->changed[i];
    if (i == preview->changed_count) {
        preview->changed_count++;
        copy(changed->name, sizeof changed->name, name);
    }
    changed->signals += (uint64_t)json_view_integer(view, "signals");
    changed->to_unknown += (uint64_t)json_view_integer(view, "toUnknown");
}

// Records that follow each other are one range, also over two pieces.
static void add_record(struct import *import, struct import_ranges *ranges, size_t index) {
    uint64_t number = import->json ? index : import->piece_numbers[index];
    struct import_range *latest = ranges->count ? &ranges->list[ranges->count - 1] : NULL;
    uint64_t place = import_place(import, index);
    if (latest && latest->end == number) {
        latest->end++;
        latest->last = place;
    } else if (ranges->count == IMPORT_RANGES_MAX) {
        ranges->more = true;
    } else {
        ranges->list[ranges->count++] = (struct import_range){place, place, number + 1};
    }
}

static void add_range(struct import *import, size_t verdict, int64_t first, int64_t last) {
    size_t count = import->piece_count;
    for (int64_t i = first; i >= 0 && i <= last && (size_t)i < count; i++)
        add_record(import, &import->summary.ranges[verdict], (size_t)i);
}

static void take_ranges(struct import *import, size_t verdict, const struct json_view *list) {
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *range = json_view_item(list, i);
        int64_t first = -1, last = -1;
        (void)json_view_number(json_view_item(range, 0), "", &first);
        (void)json_view_number(json_view_item(range, 1), "", &last);
        add_range(import, verdict, first, last);
    }
}

static void put_change(struct import_preview *preview, struct json_out *json,
                       const struct json_view *change, bool first) {
    const char *field = json_view_text(change, "field"), *from = json_view_text(change, "from"),
               *to = json_view_text(change, "to");
    buf_printf(&preview->lines, "%s%s: %s -> %s", first ? "" : ", ", field ? field : "?",
               from ? from : "?", to ? to : "?");
    json_open(json, '{');
    json_put_text(json, "field", field);
    json_put_text(json, "from", from);
    json_put_text(json, "to", to);
    json_close(json, '}');
}

static void take_correction(struct import *import, const struct json_view *view) {
    struct import_preview *preview = &import->summary;
    const struct json_view *changes = json_view_at(view, "changes");
    const char *id = json_view_text(view, "id");
    size_t index = (size_t)json_view_integer(view, "index");
    if (preview->correction_count == IMPORT_CORRECTIONS_MAX ||
        (!import->json && index >= import->piece_count))
        return;
    struct json_out json = {.buf = &preview->json, .comma = preview->correction_count++ > 0};
    uint64_t place = import_place(import, index);
    buf_printf(&preview->lines, "%s (%s %" PRIu64 "): ", id ? id : "?", import_place_name(import),
               place);
    json_open(&json, '{');
    json_put_text(&json, "id", id);
    json_put_u64(&json, import_place_name(import), place);
    json_open_key(&json, "changes", '[');
    for (size_t i = 0; i < json_view_size(changes); i++)
        put_change(preview, &json, json_view_item(changes, i), i == 0);
    buf_puts(&preview->lines, json_view_size(changes) ? "\n" : "nothing that is counted\n");
    json_close(&json, ']');
    json_close(&json, '}');
}

void import_preview_take(struct import *import, const struct json_view *answer) {
    struct import_preview *preview = &import->summary;
    const struct json_view *fields = json_view_at(answer, "preview.fields"),
                           *unknown = json_view_at(answer, "preview.unknown"),
                           *changed = json_view_at(answer, "changed"),
                           *corrections = json_view_at(answer, "corrections");
    for (size_t i = 0; i < json_view_size(fields); i++)
        take_field(preview, json_view_item(fields, i));
    for (size_t i = 0; i < json_view_size(unknown); i++)
        take_unknown(preview, json_view_item(unknown, i));
    for (size_t i = 0; i < json_view_size(changed); i++)
        take_changed(preview, json_view_item(changed, i));
    for (size_t i = 0; i < IMPORT_VERDICTS; i++)
        take_ranges(import, i, json_view_at(json_view_at(answer, "places"), import_verdicts[i]));
    for (size_t i = 0; i < json_view_size(corrections); i++)
        take_correction(import, json_view_item(corrections, i));
    preview->unknown_more = preview->unknown_more || json_view_flag(answer, "preview.unknownMore");
    preview->other_pages = json_view_flag(answer, "otherPages");
    preview->takes_back += (uint64_t)json_view_integer(answer, "takesBack");
    preview->doubtful = json_view_flag(answer, "doubtful");
    preview->elsewhere = (uint64_t)json_view_integer(answer, "elsewhere");
}

// The last record of the head is the header line.
static bool on_head(void *ctx, const struct csv_record *record) {
    struct import_preview *preview = ctx;
    for (size_t i = 0; i < preview->unknown_count; i++) {
        struct import_unknown *unknown = &preview->unknown[i];
        struct str name = {NULL, 0};
        if (unknown->column && unknown->column <= record->count)
            name = str_trim(record->cells[unknown->column - 1]);
        bool show = name.len < sizeof unknown->local && places_may_show(name, NULL, true);
        (void)snprintf(unknown->local, sizeof unknown->local, "%.*s", show ? (int)name.len : 0,
                       show ? name.data : "");
    }
    return true;
}

void import_preview_end(struct import *import) {
    const struct record_splitter *start = &import->start;
    const struct csv_options options = {.separator = start->separator,
                                        .record_bytes_max = RECORD_SPLITTER_RECORD_MAX};
    uint32_t line;
    memcpy(import->summary.verdicts, import->verdicts, sizeof import->verdicts);
    import->summary.undated = import->undated;
    if (import->csv && !csv_read(start->head, &options, on_head, &import->summary, &line))
        import->summary.unknown_more = true; // a quote that is not closed: none is shown
}

void import_tell_columns(struct import *import, const struct json_view *error) {
    struct import_preview *preview = &import->summary;
    const struct json_view *columns = json_view_at(error, "columns");
    import_preview_begin(preview);
    for (size_t i = 0; i < json_view_size(columns) && i < PLACES_UNKNOWN_MAX; i++) {
        preview->unknown[i].column = (uint32_t)json_view_integer(json_view_item(columns, i), "");
        preview->unknown_count++;
    }
    import_preview_end(import);
    for (size_t i = 0; i < preview->unknown_count; i++)
        if (preview->unknown[i].local[0])
            (void)ctl_fail("column %u is called \"%s\"", preview->unknown[i].column,
                           preview->unknown[i].local);
}
