// SPDX-License-Identifier: EUPL-1.2
// The YAML file against the table of keys, strictly: what the table does not know is a fault, and
// all faults are found.
#include "config_private.h"

#include <string.h>

enum { CONFIG_FILE_MAX = 1024 * 1024 };

// A map under way: where it is, for the texts.
struct config_level {
    struct config_reading *reading;
    const char *section; // NULL at the top
};

// The key or (section NULL) the section that was probably meant; NULL when nothing is near.
static const char *nearest(const char *section, struct str word) {
    const char *best = NULL;
    size_t distance = SIZE_MAX;
    for (size_t i = 0; i < config_key_count; i++) {
        if (section && strcmp(config_keys[i].section, section) != 0)
            continue;
        const char *name = section ? config_keys[i].name : config_keys[i].section;
        if (closest_name(word, name, &distance))
            best = name;
    }
    return best;
}

static const char *section_with_key(struct str name) {
    for (size_t i = 0; i < config_key_count; i++)
        if (str_is(name, config_keys[i].name))
            return config_keys[i].section;
    return NULL;
}

static void unknown(const struct config_level *level, const struct yaml_node *key) {
    char shown[DIAGNOSTIC_QUOTE_MAX];
    struct str word = key->text;
    const char *near = nearest(level->section, word);
    const char *elsewhere = level->section ? section_with_key(word) : NULL;
    const char *hint = near ? near : elsewhere;
    diagnostics_add(level->reading->faults, level->reading->file, key->line,
                    "%s%sunknown %s %s%s%s%s%s", level->section ? level->section : "",
                    level->section ? ": " : "", level->section ? "key" : "section",
                    diagnostics_quote(word, shown), hint ? " (" : "",
                    near        ? "did you mean "
                    : elsewhere ? "it belongs in section "
                                : "",
                    hint ? hint : "", hint ? "?)" : "");
}

static void property_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct config_level *level = ctx;
    struct config_reading *reading = level->reading;
    struct config *config = reading->config;
    struct str name = key->text;
    char shown[DIAGNOSTIC_QUOTE_MAX];
    struct err err;
    if (!kafka_property_allowed(name)) {
        diagnostics_add(
            reading->faults, reading->file, key->line,
            "kafka.settings: %s cannot be set here (allowed: security.*, ssl.*, sasl.* and "
            "a few for tuning)",
            diagnostics_quote(name, shown));
        return;
    }
    if (value->kind != YAML_TEXT || value->null) {
        diagnostics_add(reading->faults, reading->file, value->line,
                        "kafka.settings: %s: one value is needed", diagnostics_quote(name, shown));
        return;
    }
    if (kafka_property_read(reading, name, value->text,
                            &config->kafka_properties[config->kafka_property_count], &err))
        config->kafka_property_count++;
    else
        diagnostics_add(reading->faults, reading->file, value->line, "kafka.settings: %s: %s",
                        diagnostics_quote(name, shown), err.text);
}

static void scalar_entry(const struct config_level *level, size_t index,
                         const struct yaml_node *value) {
    struct config_reading *reading = level->reading;
    const struct config_key *key = &config_keys[index];
    struct err err;
    if (value->kind != YAML_TEXT)
        config_key_fault(reading, index, "one value is needed, not a list or a mapping");
    else if (value->tagged)
        config_key_fault(reading, index, "no tags (!) here");
    else if (value->null) {
        if (key->default_text)
            config_key_fault(reading, index, "a value is needed; without this key it is %s",
                             key->default_text);
    } else if (!config_value_set(key, value->text, reading->dir, reading->config, &err))
        config_key_fault(reading, index, "%s", err.text);
}

static void key_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct config_level *level = ctx;
    struct config_reading *reading = level->reading;
    size_t i = 0;
    while (i < config_key_count && (strcmp(config_keys[i].section, level->section) != 0 ||
                                    !str_is(key->text, config_keys[i].name)))
        i++;
    if (i == config_key_count) {
        unknown(level, key);
        return;
    }
    reading->keys[i].line = key->line;
    if (config_keys[i].type != CONFIG_PROPERTIES) {
        scalar_entry(level, i, value);
        return;
    }
    if (value->kind == YAML_MAP) {
        struct config_level below = {reading, "kafka.settings"};
        diagnostics_each_entry(reading->faults, reading->file, below.section, value,
                               KAFKA_PROPERTIES_MAX, property_entry, &below);
    } else if (!value->null) {
        config_key_fault(reading, i, "names with values are needed");
    }
}

static void section_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct config_level *level = ctx;
    struct config_reading *reading = level->reading;
    size_t i = 0;
    while (i < config_key_count && !str_is(key->text, config_keys[i].section))
        i++;
    if (i == config_key_count) {
        unknown(level, key);
    } else if (value->kind == YAML_MAP) {
        struct config_level below = {reading, config_keys[i].section};
        diagnostics_each_entry(reading->faults, reading->file, below.section, value, 256, key_entry,
                               &below);
    } else if (!value->null) {
        diagnostics_add(reading->faults, reading->file, value->line,
                        "%s: a section with keys is needed", config_keys[i].section);
    }
}

static void root(struct config_reading *reading, const struct yaml_tree *tree) {
    const struct yaml_node *node = tree->root;
    struct config_level level = {reading, NULL};
    if (node && node->kind == YAML_MAP)
        diagnostics_each_entry(reading->faults, reading->file, NULL, node, 256, section_entry,
                               &level);
    else if (node && !node->null)
        diagnostics_add(reading->faults, reading->file, node->line,
                        "sections with keys are needed");
    if (tree->second_line)
        diagnostics_add(reading->faults, reading->file, tree->second_line, "one document only");
}

bool config_yaml_read(struct config_reading *reading) {
    struct buf text;
    struct err err;
    size_t line;
    if (!str_read_file(reading->file, CONFIG_FILE_MAX, &text, &err)) {
        diagnostics_add(reading->faults, NULL, 0, "%s", err.text);
        return false;
    }
    struct yaml_tree *tree = yaml_tree_parse(buf_str(&text), &line, &err);
    bool ok = tree != NULL;
    if (!tree)
        diagnostics_add(reading->faults, reading->file, line, "%s", err.text);
    else
        root(reading, tree);
    if (text.data)
        hash_wipe(text.data, text.len);
    buf_free(&text);
    yaml_tree_free(tree);
    return ok;
}
