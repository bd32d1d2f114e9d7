// SPDX-License-Identifier: EUPL-1.2
// From the texts that a page has to the fields of a signal: absent values, words, constants, dates.
#include "mapping_private.h"

#include "base/mem.h"
#include "codec/dates.h"
#include "codec/places.h"
#include "core/signal/synonyms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct item, member)
static const struct {
    const char *name, *pointer;
    size_t offset; // of the struct str in struct item; 0 also for those that have none
} fields[MAPPING_FIELDS] = {
    [MAPPING_ID] = {"id", "/id", AT(id)},
    [MAPPING_REPORTED] = {"reported", "/reported", AT(reported)},
    [MAPPING_OCCURRED] = {"occurred", "/occurred", AT(occurred)},
    [MAPPING_MUNICIPALITY] = {"municipality", "/municipality", AT(municipality)},
    [MAPPING_CATEGORY] = {"category", "/categories", 0},
    [MAPPING_GENDER] = {"gender", "/victim/gender", AT(gender)},
    [MAPPING_AGE] = {"age", "/victim/age", AT(age)},
    [MAPPING_AGE_GROUP] = {"ageGroup", "/victim/ageGroup", AT(age_group)},
    [MAPPING_BIRTH_YEAR] = {"birthYear", "/victim/birthYear", AT(birth_year)},
    [MAPPING_CITIZENSHIP] = {"citizenship", "/victim/citizenship", AT(citizenship)},
    [MAPPING_PERSON_NAME] = {"personName", "/person/name", AT(person.name)},
    [MAPPING_BIRTH_DATE] = {"birthDate", "/person/birthDate", AT(person.birth_date)},
    [MAPPING_NATIONALITY] = {"nationality", "/person/nationality", AT(person.nationality)},
    [MAPPING_V_NUMBER] = {"vNumber", "/person/vNumber", AT(person.v_number)},
    [MAPPING_CONSENT] = {"consent", "/consent", AT(consent)},
    [MAPPING_STATUS] = {"status", "/status", AT(status)},
    [MAPPING_WITHDRAWN] = {"withdrawn", "/withdrawn", 0},
    [MAPPING_WATERMARK] = {"watermark", "/watermark", 0},
};

const char *mapping_field_name(enum mapping_field field) {
    return fields[field].name;
}

bool mapping_field_from_name(struct str name, enum mapping_field *out) {
    for (int field = 0; field < MAPPING_FIELDS; field++)
        if (str_is(name, fields[field].name)) {
            *out = (enum mapping_field)field;
            return true;
        }
    return false;
}

// "/categories/3" is of the field of "/categories".
bool mapping_field_from_pointer(const char *pointer, enum mapping_field *out) {
    if (strcmp(pointer, "/updated") == 0)
        pointer = fields[MAPPING_WATERMARK].pointer;
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        size_t len = strlen(fields[field].pointer);
        if (strncmp(pointer, fields[field].pointer, len) == 0 &&
            (pointer[len] == '\0' || pointer[len] == '/')) {
            *out = (enum mapping_field)field;
            return true;
        }
    }
    return false;
}

const char *mapper_pointer(enum mapping_field field) {
    return fields[field].pointer;
}

void mapper_fail(struct mapper *m, enum fault_code code, uint32_t line) {
    mapper_fail_at(m, code, "", line);
}

void mapper_fail_at(struct mapper *m, enum fault_code code, const char *place, uint32_t line) {
    struct decode_result *decoded = &m->result->decoded;
    decoded->failed = true;
    decoded->fault = code;
    decoded->place = place;
    decoded->line = line;
}

void mapper_note_missing(struct mapper *m, const char *place, uint32_t line) {
    char *missing = m->result->decoded.missing;
    size_t len = strlen(missing);
    mapper_fail(m, FAULT_MISSING_PLACE, line);
    (void)snprintf(missing + len, DECODE_MISSING_MAX - len, "%s%s", len ? ", " : "", place);
}

// One of these says how old somebody is.
static bool is_age(enum mapping_field field) {
    return field == MAPPING_AGE || field == MAPPING_AGE_GROUP || field == MAPPING_BIRTH_YEAR;
}

static bool is_said_otherwise(const struct mapper *m, enum mapping_field field) {
    if (field == MAPPING_MUNICIPALITY)
        return m->about.own_place;
    return is_age(field) &&
           (m->seen[MAPPING_AGE] || m->seen[MAPPING_AGE_GROUP] || m->seen[MAPPING_BIRTH_YEAR]);
}

