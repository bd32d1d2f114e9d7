// SPDX-License-Identifier: EUPL-1.2
// The table of keys: what each takes and where it goes. Sections without keys of their own follow
// it, with the function in fields.c that reads them.
#include "template_private.h"

#include "base/mem.h"
#include "template/headers.h"

#include <string.h>

enum { QUERY_MAX = 1024, PARAM_MAX = 64 };

static const char *const formats[] = {"json", "ndjson", "csv", NULL};
static const char *const encodings[] = {"utf-8", "latin-1", NULL};
static const char *const dates[] = {"iso", "dmy", "mdy", "excel", "epoch", "epoch-ms", NULL};
static const char *const pagings[] = {"none", "link", "url", "token", "number", NULL};
static const char *const auths[] = {"none",   "bearer", "token", "basic",
                                    "header", "oauth2", "zgw",   NULL};
static const char *const zones[] = {"amsterdam", "utc", NULL};
static const char *const precisions[] = {"milliseconds", "seconds", "days", NULL};
static const char *const bounds[] = {"inclusive", "exclusive", NULL};
static const char *const flags[] = {"no", "yes", NULL};
_Static_assert(sizeof dates / sizeof *dates == MAPPING_DATES_COUNT + 1, "each of them");
_Static_assert(sizeof(enum mapping_dates) == sizeof(unsigned), "set as such");

bool template_is_pointer(struct str text) {
    return text.len <= MAPPING_TEXT_MAX && mapping_is_pointer(text);
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

// With the mark in it, which is encoded with the rest.
static bool is_cursor_format(struct str text) {
    return text.len <= TEMPLATE_CURSOR_FORMAT_MAX && strstr(text.data, "{mark}");
}

// Of those that carry a secret.
static bool is_header(struct str text) {
    return str_equal_nocase(text, STR("Authorization")) || template_header_allowed(text);
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
#define CHOOSE(s, n, t, field, words)                                                              \
    { .section = s, .name = n, .type = t, .offset = AT(field), .choices = words }
#define NUMBER(s, n, t, field, least, most)                                                        \
    { .section = s, .name = n, .type = t, .offset = AT(field), .min = least, .max = most }
#define WORDS(s, n, field, is, words)                                                              \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_TEXT, .offset = AT(field), .check = is,          \
        .allowed = words                                                                           \
    }
#define OWN(s, n, field, fn, words)                                                                \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_OWN, .offset = AT(field), .set = fn,             \
        .allowed = words                                                                           \
    }
#define LIST(s, fn)                                                                                \
    { .section = s, .type = YAML_KEY_NODE, .read = fn }
#define POINTER "a JSON Pointer: \"\" for the whole, else /name/name"
#define PARAM "1..64 of [a-zA-Z0-9._~$%-]"

static bool set_separator(struct str text, void *field) {
    bool tab = str_is(text, "tab") || str_is(text, "\t");
    if (!tab && !str_is(text, "auto") && !str_is(text, ",") && !str_is(text, ";"))
        return false;
    *(char *)field = str_is(text, "auto") ? '\0' : tab ? '\t' : text.data[0];
    return true;
}

static bool set_date(struct str text, void *field) {
    int32_t day;
    if (!time_parse_date(text, &day) || day < SIGNAL_DAY_MIN)
        return false;
    *(int64_t *)field = (int64_t)day * 86400000;
    return true;
}

