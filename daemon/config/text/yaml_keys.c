// SPDX-License-Identifier: EUPL-1.2
// Sections with keys against their table. The table says of each key what it takes and where it
// goes; this file finds the key, or the one that was probably meant, and sets its field. Each fault
// is told and the reading goes on, so that one run tells all.
#include "config/text/yaml_keys.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 256 };

// A map under way.
struct level {
    struct yaml_keys_reading *reading;
    const char *section; // NULL at the top
};

void yaml_key_fault(struct yaml_keys_reading *reading, size_t key, const char *fmt, ...) {
    char text[DIAGNOSTIC_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    diagnostics_add(reading->faults, reading->file, reading->keys[key].line, "%s.%s: %s",
                    reading->table[key].section, reading->table[key].name, text);
    reading->keys[key].bad = true;
}

const char *yaml_text_wrong(const struct yaml_node *node) {
    return node->kind != YAML_TEXT ? "one value is needed, not a list or a mapping"
           : node->tagged          ? "no tags (!) here"
           : node->null            ? "a value is needed (a word like null goes in quotes)"
                                   : NULL;
}

enum quantity_kind yaml_key_quantity(const struct yaml_key *key) {
    return key->type == YAML_KEY_COUNT ? QUANTITY_PLAIN
           : key->type == YAML_KEY_MS  ? QUANTITY_DURATION
                                       : QUANTITY_SIZE;
}

void yaml_key_put_allowed(const struct yaml_key *key, struct buf *out) {
    if (key->allowed) {
        buf_puts(out, key->allowed);
        return;
    }
    for (size_t i = 0; key->choices && key->choices[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : "", key->choices[i]);
    if (key->choices)
        return;
    put_quantity(out, yaml_key_quantity(key), key->min);
    buf_puts(out, "..");
    put_quantity(out, yaml_key_quantity(key), key->max);
    if (key->type == YAML_KEY_MS)
        buf_puts(out, ", with ms, s, m, h or d");
    else if (key->type != YAML_KEY_COUNT)
        buf_puts(out, ", with KiB, MiB, GiB or none");
}

static bool set_text(const struct yaml_key *key, struct str text, char **field) {
    if (text.len > CONFIG_TEXT_MAX || !str_is_clean_utf8(text) || !key->check(text))
        return false;
    free(*field);
    *field = mem_strndup(text.data, text.len);
    return true;
}

static bool set_choice(const struct yaml_key *key, struct str text, void *field) {
    unsigned i = 0;
    while (key->choices[i] && !str_is(text, key->choices[i]))
        i++;
    if (!key->choices[i])
        return false;
    unsigned value = (unsigned)key->min + i;
    if (key->type == YAML_KEY_FLAG)
        *(bool *)field = i != 0;
    else
        memcpy(field, &value, sizeof value);
    return true;
}

static bool set_number(const struct yaml_key *key, struct str text, void *field) {
    uint64_t value;
    if (!parse_quantity(text, yaml_key_quantity(key), key->min, key->max, &value))
        return false;
    switch (key->type) {
    case YAML_KEY_COUNT:
        *(uint32_t *)field = (uint32_t)value;
        break;
    case YAML_KEY_BYTES:
        *(size_t *)field = (size_t)value;
        break;
    case YAML_KEY_MS:
        *(int64_t *)field = (int64_t)value;
        break;
    default:
        assert(key->type == YAML_KEY_BYTES_64);
        *(uint64_t *)field = value;
    }
    return true;
}

static bool set_field(const struct yaml_key *key, struct str text, void *field) {
    switch (key->type) {
    case YAML_KEY_TEXT:
        return set_text(key, text, field);
    case YAML_KEY_CHOICE:
    case YAML_KEY_FLAG:
        return set_choice(key, text, field);
    case YAML_KEY_OWN:
        return key->set(text, field);
    default:
        return set_number(key, text, field);
    }
}

// What is written about authentication is not shown: a secret may stand in the wrong place.
static void refuse(struct yaml_keys_reading *reading, size_t key, struct str text) {
    char shown[DIAGNOSTIC_QUOTE_MAX] = "";
    bool show = strcmp(reading->table[key].section, "auth") != 0;
    struct buf allowed;
    buf_init(&allowed, 160);
    yaml_key_put_allowed(&reading->table[key], &allowed);
    yaml_key_fault(reading, key, "%s%snot allowed (allowed: %.*s)",
                   show ? diagnostics_quote(text, shown) : "", show ? " is " : "", (int)allowed.len,
                   allowed.data);
    buf_free(&allowed);
}

void yaml_key_set(struct yaml_keys_reading *reading, size_t i, struct str text) {
    const struct yaml_key *key = &reading->table[i];
    void *field = (char *)reading->object + key->offset;
    struct err err;
    if (key->type != YAML_KEY_PATH) {
        if (!set_field(key, text, field))
            refuse(reading, i, text);
    } else if (!reading->set_path(reading, text, field, &err)) {
        if (diagnostics_pass_over(reading->faults, &err))
            reading->keys[i].bad = true;
        else
            yaml_key_fault(reading, i, "%s", err.text);
    }
}

// The key, or (section NULL) the section, that was probably meant; else the section that has it.
static void unknown(const struct level *level, const struct yaml_node *key) {
    const struct yaml_keys_reading *reading = level->reading;
    const char *section = level->section, *near = NULL, *elsewhere = NULL;
    char shown[DIAGNOSTIC_QUOTE_MAX];
    size_t distance = SIZE_MAX;
    for (size_t i = 0; i < reading->count; i++) {
        const struct yaml_key *row = &reading->table[i];
        const char *name = section ? row->name : row->section;
        if ((!section || strcmp(row->section, section) == 0) &&
            closest_name(key->text, name, &distance))
            near = name;
        if (section && !elsewhere && row->name && str_is(key->text, row->name))
            elsewhere = row->section;
    }
    diagnostics_add(reading->faults, reading->file, key->line, "%s%sunknown %s %s%s%s%s",
                    section ? section : "", section ? ": " : "", section ? "key" : "section",
                    diagnostics_quote(key->text, shown),
                    near        ? " (did you mean "
                    : elsewhere ? " (it belongs in section "
                                : "",
                    near        ? near
                    : elsewhere ? elsewhere
                                : "",
                    near || elsewhere ? "?)" : "");
}

static void key_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct level *level = ctx;
    struct yaml_keys_reading *reading = level->reading;
    const struct yaml_key *row = reading->table, *end = row + reading->count;
    while (row < end &&
           (strcmp(row->section, level->section) != 0 || !str_is(key->text, row->name)))
        row++;
    if (row == end) {
        unknown(level, key);
        return;
    }
    size_t i = (size_t)(row - reading->table);
    const char *wrong = yaml_text_wrong(value);
    reading->keys[i].line = key->line;
    if (row->type == YAML_KEY_NODE)
        row->read(reading, value);
    else if (!wrong)
        yaml_key_set(reading, i, value->text);
    else if (!value->null || value->tagged || !reading->null_leaves)
        yaml_key_fault(reading, i, "%s", wrong);
    else if (row->default_text)
        yaml_key_fault(reading, i, "a value is needed; without this key it is %s",
                       row->default_text);
}

static void section_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct level *level = ctx;
    struct yaml_keys_reading *reading = level->reading;
    size_t i = 0;
    while (i < reading->count && !str_is(key->text, reading->table[i].section))
        i++;
    if (i == reading->count) {
        unknown(level, key);
        return;
    }
    struct level below = {reading, reading->table[i].section};
    reading->keys[i].section_line = key->line;
    if (!reading->table[i].name)
        reading->table[i].read(reading, value);
    else if (value->kind == YAML_MAP)
        diagnostics_each_entry(reading->faults, reading->file, below.section, value, ENTRIES_MAX,
                               key_entry, &below);
    else if (!value->null || !reading->null_leaves)
        diagnostics_add(reading->faults, reading->file, value->line,
                        "%s: a section with keys is needed", below.section);
}

bool yaml_keys_read(struct yaml_keys_reading *reading, struct str text) {
    struct level level = {reading, NULL};
    struct err err;
    size_t line;
    struct yaml_tree *tree = yaml_tree_parse(text, &line, &err);
    if (!tree) {
        diagnostics_add(reading->faults, reading->file, line, "%s", err.text);
        return false;
    }
    const struct yaml_node *root = tree->root;
    bool map = root && root->kind == YAML_MAP;
    bool ok = map || (reading->null_leaves && (!root || root->null));
    if (map)
        diagnostics_each_entry(reading->faults, reading->file, NULL, root, ENTRIES_MAX,
                               section_entry, &level);
    else if (!ok)
        diagnostics_add(reading->faults, reading->file, root ? root->line : 1,
                        "sections with keys are needed");
    if (tree->second_line)
        diagnostics_add(reading->faults, reading->file, tree->second_line, "one document only");
    yaml_tree_free(tree);
    return ok;
}
