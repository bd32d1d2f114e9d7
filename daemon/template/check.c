// SPDX-License-Identifier: EUPL-1.2
// Values that do not go together. Two tables say which key goes with what; a value that has a fault
// already starts no further complaint.
#include "template_private.h"

static bool is_json(const struct template_reading *reading) {
    return reading->template->mapping.format == MAPPING_JSON;
}

static bool is_csv(const struct template_reading *reading) {
    return reading->template->mapping.format == MAPPING_CSV;
}

static bool is_linked(const struct template_reading *reading) {
    enum template_paging paging = reading->template->paging;
    return paging == TEMPLATE_PAGING_URL || paging == TEMPLATE_PAGING_TOKEN;
}

static bool is_numbered(const struct template_reading *reading) {
    return reading->template->paging == TEMPLATE_PAGING_NUMBER;
}

static bool has_page_param(const struct template_reading *reading) {
    return reading->template->paging == TEMPLATE_PAGING_TOKEN || is_numbered(reading);
}

static bool has_watermark(const struct template_reading *reading) {
    return reading->fields[MAPPING_WATERMARK].line != 0;
}

static bool has_windows(const struct template_reading *reading) {
    return reading->yaml.keys[TEMPLATE_END_PARAM].section_line != 0;
}

static bool has_next_address(const struct template_reading *reading) {
    enum template_paging paging = reading->template->paging;
    return paging == TEMPLATE_PAGING_URL || paging == TEMPLATE_PAGING_LINK;
}

static bool has_cursor(const struct template_reading *reading) {
    return has_watermark(reading) || has_windows(reading);
}

static bool has_auth(const struct template_reading *reading) {
    return reading->yaml.keys[TEMPLATE_AUTH_KIND].section_line != 0;
}

static bool has_secret(const struct template_reading *reading) {
    return reading->template->auth != TEMPLATE_AUTH_NONE;
}

static bool is_header(const struct template_reading *reading) {
    return reading->template->auth == TEMPLATE_AUTH_HEADER;
}

static bool is_oauth2(const struct template_reading *reading) {
    return reading->template->auth == TEMPLATE_AUTH_OAUTH2;
}

// `key` may be there only when `when` holds; when `needed` it then has to be.
static const struct rule {
    enum template_key key;
    bool needed;
    bool (*when)(const struct template_reading *reading);
    enum template_key by; // what `when` looks at; TEMPLATE_KEYS: no key
    const char *text;
} rules[] = {
    {TEMPLATE_ITEMS, false, is_json, TEMPLATE_FORMAT, "page.format json"},
    {TEMPLATE_ITEMS_OR, false, is_json, TEMPLATE_FORMAT, "page.format json"},
    {TEMPLATE_COUNT, false, is_json, TEMPLATE_FORMAT, "page.format json"},
    {TEMPLATE_NEXT, false, is_json, TEMPLATE_FORMAT, "page.format json"},
    {TEMPLATE_NEXT, true, is_linked, TEMPLATE_PAGING, "request.paging url or token"},
    {TEMPLATE_SINGLE, false, is_json, TEMPLATE_FORMAT, "page.format json"},
    {TEMPLATE_SEPARATOR, false, is_csv, TEMPLATE_FORMAT, "page.format csv"},
    {TEMPLATE_NEXT_PATH, false, has_next_address, TEMPLATE_PAGING, "request.paging link or url"},
    {TEMPLATE_PAGE_PARAM, true, has_page_param, TEMPLATE_PAGING, "request.paging token or number"},
    {TEMPLATE_FIRST_PAGE, false, is_numbered, TEMPLATE_PAGING, "request.paging number"},
    {TEMPLATE_PAGE_SIZE, true, is_numbered, TEMPLATE_PAGING, "request.paging number"},
    {TEMPLATE_CURSOR_PARAM, true, has_cursor, TEMPLATE_KEYS, "fields.watermark or windows"},
    {TEMPLATE_CURSOR_FORMAT, false, has_cursor, TEMPLATE_KEYS, "fields.watermark or windows"},
    {TEMPLATE_BOUNDS, false, has_cursor, TEMPLATE_KEYS, "fields.watermark or windows"},
    {TEMPLATE_TIMES, false, has_cursor, TEMPLATE_KEYS, "fields.watermark or windows"},
    {TEMPLATE_OVERLAP, false, has_watermark, TEMPLATE_KEYS, "fields.watermark"},
    {TEMPLATE_ORDERED, false, has_watermark, TEMPLATE_KEYS, "fields.watermark"},
    {TEMPLATE_END_PARAM, true, has_windows, TEMPLATE_KEYS, "windows"},
    {TEMPLATE_MAX_WINDOW, true, has_windows, TEMPLATE_KEYS, "windows"},
    {TEMPLATE_AUTH_KIND, true, has_auth, TEMPLATE_KEYS, "auth"},
    {TEMPLATE_AUTH_IN_HEADER, true, is_header, TEMPLATE_AUTH_KIND, "auth.kind header"},
    {TEMPLATE_TOKEN_URL, true, is_oauth2, TEMPLATE_AUTH_KIND, "auth.kind oauth2"},
    {TEMPLATE_SCOPE, false, is_oauth2, TEMPLATE_AUTH_KIND, "auth.kind oauth2"},
    {TEMPLATE_OPTIONAL, false, has_secret, TEMPLATE_AUTH_KIND, "an auth.kind other than none"},
};