// Without id, date, category or watermark a signal would be of today, of no kind, or never asked
// for again. A table has all its columns, so one that it lacks may be among those that nobody asks
// for, under another name. Items in JSON leave out what they do not know, and nearly
// always have members that nobody asks for: there it says nothing.
static bool must_be_seen(const struct mapper *m, enum mapping_field field) {
    bool always = field == MAPPING_ID || field == MAPPING_REPORTED || field == MAPPING_CATEGORY ||
                  field == MAPPING_WATERMARK;
    return m->mapping->rules[field].from && !m->mapping->may_be_missing[field] &&
           (always || (m->result->decoded.unknown_count && !is_said_otherwise(m, field)));
}

void mapper_check_places(struct mapper *m, uint32_t line) {
    for (int field = 0; field < MAPPING_FIELDS; field++)
        if (!m->seen[field] && must_be_seen(m, (enum mapping_field)field))
            mapper_note_missing(m, m->mapping->rules[field].from, line);
}

void mapping_relax(const struct mapping *mapping, struct mapping *relaxed) {
    *relaxed = *mapping;
    memset(relaxed->may_be_missing, true, sizeof relaxed->may_be_missing);
    relaxed->exclude_may_be_missing = true;
}

bool mapper_begin(struct mapper *m) {
    struct mapping_result *result = m->result;
    uint32_t index = result->decoded.items + result->excluded;
    if (index == m->limits->items_max) {
        mapper_fail(m, FAULT_TOO_MANY, result->decoded.line);
        return false;
    }
    m->item = (struct decode_item){.index = index, .line = result->decoded.line};
    m->trace = (struct mapping_trace){.index = index, .line = result->decoded.line};
    m->excluded = false;
    buf_clear(&m->raw_list);
    buf_clear(&m->value_list);
    return true;
}

void mapper_fault(struct mapper *m, enum fault_code code, const char *pointer) {
    decode_add_fault(&m->item, code, pointer);
}

static void set_term(struct mapping_term *term, const char *text) {
    term->exact = str_trim(str_from(text));
    term->folded_len = synonyms_fold(term->exact, term->folded);
}

// Place of the term that is `text`: the same bytes, else folded alike. The count when there is
// none.
static size_t find_term(struct mapping_terms terms, struct str text) {
    char folded[STR_FOLDED_MAX];
    for (size_t i = 0; i < terms.count; i++)
        if (str_equal(terms.list[i].exact, text))
            return i;
    size_t len = terms.count ? synonyms_fold(text, folded) : 0;
    for (size_t i = 0; len && i < terms.count; i++)
        if (terms.list[i].folded_len == len && memcmp(terms.list[i].folded, folded, len) == 0)
            return i;
    return terms.count;
}

bool mapper_has_meaning(const struct mapper *m, struct str raw) {
    struct str text = str_trim(raw);
    return text.len && find_term(m->absent, text) == m->absent.count;
}

void mapper_skip(struct mapper *m, size_t skip, struct str raw) {
    struct mapping_terms term = {m->skips.list + skip, 1};
    bool excluded = false;
    switch (m->mapping->skips[skip].is) {
    case MAPPING_IS_EQUAL:
        excluded = raw.data && find_term(term, str_trim(raw)) == 0;
        break;
    case MAPPING_IS_PRESENT:
        excluded = mapper_has_meaning(m, raw);
        break;
    case MAPPING_IS_ABSENT:
        excluded = !mapper_has_meaning(m, raw);
        break;
    }
    m->excluded = m->excluded || excluded;
}

// What a text means: absent when it means nothing.
static struct str translate(const struct mapper *m, enum mapping_field field, struct str raw) {
    const struct mapping_rule *rule = &m->mapping->rules[field];
    struct str text = str_trim(raw);
    if (!mapper_has_meaning(m, text))
        return (struct str){NULL, 0};
    size_t word = find_term(m->words[field], text);
    if (word < m->words[field].count)
        text = str_trim(str_from(rule->words[word].to));
    return text.len ? text : (struct str){NULL, 0};
}

static bool is_yes(struct str text) {
    static const char *const words[] = {"true", "yes", "ja", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_nocase(text, str_from(words[i])))
            return true;
    return false;
}

// Numbers, names and times only: a watermark goes into URLs and shows in answers to operators.
static bool is_watermark(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("._:+-", c)))
            return false;
    }
    return text.len > 0 && text.len <= DECODE_CURSOR_MAX;
}

static struct str put_date(struct mapper *m, enum mapping_field field, struct str text) {
    return dates_put(m->mapping->dates, m->mapping->utc, text, m->dates[field]);
}