const struct yaml_key template_keys[TEMPLATE_ROWS] = {
    [TEMPLATE_FORMAT] = CHOOSE("page", "format", YAML_KEY_CHOICE, mapping.format, formats),
    [TEMPLATE_ITEMS] = WORDS("page", "items", mapping.items, template_is_pointer, POINTER),
    [TEMPLATE_ITEMS_OR] =
        WORDS("page", "items_or", mapping.items_or, is_next, "a JSON Pointer: /name/name"),
    [TEMPLATE_NEXT] = WORDS("page", "next", mapping.next, is_next, "a JSON Pointer: /name/name"),
    [TEMPLATE_COUNT] = WORDS("page", "count", mapping.count, template_is_pointer, POINTER),
    [TEMPLATE_SINGLE] = CHOOSE("page", "single", YAML_KEY_FLAG, mapping.single, flags),
    [TEMPLATE_SEPARATOR] =
        OWN("page", "separator", mapping.separator, set_separator, "auto, \",\", \";\", tab"),
    [TEMPLATE_ENCODING] = CHOOSE("page", "encoding", YAML_KEY_FLAG, mapping.latin1, encodings),
    [TEMPLATE_DATES] = CHOOSE("page", "dates", YAML_KEY_CHOICE, mapping.dates, dates),
    [TEMPLATE_ZONE] = CHOOSE("page", "zone", YAML_KEY_FLAG, mapping.utc, zones),
    [TEMPLATE_QUERY] = WORDS("request", "query", query, is_query,
                             "name=value&name=value, at most 1024 bytes as a URL has them"),
    [TEMPLATE_PAGING] = CHOOSE("request", "paging", YAML_KEY_CHOICE, paging, pagings),
    [TEMPLATE_NEXT_PATH] =
        CHOOSE("request", "next_path_only", YAML_KEY_FLAG, next_path_only, flags),
    [TEMPLATE_PAGE_PARAM] = WORDS("request", "page_param", page_param, is_param, PARAM),
    [TEMPLATE_FIRST_PAGE] = NUMBER("request", "first_page", YAML_KEY_COUNT, first_page, 0, 1000000),
    [TEMPLATE_PAGE_SIZE] = NUMBER("request", "page_size", YAML_KEY_COUNT, page_size, 1, 1000000),
    [TEMPLATE_PAGES_MAX] = NUMBER("request", "pages_max", YAML_KEY_COUNT, pages_max, 1, 1000000),
    [TEMPLATE_CURSOR_PARAM] = WORDS("request", "cursor_param", cursor_param, is_param, PARAM),
    [TEMPLATE_CURSOR_FORMAT] = WORDS("request", "cursor_format", cursor_format, is_cursor_format,
                                     "a text with {mark} in it, at most 256 bytes"),
    [TEMPLATE_TIMES] = CHOOSE("request", "times", YAML_KEY_CHOICE, times, precisions),
    [TEMPLATE_BOUNDS] = CHOOSE("request", "bounds", YAML_KEY_FLAG, exclusive, bounds),
    [TEMPLATE_OVERLAP] = NUMBER("request", "overlap", YAML_KEY_MS, overlap_ms, 0, DAYS(365)),
    [TEMPLATE_ORDERED] = CHOOSE("request", "ordered", YAML_KEY_FLAG, ordered, flags),
    [TEMPLATE_END_PARAM] = WORDS("windows", "end_param", window_end_param, is_param, PARAM),
    [TEMPLATE_MAX_WINDOW] =
        NUMBER("windows", "max_window", YAML_KEY_MS, window_ms, 60000, DAYS(3650)),
    [TEMPLATE_LOOKBACK] = NUMBER("windows", "lookback", YAML_KEY_MS, reread_ms, 0, DAYS(3650)),
    [TEMPLATE_BEGIN] = OWN("windows", "begin", begin_ms, set_date, "a date, 2000-01-01 or later"),
    [TEMPLATE_ITEMS_MAX] =
        NUMBER("windows", "items_max", YAML_KEY_COUNT, window_items_max, 1, 1000000),
    [TEMPLATE_AUTH_KIND] = CHOOSE("auth", "kind", YAML_KEY_CHOICE, auth, auths),
    [TEMPLATE_AUTH_IN_HEADER] =
        WORDS("auth", "header", auth_header, is_header, "a header's name, such as X-Api-Key"),
    [TEMPLATE_TOKEN_URL] = WORDS("auth", "token_url", token_url, is_url, "https://…"),
    [TEMPLATE_SCOPE] = WORDS("auth", "scope", scope, is_scope, "words with spaces between them"),
    [TEMPLATE_OPTIONAL] = CHOOSE("auth", "optional", YAML_KEY_FLAG, auth_optional, flags),
    [TEMPLATE_KEYS] = LIST("fields", template_fields_read),
    LIST("may_be_missing", template_missing_read),
    LIST("null_values", template_absent_read),
    LIST("exclude", template_skips_read),
    LIST("headers", template_headers_read),
};

bool template_text(struct yaml_keys_reading *yaml, const char *what, const struct yaml_node *node,
                   size_t max, char **out) {
    const char *wrong = yaml_text_wrong(node);
    if (!wrong && (node->text.len == 0 || !str_is_clean_utf8(node->text)))
        wrong = "a text is needed, without control characters";
    if (wrong)
        diagnostics_add(yaml->faults, yaml->file, node->line, "%s: %s", what, wrong);
    else if (node->text.len > max)
        diagnostics_add(yaml->faults, yaml->file, node->line, "%s: longer than %zu bytes", what,
                        max);
    else {
        *out = mem_strndup(node->text.data, node->text.len);
        return true;
    }
    return false;
}
