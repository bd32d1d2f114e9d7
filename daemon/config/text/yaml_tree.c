// SPDX-License-Identifier: EUPL-1.2
// The only file that includes yaml.h. The library's document becomes two arrays, of nodes and of
// entries, in which each alias is a pointer more: so no text can grow while it is read.
#include "config/text/yaml_tree.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static size_t children(const yaml_node_t *node) {
    if (node->type == YAML_MAPPING_NODE)
        return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    if (node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return 0;
}

static void take_text(const yaml_node_t *from, struct yaml_node *to) {
    const char *data = (const char *)from->data.scalar.value;
    size_t len = from->data.scalar.length;
    to->kind = YAML_TEXT;
    to->text = (struct str){mem_strndup(data, len), len};
    to->null = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               (len == 0 || str_is(to->text, "~") || str_is(to->text, "null"));
    to->tagged = strcmp((const char *)from->tag, YAML_DEFAULT_SCALAR_TAG) != 0;
}

// A node's number in the document counts from 1.
static void take_entries(const yaml_node_t *from, struct yaml_node *to, struct yaml_node *nodes,
                         struct yaml_entry *entries) {
    bool map = from->type == YAML_MAPPING_NODE;
    to->kind = map ? YAML_MAP : YAML_LIST;
    to->entries = entries;
    to->count = children(from);
    for (size_t i = 0; i < to->count; i++)
        if (map) {
            const yaml_node_pair_t *pair = &from->data.mapping.pairs.start[i];
            entries[i] = (struct yaml_entry){&nodes[pair->key - 1], &nodes[pair->value - 1]};
        } else {
            entries[i].value = &nodes[from->data.sequence.items.start[i] - 1];
        }
}

static struct yaml_tree *take_document(yaml_document_t *document) {
    struct yaml_tree *tree = mem_zalloc(1, sizeof *tree);
    size_t entry_count = 0, at = 0;
    tree->node_count = (size_t)(document->nodes.top - document->nodes.start);
    for (size_t i = 0; i < tree->node_count; i++)
        entry_count += children(&document->nodes.start[i]);
    tree->nodes = mem_zalloc(tree->node_count, sizeof *tree->nodes);
    tree->entries = mem_zalloc(entry_count, sizeof *tree->entries);
    for (size_t i = 0; i < tree->node_count; i++) {
        const yaml_node_t *from = &document->nodes.start[i];
        struct yaml_node *to = &tree->nodes[i];
        to->line = from->start_mark.line + 1;
        if (from->type == YAML_SCALAR_NODE)
            take_text(from, to);
        else
            take_entries(from, to, tree->nodes, tree->entries + at);
        at += to->count;
    }
    tree->root = tree->node_count ? tree->nodes : NULL;
    return tree;
}

static void not_yaml(const yaml_parser_t *parser, struct str text, size_t *line, struct err *err) {
    *line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) { // these come with an offset only
        *line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < text.len; i++)
            *line += text.data[i] == '\n';
    }
    (void)err_set(err, ERR_CONFIG, "not YAML: %s%s%s",
                  parser->problem ? parser->problem : "cannot be read", parser->context ? " " : "",
                  parser->context ? parser->context : "");
}

struct yaml_tree *yaml_tree_parse(struct str text, size_t *line, struct err *err) {
    yaml_parser_t parser;
    yaml_document_t document;
    struct yaml_tree *tree = NULL;
    if (!yaml_parser_initialize(&parser))
        abort(); // out of memory, as in mem_alloc
    if (text.len >= 3 &&
        memcmp(text.data, "\xef\xbb\xbf", 3) == 0) // libyaml would not pass over it
        text = (struct str){text.data + 3, text.len - 3};
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.len ? text.data : ""),
                                 text.len);
    if (!yaml_parser_load(&parser, &document))
        goto fail;
    tree = take_document(&document);
    yaml_document_delete(&document);
    if (tree->root) {
        if (!yaml_parser_load(&parser, &document))
            goto fail;
        const yaml_node_t *second = yaml_document_get_root_node(&document);
        tree->second_line = second ? second->start_mark.line + 1 : 0;
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return tree;
fail:
    not_yaml(&parser, text, line, err);
    yaml_parser_delete(&parser);
    yaml_tree_free(tree);
    return NULL;
}

void yaml_tree_free(struct yaml_tree *tree) {
    if (!tree)
        return;
    for (size_t i = 0; i < tree->node_count; i++) {
        char *text = (char *)tree->nodes[i].text.data;
        if (text)
            hash_wipe(text, tree->nodes[i].text.len);
        free(text);
    }
    free(tree->nodes);
    free(tree->entries);
    free(tree);
}

const struct yaml_node *yaml_tree_earlier(const struct yaml_node *map,
                                          const struct yaml_entry *entry) {
    for (const struct yaml_entry *e = map->entries; e < entry; e++)
        if (e->key->kind == YAML_TEXT && str_equal(e->key->text, entry->key->text))
            return e->key;
    return NULL;
}
