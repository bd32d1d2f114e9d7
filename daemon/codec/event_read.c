// SPDX-License-Identifier: EUPL-1.2
// Reads the values that event.c writes, for a ledger that is rebuilt from its topic. A member that
// is missing or that the daemon could not have written makes the whole value an error: a rebuilt
// ledger must not hold what was guessed. The tree of the JSON library lives as long as one call;
// texts are copied into event_said's own room.
#include "codec/event_read.h"

#include "codec/json_wipe.h"

#include <jansson.h>
#include <string.h>

enum { MONTH_FIRST = 2000 * 12 }; // of cells

// Absent when it is no string.
static struct str text(const json_t *value) {
    return (struct str){json_string_value(value), json_string_length(value)};
}

static struct str text_of(const json_t *object, const char *name) {
    return text(json_object_get(object, name));
}

// The names of members are ours, so they may be told.
static bool bad(struct err *err, const char *member) {
    return err_set(err, ERR_INPUT, "it is no event of ours: %s", member);
}

// --- words ---

enum word_list { GENDERS, AGE_GROUPS, CITIZENSHIPS, STATUSES };

static const char *word(enum word_list list, uint8_t value) {
    switch (list) {
    case GENDERS:
        return value < GENDER_COUNT ? gender_name((enum gender)value) : NULL;
    case AGE_GROUPS:
        return value < AGE_COUNT ? age_group_name((enum age_group)value) : NULL;
    case CITIZENSHIPS:
        return value < CITIZENSHIP_COUNT ? citizenship_name((enum citizenship)value) : NULL;
    case STATUSES:
        return value < STATUS_COUNT ? status_name((enum status)value) : NULL;
    }
    return NULL;
}

static bool read_word(const json_t *object, const char *name, enum word_list list, uint8_t *out) {
    struct str said = text_of(object, name);
    const char *known = NULL;
    for (*out = 0; (known = word(list, *out)) != NULL; ++*out)
        if (str_is(said, known))
            return true;
    return false;
}

static bool read_categories(const json_t *list, struct cell *cell) {
    if (!json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum category category;
        if (!category_from_name(text(json_array_get(list, i)), &category))
            return false;
        cell->categories |= (uint16_t)(1u << category);
    }
    return true;
}

// --- dates and codes ---

static bool read_day(const json_t *object, const char *name, int32_t *day) {
    const json_t *value = json_object_get(object, name);
    *day = TIME_DAY_NONE;
    return json_is_null(value) ||
           (json_is_string(value) && time_parse_date(text_of(object, name), day));
}

static bool read_code(const json_t *municipality, const char *name, uint16_t *code) {
    struct str said = text_of(municipality, name);
    uint64_t number = MUNICIPALITY_UNKNOWN;
    if (!str_is(said, "unknown") &&
        (said.len != 6 || memcmp(said.data, "GM", 2) != 0 ||
         !str_to_u64((struct str){said.data + 2, 4}, 9999, &number) || number == 0))
        return false;
    *code = (uint16_t)number;
    return true;
}

// "PV27": 0 for "unknown", and for what is no code of ours.
static uint8_t read_region(const json_t *object, const char *name) {
    struct str said = text_of(object, name);
    uint64_t number = 0;
    if (said.len == 4)
        (void)str_to_u64((struct str){said.data + 2, 2}, 99, &number);
    return (uint8_t)number;
}

// --- parts ---

// A text in the room of `out`. What does not fit is absent: then the parts give other bytes, and
// the value is kept as it is.
static struct str keep(struct event_said *out, size_t *used, struct str said) {
    if (!said.data || said.len > sizeof out->text - *used)
        return (struct str){NULL, 0};
    char *copy = out->text + *used;
    if (said.len)
        memcpy(copy, said.data, said.len);
    *used += said.len;
    return (struct str){copy, said.len};
}

static struct event_place read_place(const json_t *object, struct event_said *out, size_t *used) {
    return (struct event_place){
        .name = keep(out, used, text_of(json_object_get(object, "municipality"), "name")),
        .police_unit = keep(out, used, text_of(object, "policeUnit")),
        .province = read_region(object, "province"),
        .safety_region = read_region(object, "safetyRegion")};
}

static bool read_source(const json_t *object, struct ledger_entry *entry, struct err *err) {
    const json_t *source = json_object_get(object, "source");
    struct str name = text_of(source, "name");
    enum source_kind kind;
    if (name.len == 0 || name.len > LEDGER_SOURCE_MAX || !str_is_clean_utf8(name) ||
        !source_kind_from_name(text_of(source, "kind"), &kind))
        return bad(err, "source");
    entry->cell.source_kind = (uint8_t)kind;
    entry->source_len = (uint8_t)name.len;
    memcpy(entry->source, name.data, name.len);
    return true;
}

