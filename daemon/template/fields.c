// SPDX-License-Identifier: EUPL-1.2
// What an item gives: where each field comes from and whether it may be missing, what its words
// mean, what means nothing, and which items are left out.
#include "template_private.h"

#include "base/mem.h"
#include "core/signal/codelists.h"
#include "template/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHAT_MAX = 64 };

// One field under way.
struct field_level {
    struct template_reading *reading;
    enum mapping_field field;
    char what[WHAT_MAX]; // "fields.category", for the texts
};

static void add_fault(const struct field_level *level, size_t line, const char *text) {
    diagnostics_add(level->reading->yaml.faults, level->reading->yaml.file, line, "%s: %s",
                    level->what, text);
    level->reading->fields[level->field].bad = true;
}

// Where the program knows every word, a slip is found before it refuses or miscounts signals.
static const char *value_wrong(enum mapping_field field, struct str value) {
    static const char *const flags[] = {"true", "false", "yes", "no", "ja", "nee", "1", "0"};
    enum status status;
    enum gender gender;
    enum age_group age_group;
    enum citizenship citizenship;
    bool ok = true;
    switch (field) {
    case MAPPING_STATUS:
        return codelist_status(value, &status)
                   ? NULL
                   : "no status (allowed: possible, confirmed, rejected)";
    case MAPPING_GENDER:
        return codelist_gender(value, &gender)
                   ? NULL
                   : "no gender (allowed: Feminine, Masculine, TransgenderFeminine, "
                     "TransgenderMasculine, NonConforming, Unknown)";
    case MAPPING_AGE_GROUP:
        return codelist_age_group(value, &age_group)
                   ? NULL
                   : "no age group (allowed: Minor, Adult, Unknown)";
    case MAPPING_CITIZENSHIP:
        return codelist_citizenship(value, SIGNAL_DAY_MIN, &citizenship)
                   ? NULL
                   : "no citizenship (allowed: ISO 3166 codes, NL, EU, nonEU, Unknown)";
    case MAPPING_CONSENT:
        return codelist_consent(value, &ok) ? NULL : "no consent (allowed: given, withheld)";
    case MAPPING_WITHDRAWN:
        ok = false;
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            ok |= str_equal_nocase(value, str_from(flags[i]));
        return ok ? NULL : "not allowed (allowed: true, false)";
    default:
        return NULL;
    }
}

// As words are compared.
static bool same_word(struct str a, struct str b) {
    char folded_a[STR_FOLDED_MAX], folded_b[STR_FOLDED_MAX];
    size_t len = str_fold(a, folded_a);
    if (len == 0 || str_fold(b, folded_b) == 0)
        return str_equal(a, b);
    return strcmp(folded_a, folded_b) == 0;
}

static void word_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    struct field_level *level = ctx;
    struct template_reading *reading = level->reading;
    struct mapping_rule *rule = &reading->template->mapping.rules[level->field];
    struct mapping_word *word = &rule->words[rule->word_count];
    const char *wrong;
    for (size_t i = 0; i < rule->word_count; i++)
        if (same_word(key->text, str_from(rule->words[i].from))) {
            add_fault(level, key->line,
                      "is the same word as one before it: case and signs are folded");
            return;
        }
    if (!template_text(&reading->yaml, level->what, key, MAPPING_TEXT_MAX, &word->from))
        return;
    rule->word_count++;
    if (!template_text(&reading->yaml, level->what, value, MAPPING_TEXT_MAX, &word->to))
        return;
    if ((wrong = value_wrong(level->field, value->text)))
        add_fault(level, value->line, wrong);
}

static void read_words(struct field_level *level, const struct yaml_node *node) {
    struct field_level below = *level;
    (void)snprintf(below.what, sizeof below.what, "fields.%s.value_map",
                   mapping_field_name(level->field));
    if (node->kind == YAML_MAP && node->count)
        diagnostics_each_entry(level->reading->yaml.faults, level->reading->yaml.file, below.what,
                               node, MAPPING_LIST_MAX, word_entry, &below);
    else
        add_fault(&below, node->line, "words and what they mean are needed");
}

