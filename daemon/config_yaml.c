// SPDX-License-Identifier: EUPL-1.2
// The YAML file against the table of keys, strictly: what the table does not know is a fault, and
// all faults are found. The only file that includes yaml.h. Aliases resolve to nodes and we go
// three levels deep, so no file can make this run long.
#include "config_parts.h"

#include "edge/publish.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { CONFIG_FILE_MAX = 1024 * 1024 };

// A mapping under way: where it is, for the texts, and the keys that it had.
struct level {
    struct config_reading *reading;
    yaml_document_t *document;
    const yaml_node_t *map;
    const char *section; // NULL at the top
};

static size_t line_of(const yaml_node_t *node) {
    return node->start_mark.line + 1;
}

static struct str text_of(const yaml_node_t *node) {
    return (struct str){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static bool is_null(const yaml_node_t *node) {
    struct str text = text_of(node);
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.len == 0 || str_is(text, "~") || str_is(text, "null"));
}

static size_t min2(size_t a, size_t b) {
    return a < b ? a : b;
}

// Levenshtein's distance; `a` and `b` have at most WORD_MAX bytes.
enum { WORD_MAX = 40, NEAR = 2 };
static size_t distance(struct str a, struct str b) {
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t swap = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = min2(swap, min2(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

// The key or (section NULL) the section that was probably meant; NULL when nothing is near.
static const char *nearest(const char *section, struct str word) {
    const char *best = NULL;
    size_t best_distance = NEAR + 1;
    if (word.len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < config_key_count; i++) {
        if (section && strcmp(config_keys[i].section, section) != 0)
            continue;
        const char *name = section ? config_keys[i].name : config_keys[i].section;
        size_t d = distance(word, str_from(name));
        if (d < best_distance && d < word.len) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}

static const char *section_with_key(struct str name) {
    for (size_t i = 0; i < config_key_count; i++)
        if (str_is(name, config_keys[i].name))
            return config_keys[i].section;
    return NULL;
}

static void unknown(const struct level *level, const yaml_node_t *key) {
    char shown[CONFIG_SHOWN_MAX];
    struct str word = text_of(key);
    const char *near = nearest(level->section, word);
    const char *elsewhere = level->section ? section_with_key(word) : NULL;
    const char *hint = near ? near : elsewhere;
    config_fault(level->reading->faults, level->reading->file, line_of(key),
                 "%s%sunknown %s %s%s%s%s%s", level->section ? level->section : "",
                 level->section ? ": " : "", level->section ? "key" : "section",
                 config_shown(word, shown), hint ? " (" : "",
                 near        ? "did you mean "
                 : elsewhere ? "it belongs in section "
                             : "",
                 hint ? hint : "", hint ? "?)" : "");
}

// The first pair with the same key, when that is an earlier one; NULL otherwise.
static const yaml_node_t *earlier(const struct level *level, const yaml_node_pair_t *pair) {
    const yaml_node_t *key = yaml_document_get_node(level->document, pair->key);
    for (const yaml_node_pair_t *p = level->map->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = yaml_document_get_node(level->document, p->key);
        if (other->type == YAML_SCALAR_NODE && str_equal(text_of(other), text_of(key)))
            return other;
    }
    return NULL;
}

// Calls `entry` for each pair whose key is text and not given before.
static void each_pair(const struct level *level, size_t pairs_max,
                      void (*entry)(const struct level *level, const yaml_node_t *key,
                                    const yaml_node_t *value)) {
    struct config_faults *faults = level->reading->faults;
    const char *file = level->reading->file;
    const char *section = level->section ? level->section : "", *colon = level->section ? ": " : "";
    const yaml_node_pair_t *start = level->map->data.mapping.pairs.start;
    const yaml_node_pair_t *top = level->map->data.mapping.pairs.top;
    if ((size_t)(top - start) > pairs_max) {
        config_fault(faults, file, line_of(level->map), "%s%smore than %zu keys in one place",
                     section, colon, pairs_max);
        return;
    }
    for (const yaml_node_pair_t *pair = start; pair < top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(level->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(level->document, pair->value);
        char shown[CONFIG_SHOWN_MAX];
        const yaml_node_t *first;
        if (key->type != YAML_SCALAR_NODE)
            config_fault(faults, file, line_of(key), "a key is a word");
        else if ((first = earlier(level, pair)))
            config_fault(faults, file, line_of(key), "%s%s%s is already there in line %zu", section,
                         colon, config_shown(text_of(key), shown), line_of(first));
        else
            entry(level, key, value);
    }
}

static void setting_entry(const struct level *level, const yaml_node_t *key,
                          const yaml_node_t *value) {
    struct config_reading *reading = level->reading;
    struct config *config = reading->config;
    struct str name = text_of(key);
    char shown[CONFIG_SHOWN_MAX];
    struct err err;
    if (!publish_setting_allowed(name)) {
        config_fault(
            reading->faults, reading->file, line_of(key),
            "kafka.settings: %s cannot be set here (allowed: security.*, ssl.*, sasl.* and "
            "a few for tuning)",
            config_shown(name, shown));
        return;
    }
    if (value->type != YAML_SCALAR_NODE || is_null(value)) {
        config_fault(reading->faults, reading->file, line_of(value),
                     "kafka.settings: %s: one value is needed", config_shown(name, shown));
        return;
    }
    if (config_setting(reading, name, text_of(value),
                       &config->kafka_settings[config->kafka_setting_count], &err))
        config->kafka_setting_count++;
    else
        config_fault(reading->faults, reading->file, line_of(value), "kafka.settings: %s: %s",
                     config_shown(name, shown), err.text);
}

static void scalar_entry(const struct level *level, size_t index, const yaml_node_t *value) {
    struct config_reading *reading = level->reading;
    const struct config_key *key = &config_keys[index];
    struct err err;
    if (value->type != YAML_SCALAR_NODE)
        config_key_fault(reading, index, "one value is needed, not a list or a mapping");
    else if (strcmp((const char *)value->tag, YAML_DEFAULT_SCALAR_TAG) != 0)
        config_key_fault(reading, index, "no tags (!) here");
    else if (is_null(value)) {
        if (key->preset)
            config_key_fault(reading, index, "a value is needed; without this key it is %s",
                             key->preset);
    } else if (!config_value_set(key, text_of(value), reading->dir, reading->config, &err))
        config_key_fault(reading, index, "%s", err.text);
}

static void key_entry(const struct level *level, const yaml_node_t *key, const yaml_node_t *value) {
    struct config_reading *reading = level->reading;
    size_t i = 0;
    while (i < config_key_count && (strcmp(config_keys[i].section, level->section) != 0 ||
                                    !str_is(text_of(key), config_keys[i].name)))
        i++;
    if (i == config_key_count) {
        unknown(level, key);
        return;
    }
    reading->keys[i].line = line_of(key);
    if (config_keys[i].type != CONFIG_SETTINGS) {
        scalar_entry(level, i, value);
        return;
    }
    if (value->type == YAML_MAPPING_NODE) {
        struct level below = {reading, level->document, value, "kafka.settings"};
        each_pair(&below, CONFIG_SETTINGS_MAX, setting_entry);
    } else if (value->type != YAML_SCALAR_NODE || !is_null(value)) {
        config_key_fault(reading, i, "names with values are needed");
    }
}

static void section_entry(const struct level *level, const yaml_node_t *key,
                          const yaml_node_t *value) {
    struct config_reading *reading = level->reading;
    size_t i = 0;
    while (i < config_key_count && !str_is(text_of(key), config_keys[i].section))
        i++;
    if (i == config_key_count) {
        unknown(level, key);
    } else if (value->type == YAML_MAPPING_NODE) {
        struct level below = {reading, level->document, value, config_keys[i].section};
        each_pair(&below, 256, key_entry);
    } else if (value->type != YAML_SCALAR_NODE || !is_null(value)) {
        config_fault(reading->faults, reading->file, line_of(value),
                     "%s: a section with keys is needed", config_keys[i].section);
    }
}

static void root(struct config_reading *reading, yaml_document_t *document) {
    const yaml_node_t *node = yaml_document_get_root_node(document);
    if (!node || (node->type == YAML_SCALAR_NODE && is_null(node)))
        return;
    if (node->type != YAML_MAPPING_NODE) {
        config_fault(reading->faults, reading->file, line_of(node),
                     "sections with keys are needed");
        return;
    }
    struct level level = {reading, document, node, NULL};
    each_pair(&level, 256, section_entry);
}

static void not_yaml(struct config_reading *reading, const yaml_parser_t *parser, struct str text) {
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) { // these come with an offset only
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < text.len; i++)
            line += text.data[i] == '\n';
    }
    config_fault(reading->faults, reading->file, line, "not YAML: %s%s%s",
                 parser->problem ? parser->problem : "cannot be read", parser->context ? " " : "",
                 parser->context ? parser->context : "");
}

static bool parse(struct config_reading *reading, struct str text) {
    yaml_parser_t parser;
    yaml_document_t document;
    bool ok = false;
    if (!yaml_parser_initialize(&parser))
        abort(); // out of memory, as in mem_alloc
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.len ? text.data : ""),
                                 text.len);
    if (!yaml_parser_load(&parser, &document)) {
        not_yaml(reading, &parser, text);
        goto done;
    }
    root(reading, &document);
    bool empty = !yaml_document_get_root_node(&document);
    yaml_document_delete(&document);
    if (!empty && !yaml_parser_load(&parser, &document)) {
        not_yaml(reading, &parser, text);
        goto done;
    }
    ok = true;
    if (empty)
        goto done;
    const yaml_node_t *second = yaml_document_get_root_node(&document);
    if (second)
        config_fault(reading->faults, reading->file, line_of(second), "one document only");
    yaml_document_delete(&document);
done:
    yaml_parser_delete(&parser);
    return ok;
}

bool config_yaml_read(struct config_reading *reading) {
    struct buf text;
    struct err err;
    if (!str_read_file(reading->file, CONFIG_FILE_MAX, &text, &err)) {
        config_fault(reading->faults, NULL, 0, "%s", err.text);
        return false;
    }
    bool ok = parse(reading, buf_str(&text));
    if (text.data)
        hash_wipe(text.data, text.len);
    buf_free(&text);
    return ok;
}