// A signal that was taken back before anybody had seen it has neither day nor categories.
static bool read_reported(const json_t *object, struct ledger_entry *entry, struct err *err) {
    if (!read_day(object, "reported", &entry->reported))
        return bad(err, "reported");
    bool said = entry->reported != TIME_DAY_NONE;
    if (said != (entry->cell.categories != 0))
        return bad(err, "categories without a day, or a day without categories");
    if (!said)
        return true;
    int month = time_month_of_day(entry->reported) - MONTH_FIRST;
    entry->cell.month = (uint16_t)month;
    return entry->cell.month == month || bad(err, "reported");
}

// What the counts are made of: of an event or of its `previous`.
static bool read_counted(const json_t *object, struct ledger_entry *entry, struct err *err) {
    const json_t *victim = json_object_get(object, "victim");
    struct cell *cell = &entry->cell;
    if (!read_code(json_object_get(object, "municipality"), "code", &cell->municipality) ||
        !read_code(json_object_get(object, "municipality"), "today", &entry->municipality_today))
        return bad(err, "municipality");
    if (!read_categories(json_object_get(object, "categories"), cell))
        return bad(err, "categories");
    if (!read_word(victim, "gender", GENDERS, &cell->gender) ||
        !read_word(victim, "ageGroup", AGE_GROUPS, &cell->age_group) ||
        !read_word(victim, "citizenship", CITIZENSHIPS, &cell->citizenship))
        return bad(err, "victim");
    if (!read_word(object, "status", STATUSES, &cell->status))
        return bad(err, "status");
    return read_reported(object, entry, err);
}

// By the same names as event_name.
static bool read_event(const json_t *object, struct event_said *out, struct err *err) {
    static const enum verdict verdicts[] = {VERDICT_REGISTERED, VERDICT_CORRECTED,
                                            VERDICT_WITHDRAWN};
    struct str name = text_of(object, "event");
    struct ledger_entry *entry = &out->entry;
    entry->erased = str_is(name, "erased");
    entry->verdict = VERDICT_WITHDRAWN;
    size_t i = 0;
    while (!entry->erased && i < 3 && !str_is(name, verdict_name(verdicts[i])))
        i++;
    if (i == 3 || entry->erased != out->stub)
        return bad(err, "event");
    if (!entry->erased)
        entry->verdict = verdicts[i];
    entry->counts = entry->verdict != VERDICT_WITHDRAWN;
    if (entry->counts && entry->reported == TIME_DAY_NONE)
        return bad(err, "reported");
    const json_t *counts = json_object_get(object, "counts");
    return (json_is_boolean(counts) && json_is_true(counts) == ledger_entry_counts(entry)) ||
           bad(err, "counts");
}

static bool read_version(const json_t *object, struct ledger_entry *entry, struct err *err) {
    json_int_t version = json_integer_value(json_object_get(object, "version"));
    if (!digest_from_hex(text_of(object, "signal"), &entry->identity))
        return bad(err, "signal");
    if (version < 1 || version > UINT32_MAX)
        return bad(err, "version");
    entry->version = (uint32_t)version;
    return true;
}

static bool read_linked(const json_t *list, struct event_said *out, struct err *err) {
    if (!json_is_array(list) || json_array_size(list) > EVENT_LINKED_MAX)
        return bad(err, "linked");
    size_t *count = &out->parts.linked_count;
    out->parts.linked = out->linked;
    for (; *count < json_array_size(list); ++*count)
        if (!digest_from_hex(text(json_array_get(list, *count)), &out->linked[*count]))
            return bad(err, "linked");
    return true;
}

static bool read_previous(const json_t *object, struct event_said *out, size_t *used,
                          struct err *err) {
    const json_t *json = json_object_get(object, "previous");
    struct event_previous *previous = &out->parts.previous;
    struct ledger_entry entry = {0};
    out->parts.has_previous = json != NULL;
    if (!json)
        return true;
    if (!read_source(json, &entry, err) || !read_counted(json, &entry, err))
        return false;
    *previous = (struct event_previous){
        .source = keep(out, used, (struct str){entry.source, entry.source_len}),
        .cell = entry.cell,
        .reported = entry.reported,
        .municipality_today = entry.municipality_today,
        .place = read_place(json, out, used)};
    return (entry.reported != TIME_DAY_NONE && cell_counts(&entry.cell)) || bad(err, "previous");
}

static bool read_whole(const json_t *object, struct event_said *out, size_t *used,
                       struct err *err) {
    struct ledger_entry *entry = &out->entry;
    if (!read_counted(object, entry, err))
        return false;
    out->parts.place = read_place(object, out, used);
    out->parts.as_reported =
        keep(out, used, text_of(json_object_get(object, "municipality"), "asReported"));
    if (!read_day(object, "occurred", &entry->occurred))
        return bad(err, "occurred");
    if (!time_parse_stamp(text_of(object, "received"), &entry->received_ms))
        return bad(err, "received");
    return read_linked(json_object_get(object, "linked"), out, err);
}

// A larger one cannot be ours.
static json_t *parse(struct str value, struct err *err) {
    json_t *object = NULL;
    if (value.len <= EVENT_VALUE_MAX)
        object = json_loadb(value.data ? value.data : "", value.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        (void)bad(err, "no JSON object");
        return NULL;
    }
    return object;
}

