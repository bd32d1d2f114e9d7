// SPDX-License-Identifier: EUPL-1.2
// One table of keys, as in config/keys.c; what it does not know is a fault.
#include "template_private.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_MAX = 1024, PARAM_MAX = 64, ENTRIES_MAX = 64 };

enum type {
    CHOICE, // an enum: place in `choices`
    FLAG,   // bool: place in `choices`
    SEPARATOR,
    COUNT, // uint32_t
    TIME,  // int64_t, ms
    DATE,  // int64_t, ms: the day's start in UTC
    TEXT,  // char *, what `check` takes
};

struct key_row {
    const char *section, *name;
    enum type type;
    size_t offset; // in struct template
    const char *const *choices;
    uint64_t min, max;
    bool (*check)(struct str text);
    const char *allowed; // what `check` takes, in words
};

static const char *const formats[] = {"json", "ndjson", "csv", NULL};
static const char *const encodings[] = {"utf-8", "latin-1", NULL};
static const char *const dates[] = {"iso", "dmy", "mdy", "excel", "epoch", "epoch-ms", NULL};
static const char *const pagings[] = {"none", "link", "url", "token", "number", NULL};
static const char *const auths[] = {"none", "bearer", "basic", "header", "oauth2", NULL};
static const char *const flags[] = {"no", "yes", NULL};
_Static_assert(sizeof dates / sizeof *dates == MAPPING_DATES_COUNT + 1, "each of them");
_Static_assert(sizeof(enum mapping_dates) == sizeof(unsigned), "set as such");

bool template_is_pointer(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '~' &&
            (i + 1 == text.len || (text.data[i + 1] != '0' && text.data[i + 1] != '1')))
            return false;
    return text.len == 0 || (text.data[0] == '/' && text.len <= MAPPING_TEXT_MAX);
}

static bool is_next(struct str text) {
    return text.len > 0 && template_is_pointer(text);
}

static bool is_param(struct str text) {
    return text_is_word(text, PARAM_MAX, "._~$%-");
}

static bool is_query(struct str text) {
    if (text.len == 0 || text.len > QUERY_MAX || strchr("?&", text.data[0]))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\"#<>\\^`{|}", text.data[i]))
            return false;
    return text.data[text.len - 1] != '&';
}

