// SPDX-License-Identifier: EUPL-1.2
// What the files daemon/config*.c share among themselves; everybody else includes config.h.
//   config.c          load and free: read, fill in defaults, check, in this order
//   config_keys.c     the one table of keys
//   config_values.c   a value's text to its field and back
//   config_measure.c  numbers with units
//   config_faults.c   complaints
//   config_yaml.c     the YAML file against the table of keys
//   config_settings.c values of librdkafka's settings
//   config_files.c    paths, secrets, and whether the files named are there
//   config_sources.c  the source table and its look-ups
//   config_columns.c  the columns of the source table
//   config_url.c      URLs and words that an operator writes
//   config_print.c    what is in force, as YAML
// What templates need of it (faults, measure, url) depends on base only.
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "config.h"
#include "yaml_tree.h"

enum {
    CONFIG_TEXT_MAX = 4096,
    CONFIG_SECRET_MAX = 65536,
    CONFIG_KEYS_MAX = 64,
    CONFIG_FAULTS_BYTES_MAX = 1024 * 1024,
    CONFIG_FAULT_MAX = 4096 + 512, // one complaint; longer is cut
};

enum config_type {
    CONFIG_TEXT,     // char *, what `check` takes
    CONFIG_PATH,     // char *
    CONFIG_COUNT,    // uint32_t
    CONFIG_BYTES,    // size_t
    CONFIG_BYTES_64, // uint64_t
    CONFIG_MS,       // int64_t
    CONFIG_LISTEN,   // listen_address and listen_port
    CONFIG_LEVEL,    // int
    CONFIG_SETTINGS, // a mapping of names to values
};

struct config_key {
    const char *section, *name;
    enum config_type type;
    size_t offset;      // in struct config
    const char *preset; // the default, as the operator would write it; NULL: none
    const char *help;
    uint64_t min, max; // numbers only
    bool (*check)(struct str text);
    const char *allowed; // what `check` takes, in words
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;
size_t config_key_index(const char *section, const char *name); // of a key that exists

// A file being read. `line` 0: the key is not in it.
struct config_reading {
    const char *file;
    char *dir; // of the file, with the slash; "" when it has none
    struct config *config;
    struct config_faults *faults;
    struct {
        size_t line;
        bool bad; // has a fault: not to be used in further checks
    } keys[CONFIG_KEYS_MAX];
};

// "FILE:LINE: …"; line 0 leaves it out. Each call is one fault.
void config_fault(struct config_faults *faults, const char *file, size_t line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
// "FILE:LINE: section.key: …", and marks the key as bad.
void config_key_fault(struct config_reading *reading, size_t key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
// The operator's own text for a fault: quoted, cut, without control characters.
enum { CONFIG_SHOWN_MAX = 72 };
const char *config_shown(struct str text, char out[CONFIG_SHOWN_MAX]);
// Whether `name` is probably meant by `word` and nearer to it than *best (begin with SIZE_MAX).
bool config_nearer(struct str word, const char *name, size_t *best);
// Calls fn for each entry of a map whose key is text and is not there twice; the others are faults,
// as are too many. `section` is for the texts; NULL: none.
void config_each_entry(struct config_faults *faults, const char *file, const char *section,
                       const struct yaml_node *map, size_t entries_max,
                       void (*fn)(void *ctx, const struct yaml_node *key,
                                  const struct yaml_node *value),
                       void *ctx);

// Digits and a unit, nothing between them.
enum config_measure { CONFIG_PLAIN, CONFIG_SIZE, CONFIG_DURATION };
bool config_measure(struct str text, enum config_measure kind, uint64_t min, uint64_t max,
                    uint64_t *value) MUST_CHECK;
// In the largest unit that leaves a whole number.
void config_put_measure(struct buf *out, enum config_measure kind, uint64_t value);

// 1..max letters, digits and bytes of `extra`.
bool config_word(struct str text, size_t max, const char *extra);
// What is wrong with an absolute http or https URL; NULL when nothing is.
const char *config_url_wrong(struct str url);

// False when the text is not allowed; the field is set on success only.
bool config_value_set(const struct config_key *key, struct str text, const char *dir,
                      struct config *config, struct err *err) MUST_CHECK;
// As the operator would write it. False when it has no value.
bool config_value_put(const struct config_key *key, const struct config *config, struct buf *out);
uint64_t config_value_number(const struct config_key *key, const struct config *config);

// One of kafka.settings; sets `out` on success only.
bool config_setting(const struct config_reading *reading, struct str name, struct str text,
                    struct config_setting *out, struct err *err) MUST_CHECK;
// In double quotes, as YAML has it.
void config_put_quoted(struct buf *out, const char *text);

// False when it is no YAML: nothing of it was used.
bool config_yaml_read(struct config_reading *reading) MUST_CHECK;
// Values that do not go together, and files that are not there.
void config_files_check(struct config_reading *reading);

// The source table being read.
struct sources_reading {
    const char *file;
    char *dir; // of the file, with the slash
    struct config_faults *faults;
    struct templates *templates; // NULL: these have faults
    struct sources *sources;
    uint32_t *lines; // of each source
    struct sources_row {
        uint32_t line;
        bool template_bad, secret_bad; // has a fault that is told already
    } row;
};
enum { SOURCES_COLUMNS = 15 };
struct sources_column {
    const char *name;
    bool required;
    // False when the value, which is not empty, is not allowed.
    bool (*take)(struct sources_reading *reading, struct source *source, struct str value,
                 struct err *err);
};
extern const struct sources_column sources_columns[SOURCES_COLUMNS];
// Values of a row that do not go together; fills in the template where none is said.
void sources_row_check(struct sources_reading *reading, struct source *source);
// The slot that has the name or the token's digest, or the free one where it goes.
uint32_t *sources_name_place(const struct sources *sources, struct str name);
uint32_t *sources_token_place(const struct sources *sources, const uint8_t digest[SHA256_BYTES]);

char *config_path_dir(const char *file);
// Relative to `dir`; a directory of systemd's at the start is filled in.
bool config_path(const char *dir, struct str text, char **out, struct err *err) MUST_CHECK;
// A secret's file: regular, at most CONFIG_SECRET_MAX bytes of text, not readable by others. Line
// ends behind it are cut off. The error does not name the file.
bool config_secret(const char *path, char **out, struct err *err) MUST_CHECK;
void config_secret_free(char *secret); // overwrites it first; NULL is fine

#endif