static bool read_signal(struct str value, struct event_said *out, struct err *err) {
    size_t used = 0; // of out->text
    out->entry = (struct ledger_entry){
        .kind = LEDGER_SIGNAL, .reported = TIME_DAY_NONE, .occurred = TIME_DAY_NONE};
    out->parts = (struct event_parts){0};
    json_t *object = parse(value, err);
    if (!object)
        return false;
    out->stub = !json_object_get(object, "municipality");
    bool ok = read_version(object, &out->entry, err) && read_source(object, &out->entry, err) &&
              (out->stub || read_whole(object, out, &used, err)) && read_event(object, out, err) &&
              read_previous(object, out, &used, err);
    json_decref(object);
    return ok;
}

bool event_read_signal(struct str value, struct event_said *out, struct err *err) {
    struct json_room room;
    json_room_begin(&room);
    bool ok = read_signal(value, out, err);
    json_room_end(&room);
    return ok;
}

// Its last three parts, behind whatever prefix was in force.
static struct str behind_prefix(struct str type) {
    size_t at = type.len;
    for (int dots = 0; at > 0; at--)
        if (type.data[at - 1] == '.' && ++dots == 3)
            break;
    return at ? (struct str){type.data + at, type.len - at} : (struct str){NULL, 0};
}

bool event_read_type(struct str type, struct ledger_entry *entry) {
    static const struct ledger_entry kinds[] = {
        {.kind = LEDGER_SIGNAL, .verdict = VERDICT_REGISTERED, .counts = true},
        {.kind = LEDGER_SIGNAL, .verdict = VERDICT_CORRECTED, .counts = true},
        {.kind = LEDGER_SIGNAL, .verdict = VERDICT_WITHDRAWN},
        {.kind = LEDGER_SIGNAL, .verdict = VERDICT_WITHDRAWN, .erased = true},
        {.kind = LEDGER_SOURCE_SILENT, .verdict = VERDICT_REGISTERED},
        {.kind = LEDGER_SOURCE_RESUMED, .verdict = VERDICT_REGISTERED},
        {.kind = LEDGER_TREND_DEPARTED, .verdict = VERDICT_REGISTERED},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_is(behind_prefix(type), event_type(&kinds[i]))) {
            entry->kind = kinds[i].kind;
            entry->verdict = kinds[i].verdict;
            entry->counts = kinds[i].counts;
            entry->erased = kinds[i].erased;
            return true;
        }
    return false;
}

bool event_read_source(struct str value, struct ledger_entry *entry, int64_t *last_signal_ms,
                       struct err *err) {
    memset(entry, 0, sizeof *entry);
    entry->reported = entry->occurred = TIME_DAY_NONE;
    *last_signal_ms = 0;
    json_t *object = parse(value, err);
    if (!object)
        return false;
    const json_t *municipality = json_object_get(object, "municipality");
    bool ok = read_source(object, entry, err);
    if (ok && (!read_code(municipality, "code", &entry->cell.municipality) ||
               !read_code(municipality, "today", &entry->municipality_today)))
        ok = bad(err, "municipality");
    if (ok && !json_is_null(json_object_get(object, "lastSignal")) &&
        !time_parse_stamp(text_of(object, "lastSignal"), last_signal_ms))
        ok = bad(err, "lastSignal");
    json_decref(object);
    return ok;
}

// --- trends ---

static bool read_label(const json_t *region, const char *name, char out[COUNTS_LABEL_MAX]) {
    struct str said = text_of(region, name);
    memset(out, 0, COUNTS_LABEL_MAX);
    if (said.len == 0 || said.len >= COUNTS_LABEL_MAX || !str_is_clean_utf8(said))
        return false;
    memcpy(out, said.data, said.len);
    return true;
}

// "2017-12", of a period that has one before it.
static bool read_month(struct str said, uint16_t *month) {
    char date[] = "0000-00-01";
    int32_t day;
    if (said.len != 7)
        return false;
    memcpy(date, said.data, said.len);
    int at = time_parse_date(STR(date), &day) ? time_month_of_day(day) - MONTH_FIRST : -1;
    *month = (uint16_t)at;
    return at >= 2 * DEPARTURES_MONTHS - 1 && at <= UINT16_MAX;
}

static bool read_departed(const json_t *object, struct event_departed *out, struct err *err) {
    const json_t *region = json_object_get(object, "region");
    json_int_t change = json_integer_value(json_object_get(object, "change"));
    if (!str_is(text_of(object, "event"), "departed"))
        return bad(err, "event");
    if (!read_label(region, "kind", out->kind) || !read_label(region, "code", out->region))
        return bad(err, "region");
    if (!category_from_name(text_of(object, "category"), &out->category))
        return bad(err, "category");
    if (!read_month(text_of(json_object_get(object, "now"), "to"), &out->closed))
        return bad(err, "now");
    out->more = change > 0;
    return change != 0 || bad(err, "change");
}

bool event_read_departed(struct str value, struct event_departed *out, struct err *err) {
    json_t *object = parse(value, err);
    bool ok = object && read_departed(object, out, err);
    json_decref(object);
    return ok;
}
