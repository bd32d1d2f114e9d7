// SPDX-License-Identifier: EUPL-1.2
// Loading in three steps: the file, the defaults of what it left out, the checks. Each step goes on
// after a fault, so that one run tells all.
#include "config_private.h"

#include "base/mem.h"

#include <stdlib.h>

enum { CONFIG_FILE_MAX = 1024 * 1024 };

static bool set_path(struct yaml_keys_reading *yaml, struct str text, char **field,
                     struct err *err) {
    return config_path(((struct config_reading *)yaml)->dir, text, field, err);
}

static bool read_yaml(struct config_reading *reading) {
    struct buf text;
    struct err err;
    if (!str_read_file(reading->yaml.file, CONFIG_FILE_MAX, &text, &err)) {
        diagnostics_add(reading->yaml.faults, NULL, 0, "%s", err.text);
        return false;
    }
    bool ok = yaml_keys_read(&reading->yaml, buf_str(&text));
    if (text.data)
        hash_wipe(text.data, text.len);
    buf_free(&text);
    return ok;
}

static void fill_in_defaults(struct config_reading *reading) {
    for (size_t i = 0; i < config_key_count; i++)
        if (reading->yaml.keys[i].line == 0 && config_keys[i].default_text)
            yaml_key_set(&reading->yaml, i, str_from(config_keys[i].default_text));
}

struct config *config_load(const char *file, config_check *check, struct diagnostics *faults) {
    struct config *config = mem_zalloc(1, sizeof *config);
    struct config_reading reading = {.yaml = {.file = file,
                                              .faults = faults,
                                              .table = config_keys,
                                              .count = config_key_count,
                                              .object = config,
                                              .null_leaves = true,
                                              .set_path = set_path},
                                     .dir = config_path_dir(file),
                                     .config = config};
    size_t before = faults->count;
    config->file = mem_strdup(file);
    if (read_yaml(&reading)) {
        fill_in_defaults(&reading);
        config_files_check(&reading);
        if (check)
            check(config, faults);
    }
    free(reading.dir);
    if (faults->count == before)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config) {
    if (!config)
        return;
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].type == YAML_KEY_TEXT || config_keys[i].type == YAML_KEY_PATH)
            free(*(char **)((char *)config + config_keys[i].offset));
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        free(config->kafka_properties[i].name);
        config_secret_free(config->kafka_properties[i].value);
    }
    free(config->listen_address);
    free(config->metrics_address);
    free(config->file);
    free(config);
}
