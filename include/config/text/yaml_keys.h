// SPDX-License-Identifier: EUPL-1.2
// A YAML file of sections with keys, read strictly against one table: what the table does not know
// is a fault, and all faults are found. signaald.yaml and the templates are both read so.
#ifndef CONFIG_TEXT_YAML_KEYS_H
#define CONFIG_TEXT_YAML_KEYS_H

#include "config/text/diagnostics.h"
#include "config/text/quantity.h"

enum { YAML_KEYS_MAX = 96 };

enum yaml_key_type {
    YAML_KEY_TEXT,     // char *, what `check` takes
    YAML_KEY_COUNT,    // uint32_t
    YAML_KEY_BYTES,    // size_t
    YAML_KEY_BYTES_64, // uint64_t
    YAML_KEY_MS,       // int64_t
    YAML_KEY_CHOICE,   // an enum: `min` and place in `choices`
    YAML_KEY_FLAG,     // bool: place in `choices`
    YAML_KEY_OWN,      // what `set` makes of the text
    YAML_KEY_PATH,     // char *; set by the `set_path` of the reading
    YAML_KEY_NODE,     // no single value: `read` gets the node
};

struct yaml_keys_reading;
struct yaml_key {
    const char *section, *name; // name NULL: the section has no keys of its own (NODE)
    enum yaml_key_type type;
    size_t offset;            // in the struct that is filled
    const char *default_text; // the default, as the operator would write it; NULL: none
    const char *help;
    uint64_t min, max; // numbers only
    const char *const *choices;
    const char *allowed; // what is taken, in words; NULL: limits or choices say it
    bool restart;        // a reload does not change it
    bool (*check)(struct str text);
    bool (*set)(struct str text, void *field); // sets the field on success only
    void (*read)(struct yaml_keys_reading *reading, const struct yaml_node *value);
};

// A file being read; embedded as the first member of what else its reader has to know.
struct yaml_keys_reading {
    const char *file;
    struct diagnostics *faults;
    const struct yaml_key *table;
    size_t count;
    void *object;     // is filled
    bool null_leaves; // what is empty is left out: it keeps its default
    bool (*set_path)(struct yaml_keys_reading *reading, struct str text, char **field,
                     struct err *err);
    struct {
        size_t line;         // 0: the key is not in the file
        size_t section_line; // the same for its section; of the first key of each only
        bool bad;            // has a fault: not to be used in further checks
    } keys[YAML_KEYS_MAX];
};

// False when it is no YAML of sections: nothing of it was used.
bool yaml_keys_read(struct yaml_keys_reading *reading, struct str text);
// "FILE:LINE: section.key: …", and marks the key as bad.
void yaml_key_fault(struct yaml_keys_reading *reading, size_t key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
// A fault when the text is not allowed; the field is set on success only.
void yaml_key_set(struct yaml_keys_reading *reading, size_t key, struct str text);
// What is allowed, in words.
void yaml_key_put_allowed(const struct yaml_key *key, struct buf *out);
enum quantity_kind yaml_key_quantity(const struct yaml_key *key);
// What is wrong with a node that has to be one text; NULL when nothing is.
const char *yaml_text_wrong(const struct yaml_node *node);

#endif
