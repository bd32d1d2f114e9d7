// SPDX-License-Identifier: EUPL-1.2
// librdkafka's settings: the names that are allowed, and their values. Three kinds: a secret in a
// file ("file:PATH"), the path of a file that librdkafka reads itself (*.location), and plain text.
#include "config_private.h"

#include "base/mem.h"
#include "base/secret_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char FILE_PREFIX[] = "file:";

// Checked in this order; the first that fits decides. A name that ends in '.' fits all below it.
static const struct {
    const char *name;
    bool allowed;
} rules[] = {
    {"ssl.engine.", false},    // loads a library
    {"sasl.kerberos.", false}, // runs kinit in a shell
    {"ssl.", true},
    {"sasl.", true},
    {"security.protocol", true},
    {"client.id", true},
    {"broker.address.family", true},
    {"broker.address.ttl", true},
    {"compression.codec", true},
    {"compression.level", true},
    {"linger.ms", true},
    {"batch.size", true},
    {"message.max.bytes", true},
    {"queue.buffering.max.messages", true},
    {"queue.buffering.max.kbytes", true},
    {"metadata.max.age.ms", true},
    {"topic.metadata.refresh.interval.ms", true},
    {"reconnect.backoff.ms", true},
    {"reconnect.backoff.max.ms", true},
    {"retry.backoff.ms", true},
    {"request.timeout.ms", true},
    {"socket.timeout.ms", true},
    {"socket.connection.setup.timeout.ms", true},
};

bool kafka_property_allowed(struct str name) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        size_t len = strlen(rules[i].name);
        bool family = rules[i].name[len - 1] == '.';
        if (family ? name.len > len && memcmp(name.data, rules[i].name, len) == 0
                   : str_is(name, rules[i].name))
            return rules[i].allowed;
    }
    return false;
}

static bool is_secret(const char *name) {
    return strstr(name, "password") || strstr(name, "secret") || strstr(name, "key.pem") ||
           strcmp(name, "sasl.oauthbearer.config") == 0;
}

static bool is_path(const char *name, struct str value) {
    static const char end[] = ".location";
    size_t len = strlen(name);
    return len >= sizeof end && strcmp(name + len - (sizeof end - 1), end) == 0 &&
           !str_is(value, "probe"); // librdkafka's word for looking in the usual places
}

static bool check_secret_file(const char *file, struct err *err) {
    struct stat st;
    return stat(file, &st) != 0 || secret_file_check(file, &st, err);
}

static bool take_secret(const struct config_reading *reading, struct str path, char **value,
                        struct err *err) {
    char *file = NULL;
    bool ok = config_path(reading->dir, path, &file, err) && config_secret(file, value, err);
    free(file);
    return ok;
}

static bool take_path(const struct config_reading *reading, const char *name, struct str path,
                      char **value, struct err *err) {
    if (!config_path(reading->dir, path, value, err))
        return false;
    if (access(*value, R_OK) != 0)
        return err_set(err, ERR_CONFIG, "cannot be read: %s", strerror(errno));
    return (!strstr(name, ".key") && !strstr(name, "keytab")) || check_secret_file(*value, err);
}

static bool take_text(const struct config_reading *reading, struct str text, bool secret,
                      char **value, struct err *err) {
    struct err open;
    if (secret && !check_secret_file(reading->yaml.file, &open))
        return err_set(err, ERR_CONFIG, "write file:PATH, or close this file: %s", open.text);
    *value = mem_strndup(text.data, text.len);
    return true;
}

static bool read_property(const struct config_reading *reading, struct str name, struct str text,
                          struct kafka_property *out, struct err *err) {
    const size_t prefix = sizeof FILE_PREFIX - 1;
    struct kafka_property setting = {.name = mem_strndup(name.data, name.len)};
    bool in_file = text.len >= prefix && memcmp(text.data, FILE_PREFIX, prefix) == 0;
    bool ok;
    setting.secret = in_file || is_secret(setting.name);
    if (text.len > CONFIG_TEXT_MAX || !str_is_clean_utf8(text))
        ok = err_set(err, ERR_CONFIG, "at most %d bytes, without control characters",
                     CONFIG_TEXT_MAX);
    else if (in_file)
        ok = take_secret(reading, (struct str){text.data + prefix, text.len - prefix},
                         &setting.value, err);
    else if (is_path(setting.name, text))
        ok = take_path(reading, setting.name, text, &setting.value, err);
    else
        ok = take_text(reading, text, setting.secret, &setting.value, err);
    if (ok) {
        *out = setting;
        return true;
    }
    free(setting.name);
    config_secret_free(setting.value);
    return false;
}

static void property_entry(void *ctx, const struct yaml_node *key, const struct yaml_node *value) {
    const struct config_reading *reading = ctx;
    struct diagnostics *faults = reading->yaml.faults;
    const char *file = reading->yaml.file;
    struct config *config = reading->config;
    struct str name = key->text;
    char shown[DIAGNOSTIC_QUOTE_MAX];
    struct err err;
    if (!kafka_property_allowed(name)) {
        diagnostics_add(
            faults, file, key->line,
            "kafka.settings: %s cannot be set here (allowed: security.*, ssl.*, sasl.* and "
            "a few for tuning)",
            diagnostics_quote(name, shown));
        return;
    }
    if (value->kind != YAML_TEXT || value->null) {
        diagnostics_add(faults, file, value->line, "kafka.settings: %s: one value is needed",
                        diagnostics_quote(name, shown));
        return;
    }
    if (read_property(reading, name, value->text,
                      &config->kafka_properties[config->kafka_property_count], &err))
        config->kafka_property_count++;
    else if (!diagnostics_pass_over(faults, &err))
        diagnostics_add(faults, file, value->line, "kafka.settings: %s: %s",
                        diagnostics_quote(name, shown), err.text);
}

void kafka_properties_read(struct yaml_keys_reading *yaml, const struct yaml_node *value) {
    if (value->kind == YAML_MAP)
        diagnostics_each_entry(yaml->faults, yaml->file, "kafka.settings", value,
                               KAFKA_PROPERTIES_MAX, property_entry, yaml);
    else if (!value->null)
        yaml_key_fault(yaml, config_key_index("kafka", "settings"), "names with values are needed");
}
