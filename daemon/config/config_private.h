// SPDX-License-Identifier: EUPL-1.2
// What the files of daemon/config/ share among themselves; everybody else includes config.h.
//   config.c   load and free: read, fill in defaults, check, in this order
//   keys.c     the one table of keys
//   values.c   a value as the operator would write it
//   kafka_properties.c  names and values of librdkafka's settings
//   reload.c   what another configuration changes
//   files.c    paths, secrets, and whether the files named are there
//   logo.c     whether a picture can be put into a page
//   print.c    what is in force, as YAML; the list of keys for the manual
#ifndef CONFIG_CONFIG_PRIVATE_H
#define CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "config/files.h"
#include "config/text/url.h"
#include "config/text/yaml_keys.h"

enum { CONFIG_SECRET_MAX = 65536 };

extern const struct yaml_key config_keys[];
extern const size_t config_key_count;
size_t config_key_index(const char *section, const char *name); // of a key that exists

// A file being read.
struct config_reading {
    struct yaml_keys_reading yaml;
    char *dir; // of the file, with the slash; "" when it has none
    struct config *config;
};

// As the operator would write it. False when it has no value.
bool config_value_put(const struct yaml_key *key, const struct config *config, struct buf *out);
uint64_t config_value_number(const struct yaml_key *key, const struct config *config);
// "127.0.0.1:8080", "[::1]:8080" or "none" to the two fields of struct config.
bool config_set_listen(struct str text, void *config);  // intake.listen
bool config_set_metrics(struct str text, void *config); // metrics.listen

// May an operator set this one of librdkafka's?
bool kafka_property_allowed(struct str name);
// kafka.settings
void kafka_properties_read(struct yaml_keys_reading *yaml, const struct yaml_node *value);
// In double quotes, as YAML has it.
void config_put_quoted(struct buf *out, const char *text);

// Values that do not go together, and files that are not there.
void config_files_check(struct config_reading *reading);

#endif