static void read_constant(struct field_level *level, const struct yaml_node *node) {
    struct mapping_rule *rule = &level->reading->template->mapping.rules[level->field];
    const char *wrong;
    if (!template_text(&level->reading->yaml, level->what, node, MAPPING_TEXT_MAX, &rule->constant))
        level->reading->fields[level->field].bad = true;
    else if ((wrong = value_wrong(level->field, node->text)))
        add_fault(level, node->line, wrong);
}

// One place, or a list of them of which the first that has something counts.
static void read_from(struct field_level *level, const struct yaml_node *node) {
    struct mapping_rule *rule = &level->reading->template->mapping.rules[level->field];
    bool list = node->kind == YAML_LIST;
    size_t count = list ? node->count : 1;
    if (count == 0 || count > MAPPING_PLACES_MAX) {
        add_fault(level, node->line, "one place, or a list of up to 4");
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!template_text(&level->reading->yaml, level->what, list ? node->entries[i].value : node,
                           MAPPING_TEXT_MAX, i ? &rule->others[i - 1] : &rule->from))
            level->reading->fields[level->field].bad = true;
}

static void read_split(struct field_level *level, const struct yaml_node *node) {
    struct mapping_rule *rule = &level->reading->template->mapping.rules[level->field];
    if (level->field != MAPPING_CATEGORY || node->kind != YAML_TEXT || node->text.len != 1 ||
        node->text.data[0] < ' ' || node->text.data[0] > '~')
        add_fault(level, node->line,
                  "split: one character that stands between words, for category only");
    else
        rule->split = node->text.data[0];
}

static void rule_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    struct field_level *level = ctx;
    if (str_is(key->text, "from"))
        read_from(level, value);
    else if (str_is(key->text, "constant"))
        read_constant(level, value);
    else if (str_is(key->text, "value_map"))
        read_words(level, value);
    else if (str_is(key->text, "split"))
        read_split(level, value);
    else
        add_fault(level, key->line, "unknown key (allowed: from, split, value_map, constant)");
}

static void unknown_field(struct template_reading *reading, const struct yaml_node *key) {
    char shown[DIAGNOSTIC_QUOTE_MAX];
    struct buf names;
    buf_init(&names, 256);
    for (int i = 0; i < MAPPING_FIELDS; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", mapping_field_name((enum mapping_field)i));
    diagnostics_add(reading->yaml.faults, reading->yaml.file, key->line,
                    "fields: unknown field %s (allowed: %.*s)", diagnostics_quote(key->text, shown),
                    (int)names.len, names.data);
    buf_free(&names);
}

static void field_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    struct template_reading *reading = ctx;
    struct field_level level = {.reading = reading};
    if (!mapping_field_from_name(key->text, &level.field)) {
        unknown_field(reading, key);
        return;
    }
    reading->fields[level.field].line = key->line;
    (void)snprintf(level.what, sizeof level.what, "fields.%s", mapping_field_name(level.field));
    if (value->kind == YAML_MAP)
        diagnostics_each_entry(reading->yaml.faults, reading->yaml.file, level.what, value, 8,
                               rule_entry, &level);
    else
        read_from(&level, value);
}

void template_fields_read(struct yaml_keys_reading *yaml, const struct yaml_node *node) {
    struct template_reading *reading = (struct template_reading *)yaml;
    if (node->kind == YAML_MAP)
        diagnostics_each_entry(reading->yaml.faults, reading->yaml.file, "fields", node,
                               MAPPING_FIELDS * 2, field_entry, reading);
    else
        diagnostics_add(reading->yaml.faults, reading->yaml.file, node->line,
                        "fields: names of fields and where they come from are needed");
}

static bool is_list(struct template_reading *reading, const char *what,
                    const struct yaml_node *node) {
    if (node->kind == YAML_LIST && node->count <= MAPPING_LIST_MAX)
        return true;
    diagnostics_add(reading->yaml.faults, reading->yaml.file, node->line,
                    "%s: a list of at most %d is needed", what, (int)MAPPING_LIST_MAX);
    return false;
}