// Of those that carry a secret, and none that the request has already.
static bool is_header(struct str text) {
    static const char *const taken[] = {
        "host",   "content-length", "transfer-encoding", "connection", "if-none-match",
        "cookie", "content-type",   "if-modified-since", "accept",     "accept-encoding"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (str_equal_nocase(text, str_from(taken[i])))
            return false;
    return text_is_word(text, 64, "-_");
}

static bool is_url(struct str text) {
    return url_fault(text) == NULL;
}

static bool is_scope(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~' || strchr("\"\\", text.data[i]))
            return false;
    return text.len >= 1 && text.len <= MAPPING_TEXT_MAX;
}

#define AT(field) offsetof(struct template, field)
#define DAYS(n) ((n)*86400000ULL)
#define CHOOSE(section, name, type, field, choices)                                                \
    { section, name, type, AT(field), choices, 0, 0, NULL, NULL }
#define NUMBER(section, name, type, field, min, max)                                               \
    { section, name, type, AT(field), NULL, min, max, NULL, NULL }
#define WORDS(section, name, field, check, allowed)                                                \
    { section, name, TEXT, AT(field), NULL, 0, 0, check, allowed }
#define POINTER "a JSON Pointer: \"\" for the whole, else /name/name"
#define PARAM "1..64 of [a-zA-Z0-9._~$%-]"

static const struct key_row keys[TEMPLATE_KEYS] = {
    [TEMPLATE_FORMAT] = CHOOSE("page", "format", CHOICE, mapping.format, formats),
    [TEMPLATE_ITEMS] = WORDS("page", "items", mapping.items, template_is_pointer, POINTER),
    [TEMPLATE_NEXT] = WORDS("page", "next", mapping.next, is_next, "a JSON Pointer: /name/name"),
    [TEMPLATE_SEPARATOR] = {"page", "separator", SEPARATOR, AT(mapping.separator), NULL, 0, 0, NULL,
                            "auto, \",\", \";\", tab"},
    [TEMPLATE_ENCODING] = CHOOSE("page", "encoding", FLAG, mapping.latin1, encodings),
    [TEMPLATE_DATES] = CHOOSE("page", "dates", CHOICE, mapping.dates, dates),
    [TEMPLATE_QUERY] = WORDS("request", "query", query, is_query,
                             "name=value&name=value, at most 1024 bytes as a URL has them"),
    [TEMPLATE_PAGING] = CHOOSE("request", "paging", CHOICE, paging, pagings),
    [TEMPLATE_PAGE_PARAM] = WORDS("request", "page_param", page_param, is_param, PARAM),
    [TEMPLATE_FIRST_PAGE] = NUMBER("request", "first_page", COUNT, first_page, 0, 1000000),
    [TEMPLATE_PAGE_SIZE] = NUMBER("request", "page_size", COUNT, page_size, 1, 1000000),
    [TEMPLATE_PAGES_MAX] = NUMBER("request", "pages_max", COUNT, pages_max, 1, 1000000),
    [TEMPLATE_CURSOR_PARAM] = WORDS("request", "cursor_param", cursor_param, is_param, PARAM),
    [TEMPLATE_OVERLAP] = NUMBER("request", "overlap", TIME, overlap_ms, 0, DAYS(365)),
    [TEMPLATE_ORDERED] = CHOOSE("request", "ordered", FLAG, ordered, flags),
    [TEMPLATE_END_PARAM] = WORDS("windows", "end_param", window_end_param, is_param, PARAM),
    [TEMPLATE_MAX_WINDOW] = NUMBER("windows", "max_window", TIME, window_ms, 60000, DAYS(3650)),
    [TEMPLATE_LOOKBACK] = NUMBER("windows", "lookback", TIME, reread_ms, 0, DAYS(3650)),
    [TEMPLATE_BEGIN] = {"windows", "begin", DATE, AT(begin_ms), NULL, 0, 0, NULL,
                        "a date, 2000-01-01 or later"},
    [TEMPLATE_ITEMS_MAX] = NUMBER("windows", "items_max", COUNT, window_items_max, 1, 1000000),
    [TEMPLATE_AUTH_KIND] = CHOOSE("auth", "kind", CHOICE, auth, auths),
    [TEMPLATE_AUTH_IN_HEADER] =
        WORDS("auth", "header", auth_header, is_header, "a header's name, such as X-Api-Key"),
    [TEMPLATE_TOKEN_URL] = WORDS("auth", "token_url", token_url, is_url, "https://…"),
    [TEMPLATE_SCOPE] = WORDS("auth", "scope", scope, is_scope, "words with spaces between them"),
    [TEMPLATE_OPTIONAL] = CHOOSE("auth", "optional", FLAG, auth_optional, flags),
};

static const char *const lists[] = {"fields", "null_values", "exclude"}; // in fields.c
enum { LISTS = sizeof lists / sizeof *lists };

void template_key_fault(struct template_reading *reading, enum template_key key, const char *fmt,
                        ...) {
    char text[DIAGNOSTIC_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    diagnostics_add(reading->faults, reading->file, reading->keys[key].line, "%s.%s: %s",
                    keys[key].section, keys[key].name, text);
    reading->keys[key].bad = true;
}

static const char *text_wrong(const struct yaml_node *node) {
    return node->kind != YAML_TEXT ? "one value is needed, not a list or a mapping"
           : node->tagged          ? "no tags (!) here"
           : node->null            ? "a value is needed (a word like null goes in quotes)"
                                   : NULL;
}

bool template_text(struct template_reading *reading, const char *what, const struct yaml_node *node,
                   size_t max, char **out) {
    const char *wrong = text_wrong(node);
    if (!wrong && (node->text.len == 0 || !str_is_clean_utf8(node->text)))
        wrong = "a text is needed, without control characters";
    if (wrong)
        diagnostics_add(reading->faults, reading->file, node->line, "%s: %s", what, wrong);
    else if (node->text.len > max)
        diagnostics_add(reading->faults, reading->file, node->line, "%s: longer than %zu bytes",
                        what, max);
    else {
        *out = mem_strndup(node->text.data, node->text.len);
        return true;
    }
    return false;
}

static bool set_choice(const struct key_row *key, struct str text, void *field) {
    unsigned i = 0;
    while (key->choices[i] && !str_is(text, key->choices[i]))
        i++;
    if (!key->choices[i])
        return false;
    if (key->type == FLAG)
        *(bool *)field = i != 0;
    else
        memcpy(field, &i, sizeof i);
    return true;
}

static bool set_separator(struct str text, char *field) {
    bool tab = str_is(text, "tab") || str_is(text, "\t");
    if (!tab && !str_is(text, "auto") && !str_is(text, ",") && !str_is(text, ";"))
        return false;
    *field = str_is(text, "auto") ? '\0' : tab ? '\t' : text.data[0];
    return true;
}

static bool set_number(const struct key_row *key, struct str text, void *field) {
    uint64_t value;
    enum quantity_kind kind = key->type == TIME ? QUANTITY_DURATION : QUANTITY_PLAIN;
    if (!parse_quantity(text, kind, key->min, key->max, &value))
        return false;
    if (key->type == TIME)
        *(int64_t *)field = (int64_t)value;
    else
        *(uint32_t *)field = (uint32_t)value;
    return true;
}

static bool set_date(struct str text, int64_t *field) {
    int32_t day;
    if (!time_parse_date(text, &day) || day < SIGNAL_DAY_MIN)
        return false;
    *field = (int64_t)day * 86400000;
    return true;
}

static bool set_text(const struct key_row *key, struct str text, char **field) {
    if (text.len > CONFIG_TEXT_MAX || !str_is_clean_utf8(text) || !key->check(text))
        return false;
    free(*field);
    *field = mem_strndup(text.data, text.len);
    return true;
}

static bool set(const struct key_row *key, struct str text, struct template *template) {
    void *field = (char *)template + key->offset;
    switch (key->type) {
    case CHOICE:
    case FLAG:
        return set_choice(key, text, field);
    case SEPARATOR:
        return set_separator(text, field);
    case DATE:
        return set_date(text, field);
    case TEXT:
        return set_text(key, text, field);
    default:
        return set_number(key, text, field);
    }
}

static void put_allowed(const struct key_row *key, struct buf *out) {
    enum quantity_kind kind = key->type == TIME ? QUANTITY_DURATION : QUANTITY_PLAIN;
    if (key->allowed) {
        buf_puts(out, key->allowed);
        return;
    }
    for (size_t i = 0; key->choices && key->choices[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : "", key->choices[i]);
    if (key->choices)
        return;
    put_quantity(out, kind, key->min);
    buf_puts(out, "..");
    put_quantity(out, kind, key->max);
    if (key->type == TIME)
        buf_puts(out, ", with ms, s, m, h or d");
}

// What is written about authentication is not shown: a secret may stand in the wrong place.
static void refuse(struct template_reading *reading, enum template_key key, struct str text) {
    char shown[DIAGNOSTIC_QUOTE_MAX] = "";
    bool show = strcmp(keys[key].section, "auth") != 0;
    struct buf allowed;
    buf_init(&allowed, 160);
    put_allowed(&keys[key], &allowed);
    template_key_fault(reading, key, "%s%snot allowed (allowed: %.*s)",
                       show ? diagnostics_quote(text, shown) : "", show ? " is " : "",
                       (int)allowed.len, allowed.data);
    buf_free(&allowed);
}

// A map under way.
struct level {
    struct template_reading *reading;
    const char *section; // NULL at the top
};

static void unknown(const struct level *level, const struct yaml_node *key) {
    const char *near = NULL, *section = level->section;
    char shown[DIAGNOSTIC_QUOTE_MAX];
    size_t distance = SIZE_MAX;
    for (size_t i = 0; i < TEMPLATE_KEYS; i++)
        if ((!section || strcmp(keys[i].section, section) == 0) &&
            closest_name(key->text, section ? keys[i].name : keys[i].section, &distance))
            near = section ? keys[i].name : keys[i].section;
    for (size_t i = 0; !section && i < LISTS; i++)
        if (closest_name(key->text, lists[i], &distance))
            near = lists[i];
    diagnostics_add(level->reading->faults, level->reading->file, key->line,
                    "%s%sunknown %s %s%s%s%s", section ? section : "", section ? ": " : "",
                    section ? "key" : "section", diagnostics_quote(key->text, shown),
                    near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static void key_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct level *level = ctx;
    struct template_reading *reading = level->reading;
    size_t i = 0;
    while (i < TEMPLATE_KEYS &&
           (strcmp(keys[i].section, level->section) != 0 || !str_is(key->text, keys[i].name)))
        i++;
    if (i == TEMPLATE_KEYS) {
        unknown(level, key);
        return;
    }
    const char *wrong = text_wrong(value);
    reading->keys[i].line = key->line;
    if (wrong)
        template_key_fault(reading, (enum template_key)i, "%s", wrong);
    else if (!set(&keys[i], value->text, reading->template))
        refuse(reading, (enum template_key)i, value->text);
}

static bool read_list(struct template_reading *reading, struct str name,
                      const struct yaml_node *value) {
    static void (*const read[LISTS])(struct template_reading *, const struct yaml_node *) = {
        template_fields_read, template_absent_read, template_skips_read};
    for (size_t i = 0; i < LISTS; i++)
        if (str_is(name, lists[i])) {
            read[i](reading, value);
            return true;
        }
    return false;
}

static void section_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct level *level = ctx;
    struct template_reading *reading = level->reading;
    size_t i = 0;
    if (read_list(reading, key->text, value))
        return;
    while (i < TEMPLATE_KEYS && !str_is(key->text, keys[i].section))
        i++;
    if (i == TEMPLATE_KEYS) {
        unknown(level, key);
        return;
    }
    struct level below = {reading, keys[i].section};
    if (str_is(key->text, "windows"))
        reading->windows_line = key->line;
    if (str_is(key->text, "auth"))
        reading->auth_line = key->line;
    if (value->kind == YAML_MAP)
        diagnostics_each_entry(reading->faults, reading->file, below.section, value, ENTRIES_MAX,
                               key_entry, &below);
    else
        diagnostics_add(reading->faults, reading->file, value->line,
                        "%s: a section with keys is needed", keys[i].section);
}

void template_keys_read(struct template_reading *reading, const struct yaml_node *root) {
    struct level level = {reading, NULL};
    diagnostics_each_entry(reading->faults, reading->file, NULL, root, ENTRIES_MAX, section_entry,
                           &level);
}
