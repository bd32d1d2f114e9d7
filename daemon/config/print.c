// SPDX-License-Identifier: EUPL-1.2
// The two prints of the table of keys. One shows what is in force: it can be read as a
// configuration again, but for the secrets. The other is the list of keys in
// conf/man/signaald.yaml.5, which a test compares with this, so that the page cannot say anything
// else than the program.
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
        const struct yaml_key *key = &config_keys[i];
        if (strcmp(key->section, section) != 0)
            buf_printf(out, "%s:\n", key->section);
        section = key->section;
        buf_printf(out, "  %s:", key->name);
        if (key->type == YAML_KEY_NODE) {
            print_settings(config, out);
            continue;
        }
        buf_putc(out, ' ');
        if (!config_value_put(key, config, out))
            buf_puts(out, "null");
        buf_printf(out, " # %s%s\n", key->help, key->restart ? "" : " (reloadable)");
    }
}

void config_print_manual(struct buf *out) {
    for (size_t i = 0; i < config_key_count; i++) {
        const struct yaml_key *key = &config_keys[i];
        bool first = i == 0 || strcmp(key->section, config_keys[i - 1].section) != 0;
        bool last =
            i + 1 == config_key_count || strcmp(key->section, config_keys[i + 1].section) != 0;
        if (first)
            buf_printf(out, ".Ss %s\n.Bl -tag -width Ds\n", key->section);
        buf_printf(out, ".It Cm %s\n%s.\n.br\nDefault: %s.\nAllowed: ", key->name, key->help,
                   key->default_text ? key->default_text : "none");
        yaml_key_put_allowed(key, out);
        buf_puts(out, key->restart ? ".\nNeeds a restart.\n" : ".\n");
        if (last)
            buf_puts(out, ".El\n");
    }
}