// Marks are compared, so a date or time gets the one form that sorts. Absent when it is no
// watermark.
static struct str take_watermark(struct mapper *m, struct str text) {
    int32_t day;
    int64_t ms;
    char *cursor = m->result->decoded.cursor;
    struct str watermark = {m->watermark, text.len};
    if (dates_read(m->mapping->dates, m->mapping->utc, text, &day, &ms) != DATES_NONE) {
        time_format_stamp(ms, m->watermark);
        watermark.len = TIME_STAMP_MAX - 1;
        m->item.item.updated = put_date(m, MAPPING_WATERMARK, text);
    } else if (is_watermark(text)) {
        memcpy(m->watermark, text.data, text.len);
    } else {
        return (struct str){NULL, 0};
    }
    if (!cursor[0] || decode_cursor_compare(watermark, str_from(cursor)) > 0) {
        memcpy(cursor, watermark.data, watermark.len);
        cursor[watermark.len] = '\0';
    }
    return watermark;
}

static struct str take_date(struct mapper *m, enum mapping_field field, struct str text) {
    struct str date = put_date(m, field, text);
    return date.data ? date : text; // the normaliser tells what is wrong with it
}

// A birth date has forms of its own, which the normaliser reads. It would mistake these.
static bool mistakes_birth_dates(enum mapping_dates dates) {
    return dates != MAPPING_DATES_ISO && dates != MAPPING_DATES_DMY;
}

// Puts a text that is there into the item; returns it as it has become.
static struct str put_text(struct mapper *m, enum mapping_field field, struct str text) {
    switch (field) {
    case MAPPING_WITHDRAWN:
        m->item.item.withdrawn = is_yes(text);
        m->item.item.stands = !m->item.item.withdrawn;
        return m->item.item.withdrawn ? STR("true") : STR("false");
    case MAPPING_WATERMARK:
        return take_watermark(m, text);
    case MAPPING_REPORTED:
    case MAPPING_OCCURRED:
        text = take_date(m, field, text);
        break;
    case MAPPING_BIRTH_DATE:
        if (mistakes_birth_dates(m->mapping->dates))
            text = take_date(m, field, text);
        break;
    default:
        break;
    }
    memcpy((char *)&m->item.item + fields[field].offset, &text, sizeof text);
    return text;
}

static void put_in_list(const struct mapper *m, struct buf *list, struct str text) {
    if (!m->trace_fn)
        return;
    if (list->len)
        buf_putc(list, '|');
    buf_put_str(list, text);
}

static void put_category(struct mapper *m, struct str text) {
    struct item *item = &m->item.item;
    item->categories[item->category_count++] = text;
    put_in_list(m, &m->value_list, text);
}

// False when there are too many.
static bool take_word(struct mapper *m, struct str raw) {
    struct str text = translate(m, MAPPING_CATEGORY, raw);
    if (!text.data)
        return true;
    if (m->item.item.category_count == SIGNAL_CATEGORIES_MAX) {
        mapper_fault(m, FAULT_TOO_MANY, fields[MAPPING_CATEGORY].pointer);
        return false;
    }
    put_category(m, text);
    return true;
}

static bool take_words(struct mapper *m, struct str raw) {
    const char split = m->mapping->rules[MAPPING_CATEGORY].split;
    struct str word;
    if (!split)
        return take_word(m, raw);
    while (str_split(&raw, split, &word))
        if (!take_word(m, word))
            return false;
    return true;
}

static void take_categories(struct mapper *m, const struct str *raw, size_t count) {
    const char *constant = m->mapping->rules[MAPPING_CATEGORY].constant;
    bool fits = true;
    for (size_t i = 0; i < count && fits; i++) {
        put_in_list(m, &m->raw_list, raw[i]);
        fits = take_words(m, raw[i]);
    }
    if (m->item.item.category_count == 0 && constant)
        put_category(m, str_from(constant));
    if (m->raw_list.len)
        m->trace.raw[MAPPING_CATEGORY] = buf_str(&m->raw_list);
    if (m->value_list.len)
        m->trace.value[MAPPING_CATEGORY] = buf_str(&m->value_list);
}

void mapper_take(struct mapper *m, enum mapping_field field, const struct str *raw, size_t count) {
    struct str text = {NULL, 0};
    if (field == MAPPING_CATEGORY) {
        take_categories(m, raw, count);
        return;
    }
    if (count) {
        m->trace.raw[field] = raw[0];
        text = translate(m, field, raw[0]);
    }
    if (!text.data)
        text = str_from(m->mapping->rules[field].constant);
    if (text.data)
        m->trace.value[field] = put_text(m, field, text);
}

