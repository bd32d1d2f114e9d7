// SPDX-License-Identifier: EUPL-1.2
// YAML as a small tree whose nodes know their line. Aliases share a node and may even form a ring:
// whoever reads it goes as deep as its keys do, never to the end. Text only: what a value means is
// the reader's.
#ifndef CONFIG_TEXT_YAML_TREE_H
#define CONFIG_TEXT_YAML_TREE_H

#include "base/str.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    size_t line;
    struct str text; // TEXT; NUL-terminated
    bool null;       // TEXT: nothing, ~ or null, without quotes
    bool tagged;     // TEXT: has a tag (!) of its own
    const struct yaml_entry *entries;
    size_t count;
};

struct yaml_entry {
    const struct yaml_node *key; // NULL in a list
    const struct yaml_node *value;
};

struct yaml_tree {
    const struct yaml_node *root; // NULL when there is nothing
    size_t second_line;           // of a second document, which is not read; 0: there is none
    struct yaml_node *nodes;
    struct yaml_entry *entries;
    size_t node_count;
};

// NULL when it is no YAML: then *line is where, and the error holds nothing of the text.
struct yaml_tree *yaml_tree_parse(struct str text, size_t *line, struct err *err) MUST_CHECK;
void yaml_tree_free(struct yaml_tree *tree); // overwrites its texts first; NULL is fine
// The key of an entry before `entry` with the same text; NULL when there is none.
const struct yaml_node *yaml_tree_earlier(const struct yaml_node *map,
                                          const struct yaml_entry *entry);

#endif
