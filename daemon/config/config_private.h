// SPDX-License-Identifier: EUPL-1.2
// What the files of daemon/config/ share among themselves; everybody else includes config.h.
//   config.c   load and free: read, fill in defaults, check, in this order
//   keys.c     the one table of keys
//   values.c   a value's text to its field and back
//   yaml.c     the YAML file against the table of keys
//   kafka_properties.c  values of librdkafka's settings
//   files.c    paths, secrets, and whether the files named are there
//   print.c    what is in force, as YAML; the list of keys for the manual
#ifndef CONFIG_CONFIG_PRIVATE_H
#define CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "config/files.h"
#include "config/text/quantity.h"
#include "config/text/url.h"

enum {
    CONFIG_SECRET_MAX = 65536,
    CONFIG_KEYS_MAX = 64,
};

enum config_type {
    CONFIG_TEXT,       // char *, what `check` takes
    CONFIG_PATH,       // char *
    CONFIG_COUNT,      // uint32_t
    CONFIG_BYTES,      // size_t
    CONFIG_BYTES_64,   // uint64_t
    CONFIG_MS,         // int64_t
    CONFIG_LISTEN,     // listen_address and listen_port
    CONFIG_LEVEL,      // int
    CONFIG_PROPERTIES, // a mapping of names to values
};

struct config_key {
    const char *section, *name;
    enum config_type type;
    size_t offset;            // in struct config
    const char *default_text; // the default, as the operator would write it; NULL: none
    const char *help;
    uint64_t min, max; // numbers only
    bool (*check)(struct str text);
    const char *allowed; // what is taken, in words; NULL: the limits say it
    bool reloadable;     // a reload reads the file or directory that it names again
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;
size_t config_key_index(const char *section, const char *name); // of a key that exists

// A file being read. `line` 0: the key is not in it.
struct config_reading {
    const char *file;
    char *dir; // of the file, with the slash; "" when it has none
    struct config *config;
    struct diagnostics *faults;
    struct {
        size_t line;
        bool bad; // has a fault: not to be used in further checks
    } keys[CONFIG_KEYS_MAX];
};

// "FILE:LINE: section.key: …", and marks the key as bad.
void config_key_fault(struct config_reading *reading, size_t key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
// False when the text is not allowed; the field is set on success only.
bool config_value_set(const struct config_key *key, struct str text, const char *dir,
                      struct config *config, struct err *err) MUST_CHECK;
// As the operator would write it. False when it has no value.
bool config_value_put(const struct config_key *key, const struct config *config, struct buf *out);
// What is allowed, in words.
void config_allowed_put(const struct config_key *key, struct buf *out);
uint64_t config_value_number(const struct config_key *key, const struct config *config);

// May an operator set this one of librdkafka's?
bool kafka_property_allowed(struct str name);
// One of kafka.settings; sets `out` on success only.
bool kafka_property_read(const struct config_reading *reading, struct str name, struct str text,
                         struct kafka_property *out, struct err *err) MUST_CHECK;
// In double quotes, as YAML has it.
void config_put_quoted(struct buf *out, const char *text);

// False when it is no YAML: nothing of it was used.
bool config_yaml_read(struct config_reading *reading) MUST_CHECK;
// Values that do not go together, and files that are not there.
void config_files_check(struct config_reading *reading);

#endif
