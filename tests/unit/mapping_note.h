// SPDX-License-Identifier: EUPL-1.2
// What came out of a page, as one line of text, for tests of mapping:
// "id field=value +category !pointer:fault …; " for each item, then how the whole ended.
#ifndef MAPPING_NOTE_H
#define MAPPING_NOTE_H

#include "codec/mapping.h"

#include "unit.h"

// Of rules for more places than a page of a test has. Never the id's.
#define MAY_BE_MISSING                                                                             \
    .exclude_may_be_missing = true,                                                                \
    .may_be_missing = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

struct noted {
    char text[8192];
    size_t len;
    uint32_t items;
};

static inline void note(struct noted *noted, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    noted->len +=
        (size_t)vsnprintf(noted->text + noted->len, sizeof noted->text - noted->len, fmt, args);
    va_end(args);
    assert_true(noted->len < sizeof noted->text);
}

static inline void note_text(struct noted *noted, const char *name, struct str text) {
    if (text.data)
        note(noted, " %s=%.*s", name, (int)text.len, text.data);
}

static inline void note_item(void *ctx, const struct decode_item *decoded) {
    struct noted *noted = ctx;
    const struct item *item = &decoded->item;
    if (decoded->excluded)
        return;
    noted->items++;
    note(noted, "%.*s", (int)item->id.len, item->id.data ? item->id.data : "");
    note_text(noted, "r", item->reported);
    note_text(noted, "o", item->occurred);
    note_text(noted, "m", item->municipality);
    for (size_t i = 0; i < item->category_count; i++)
        note(noted, " +%.*s", (int)item->categories[i].len, item->categories[i].data);
    note_text(noted, "g", item->gender);
    note_text(noted, "age", item->age);
    note_text(noted, "group", item->age_group);
    note_text(noted, "born", item->birth_year);
    note_text(noted, "c", item->citizenship);
    note_text(noted, "name", item->person.name);
    note_text(noted, "birth", item->person.birth_date);
    note_text(noted, "from", item->person.nationality);
    note_text(noted, "v", item->person.v_number);
    note_text(noted, "s", item->status);
    if (item->withdrawn)
        note(noted, " withdrawn");
    if (item->unknown_fields)
        note(noted, " ?%u", item->unknown_fields);
    for (size_t i = 0; i < decoded->fault_count; i++)
        note(noted, " !%s:%s", decoded->faults[i].pointer,
             fault_code_name(decoded->faults[i].code));
    note(noted, "; ");
}

static const struct decode_limits note_limits = {
    .item_bytes_max = 65536, .items_max = 100, .depth_max = 8};

static inline struct mapping_result note_page_limited(const struct mapping *mapping,
                                                      struct str body,
                                                      const struct decode_limits *limits,
                                                      struct noted *noted) {
    struct mapping_result result;
    memset(noted, 0, sizeof *noted);
    struct door door;
    if (!door_open(body, mapping->latin1 ? DOOR_LATIN1 : DOOR_UNSAID, &door)) {
        note(noted, "FORM %s", door.form->name);
        return (struct mapping_result){.decoded = {.failed = true, .fault = FAULT_FORM}};
    }
    mapping_decode(mapping, door.text, limits, note_item, noted, &result);
    door_close(&door);
    if (result.excluded)
        note(noted, "left out %u ", result.excluded);
    if (result.decoded.cursor[0])
        note(noted, "mark %s ", result.decoded.cursor);
    if (result.next[0])
        note(noted, "next %s ", result.next);
    if (result.decoded.failed)
        note(noted, "FAILED %s %u%s%s", fault_code_name(result.decoded.fault), result.decoded.line,
             *result.decoded.place ? " " : "", result.decoded.place);
    if (result.decoded.more)
        note(noted, " and %u more", result.decoded.more);
    if (result.decoded.missing[0])
        note(noted, " %s", result.decoded.missing);
    return result;
}

static inline struct mapping_result note_page(const struct mapping *mapping, struct str body,
                                              struct noted *noted) {
    return note_page_limited(mapping, body, &note_limits, noted);
}

struct page_sample {
    const char *body, *expected;
};

static inline void check_pages(const struct mapping *mapping, const struct page_sample *cases,
                               size_t count) {
    struct noted noted;
    for (size_t i = 0; i < count; i++) {
        (void)note_page(mapping, str_from(cases[i].body), &noted);
        if (strcmp(noted.text, cases[i].expected) != 0)
            fail_msg("%s\ngives     %s\nexpected %s", cases[i].body, noted.text, cases[i].expected);
    }
}

static inline struct mapping_result note_file(const struct mapping *mapping, const char *name,
                                              struct noted *noted) {
    char path[512];
    struct buf body;
    struct err err;
    (void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/payloads/%s", name);
    if (!str_read_file(path, 1 << 20, &body, &err))
        fail_msg("%s", err.text);
    struct mapping_result result = note_page(mapping, buf_str(&body), noted);
    buf_free(&body);
    return result;
}

#endif