void mapper_note(struct mapper *m, enum mapping_field field, const char *what) {
    m->trace.raw[field] = str_from(what);
}

void mapper_end(struct mapper *m) {
    if (m->excluded)
        m->result->excluded++;
    else
        m->result->decoded.items++;
    m->item.excluded = m->trace.excluded = m->excluded;
    if (m->trace_fn)
        m->trace_fn(m->ctx, &m->trace);
    else
        m->item_fn(m->ctx, &m->item);
}

static void prepare_terms(struct mapper *m) {
    const struct mapping *mapping = m->mapping;
    size_t count = mapping->absent_count + mapping->skip_count;
    for (int field = 0; field < MAPPING_FIELDS; field++)
        count += mapping->rules[field].word_count;
    struct mapping_term *term = m->terms = mem_zalloc(count, sizeof *m->terms);
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        const struct mapping_rule *rule = &mapping->rules[field];
        m->words[field] = (struct mapping_terms){term, rule->word_count};
        for (size_t i = 0; i < rule->word_count; i++)
            set_term(term++, rule->words[i].from);
    }
    m->absent = (struct mapping_terms){term, mapping->absent_count};
    for (size_t i = 0; i < mapping->absent_count; i++)
        set_term(term++, mapping->absent[i]);
    m->skips = (struct mapping_terms){term, mapping->skip_count};
    for (size_t i = 0; i < mapping->skip_count; i++)
        set_term(term++, mapping->skips[i].equals ? mapping->skips[i].equals : "");
}

static void map_body(struct mapper *m, struct str body) {
    enum { TRACE_LIST_MAX = 4096 };
    *m->result = (struct mapping_result){.decoded = {.fault = FAULT_COUNT, .place = ""}};
    buf_init(&m->raw_list, TRACE_LIST_MAX);
    buf_init(&m->value_list, TRACE_LIST_MAX);
    prepare_terms(m);
    switch (m->mapping->format) {
    case MAPPING_JSON:
        mapping_read_json(m, body);
        break;
    case MAPPING_NDJSON:
        mapping_read_ndjson(m, body);
        break;
    case MAPPING_CSV:
        mapping_read_csv(m, body);
        break;
    }
    if (m->about.places)
        memcpy(m->about.places->seen, m->seen, sizeof m->seen);
    hash_wipe(m->dates, sizeof m->dates); // birth dates
    free(m->terms);
    buf_free(&m->raw_list);
    buf_free(&m->value_list);
}

void mapping_decode_about(const struct mapping *mapping, struct str body,
                          const struct decode_limits *limits, const struct mapping_about *about,
                          void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                          struct mapping_result *result) {
    struct mapper mapper = {.mapping = mapping,
                            .limits = limits,
                            .about = *about,
                            .item_fn = fn,
                            .ctx = ctx,
                            .result = result};
    map_body(&mapper, body);
}

void mapping_decode(const struct mapping *mapping, struct str body,
                    const struct decode_limits *limits,
                    void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                    struct mapping_result *result) {
    mapping_decode_about(mapping, body, limits, &(struct mapping_about){0}, fn, ctx, result);
}

void mapping_decode_traced(const struct mapping *mapping, struct str body,
                           const struct decode_limits *limits,
                           void (*fn)(void *ctx, const struct mapping_trace *trace), void *ctx,
                           struct mapping_result *result) {
    struct mapper mapper = {.mapping = mapping,
                            .limits = limits,
                            .about = {.single = true},
                            .trace_fn = fn,
                            .ctx = ctx,
                            .result = result};
    map_body(&mapper, body);
}

void mapping_free(struct mapping *mapping) {
    if (!mapping)
        return;
    free(mapping->items);
    free(mapping->items_or);
    free(mapping->count);
    free(mapping->next);
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        struct mapping_rule *rule = &mapping->rules[field];
        free(rule->from);
        for (size_t i = 0; i < MAPPING_PLACES_MAX - 1; i++)
            free(rule->others[i]);
        free(rule->constant);
        for (size_t i = 0; i < rule->word_count; i++) {
            free(rule->words[i].from);
            free(rule->words[i].to);
        }
    }
    for (size_t i = 0; i < mapping->absent_count; i++)
        free(mapping->absent[i]);
    for (size_t i = 0; i < mapping->skip_count; i++) {
        free(mapping->skips[i].from);
        free(mapping->skips[i].equals);
    }
}