void template_missing_read(struct yaml_keys_reading *yaml, const struct yaml_node *node) {
    struct template_reading *reading = (struct template_reading *)yaml;
    enum mapping_field field;
    if (!is_list(reading, "may_be_missing", node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *name = node->entries[i].value;
        if (name->kind == YAML_TEXT && str_is(name->text, "exclude"))
            reading->template->mapping.exclude_may_be_missing = true;
        else if (name->kind == YAML_TEXT && mapping_field_from_name(name->text, &field) &&
                 field != MAPPING_ID)
            reading->template->mapping.may_be_missing[field] = true;
        else
            diagnostics_add(
                reading->yaml.faults, reading->yaml.file, name->line,
                "may_be_missing: names of fields other than id, or exclude, are needed");
    }
}

void template_absent_read(struct yaml_keys_reading *yaml, const struct yaml_node *node) {
    struct template_reading *reading = (struct template_reading *)yaml;
    struct mapping *mapping = &reading->template->mapping;
    if (!is_list(reading, "null_values", node))
        return;
    for (size_t i = 0; i < node->count; i++)
        if (template_text(&reading->yaml, "null_values", node->entries[i].value, MAPPING_TEXT_MAX,
                          &mapping->absent[mapping->absent_count]))
            mapping->absent_count++;
}

static void skip_is(struct template_reading *reading, struct mapping_skip *skip,
                    const struct yaml_node *node) {
    if (node->kind == YAML_TEXT && str_is(node->text, "present"))
        skip->is = MAPPING_IS_PRESENT;
    else if (node->kind == YAML_TEXT && str_is(node->text, "absent"))
        skip->is = MAPPING_IS_ABSENT;
    else
        diagnostics_add(reading->yaml.faults, reading->yaml.file, node->line,
                        "exclude.is: not allowed (allowed: present, absent)");
}

static void skip_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    struct template_reading *reading = ctx;
    struct mapping *mapping = &reading->template->mapping;
    struct mapping_skip *skip = &mapping->skips[mapping->skip_count];
    bool from = str_is(key->text, "from");
    if (from || str_is(key->text, "equals"))
        template_text(&reading->yaml, from ? "exclude.from" : "exclude.equals", value,
                      MAPPING_TEXT_MAX, from ? &skip->from : &skip->equals);
    else if (str_is(key->text, "is"))
        skip_is(reading, skip, value);
    else
        diagnostics_add(reading->yaml.faults, reading->yaml.file, key->line,
                        "exclude: unknown key (allowed: from, equals, is)");
}

void template_skips_read(struct yaml_keys_reading *yaml, const struct yaml_node *node) {
    struct template_reading *reading = (struct template_reading *)yaml;
    struct mapping *mapping = &reading->template->mapping;
    if (!is_list(reading, "exclude", node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *value = node->entries[i].value;
        struct mapping_skip *skip = &mapping->skips[mapping->skip_count];
        size_t before = reading->yaml.faults->count;
        if (value->kind == YAML_MAP)
            diagnostics_each_entry(reading->yaml.faults, reading->yaml.file, "exclude", value, 8,
                                   skip_entry, reading);
        if (reading->yaml.faults->count == before &&
            (!skip->from || !skip->equals != (skip->is != MAPPING_IS_EQUAL)))
            diagnostics_add(reading->yaml.faults, reading->yaml.file, value->line,
                            "exclude: from is needed, and either equals or is");
        reading->skip_lines[mapping->skip_count++] = value->line;
    }
}

static void header_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    struct template_reading *reading = ctx;
    char **list = reading->template->headers, *text = NULL;
    struct buf line;
    size_t count = 0;
    while (list[count])
        count++;
    if (!template_header_allowed(key->text)) {
        diagnostics_add(reading->yaml.faults, reading->yaml.file, key->line,
                        "headers: not the name of a header that may be sent; a secret is never in "
                        "a template");
        return;
    }
    if (!template_text(&reading->yaml, "headers", value, MAPPING_TEXT_MAX, &text))
        return;
    buf_init(&line, MAPPING_TEXT_MAX * 2);
    buf_put_str(&line, key->text);
    buf_printf(&line, ": %s", text);
    list[count] = buf_take(&line);
    free(text);
}

void template_headers_read(struct yaml_keys_reading *yaml, const struct yaml_node *node) {
    struct template_reading *reading = (struct template_reading *)yaml;
    if (node->kind == YAML_MAP)
        diagnostics_each_entry(reading->yaml.faults, reading->yaml.file, "headers", node,
                               TEMPLATE_HEADERS_MAX, header_entry, reading);
    else
        diagnostics_add(reading->yaml.faults, reading->yaml.file, node->line,
                        "headers: names of headers and their values are needed");
}