static void check_keys(struct template_reading *reading) {
    if (reading->yaml.keys[TEMPLATE_FORMAT].line == 0)
        yaml_key_fault(&reading->yaml, TEMPLATE_FORMAT, "is missing (allowed: json, ndjson, csv)");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        bool there = reading->yaml.keys[rule->key].line != 0, holds = rule->when(reading);
        if (reading->yaml.keys[rule->key].bad ||
            (rule->by != TEMPLATE_KEYS && reading->yaml.keys[rule->by].bad))
            continue;
        if (there && !holds)
            yaml_key_fault(&reading->yaml, rule->key, "only with %s", rule->text);
        else if (!there && holds && rule->needed)
            yaml_key_fault(&reading->yaml, rule->key, "is missing: goes with %s", rule->text);
    }
}

static bool is_of_one_person(enum mapping_field field) {
    return field == MAPPING_PERSON_NAME || field == MAPPING_BIRTH_DATE || field == MAPPING_V_NUMBER;
}

static const char *rule_wrong(const struct template_reading *reading, enum mapping_field field) {
    const struct mapping *mapping = &reading->template->mapping;
    const struct mapping_rule *rule = &mapping->rules[field];
    if (!rule->from && !rule->constant)
        return "from or constant is needed";
    if (!rule->from && rule->word_count)
        return "value_map needs a from";
    if (field == MAPPING_ID && rule->constant)
        return "no constant: each signal has an id of its own";
    if (rule->constant && is_of_one_person(field))
        return "no constant: all signals would be about one person";
    if (field == MAPPING_WATERMARK && (rule->constant || rule->word_count))
        return "only from: it follows what the other side has";
    if (rule->split && !rule->from)
        return "split needs a from";
    for (size_t i = 0; i < MAPPING_PLACES_MAX && mapping_place(rule, i); i++)
        if (mapping->format != MAPPING_CSV && !reading->yaml.keys[TEMPLATE_FORMAT].bad &&
            !template_is_pointer(str_from(mapping_place(rule, i))))
            return "from is a JSON Pointer: /name/name";
    return NULL;
}

static void check_fields(struct template_reading *reading) {
    const struct mapping *mapping = &reading->template->mapping;
    if (reading->fields[MAPPING_ID].line == 0)
        diagnostics_add(reading->yaml.faults, reading->yaml.file, 0, "fields.id: is missing");
    for (int i = 0; i < MAPPING_FIELDS; i++) {
        enum mapping_field field = (enum mapping_field)i;
        if (reading->fields[i].line == 0 || reading->fields[i].bad)
            continue;
        const char *wrong = rule_wrong(reading, field);
        if (wrong)
            diagnostics_add(reading->yaml.faults, reading->yaml.file, reading->fields[i].line,
                            "fields.%s: %s", mapping_field_name(field), wrong);
    }
    for (size_t i = 0; i < mapping->skip_count; i++)
        if (mapping->format != MAPPING_CSV && !reading->yaml.keys[TEMPLATE_FORMAT].bad &&
            mapping->skips[i].from && !template_is_pointer(str_from(mapping->skips[i].from)))
            diagnostics_add(reading->yaml.faults, reading->yaml.file, reading->skip_lines[i],
                            "exclude: from is a JSON Pointer: /name/name");
}

void template_check(struct template_reading *reading) {
    check_keys(reading);
    check_fields(reading);
}
