// SPDX-License-Identifier: EUPL-1.2
// What is in force. It can be read as a configuration again, but for the secrets.
#include "config_private.h"

#include <string.h>

static void print_settings(const struct config *config, struct buf *out) {
    buf_puts(out, config->kafka_property_count ? "\n" : " {}\n");
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        const struct kafka_property *setting = &config->kafka_properties[i];
        buf_puts(out, "    ");
        config_put_quoted(out, setting->name);
        buf_puts(out, ": ");
        config_put_quoted(out, setting->secret ? "(secret)" : setting->value);
        buf_putc(out, '\n');
    }
}

void config_print(const struct config *config, struct buf *out) {
    const char *section = "";
    buf_printf(out, "# %s\n", config->file);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(key->section, section) != 0)
            buf_printf(out, "%s:\n", key->section);
        section = key->section;
        buf_printf(out, "  %s:", key->name);
        if (key->type == CONFIG_PROPERTIES) {
            print_settings(config, out);
            continue;
        }
        buf_putc(out, ' ');
        if (!config_value_put(key, config, out))
            buf_puts(out, "null");
        buf_printf(out, " # %s\n", key->help);
    }
}
