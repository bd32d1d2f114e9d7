// SPDX-License-Identifier: EUPL-1.2
// Loading in three steps: the file, the defaults of what it left out, the checks. Each step goes on
// after a fault, so that one run tells all.
#include "config_private.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void config_key_fault(struct config_reading *reading, size_t key, const char *fmt, ...) {
    char text[DIAGNOSTIC_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    diagnostics_add(reading->faults, reading->file, reading->keys[key].line, "%s.%s: %s",
                    config_keys[key].section, config_keys[key].name, text);
    reading->keys[key].bad = true;
}

static void fill_in_defaults(struct config_reading *reading) {
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        struct err err;
        if (reading->keys[i].line == 0 && key->default_text &&
            !config_value_set(key, str_from(key->default_text), reading->dir, reading->config,
                              &err))
            config_key_fault(reading, i, "%s", err.text);
    }
}

struct config *config_load(const char *file, config_check *check, struct diagnostics *faults) {
    struct config *config = mem_zalloc(1, sizeof *config);
    struct config_reading reading = {
        .file = file, .dir = config_path_dir(file), .config = config, .faults = faults};
    size_t before = faults->count;
    config->file = mem_strdup(file);
    if (config_yaml_read(&reading)) {
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
        if (config_keys[i].type == CONFIG_TEXT || config_keys[i].type == CONFIG_PATH)
            free(*(char **)((char *)config + config_keys[i].offset));
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        free(config->kafka_properties[i].name);
        config_secret_free(config->kafka_properties[i].value);
    }
    free(config->listen_address);
    free(config->file);
    free(config);
}
