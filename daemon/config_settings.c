// SPDX-License-Identifier: EUPL-1.2
// Values of librdkafka's settings. Three kinds: a secret in a file ("file:PATH"), the path of a
// file that librdkafka reads itself (*.location), and plain text.
#include "config_parts.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char FILE_PREFIX[] = "file:";

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

static bool readable_by_others(const char *file) {
    struct stat st;
    return stat(file, &st) == 0 && (st.st_mode & (S_IRWXO | S_IWGRP));
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
    if (strstr(name, ".key") && readable_by_others(*value))
        return err_set(err, ERR_CONFIG, "others can read or change this key: chmod 0600");
    return true;
}

static bool take_text(const struct config_reading *reading, struct str text, bool secret,
                      char **value, struct err *err) {
    if (secret && readable_by_others(reading->file))
        return err_set(err, ERR_CONFIG,
                       "a secret in a file that others can read: write file:PATH, or chmod 0600 "
                       "this file");
    *value = mem_strndup(text.data, text.len);
    return true;
}

bool config_setting(const struct config_reading *reading, struct str name, struct str text,
                    struct config_setting *out, struct err *err) {
    const size_t prefix = sizeof FILE_PREFIX - 1;
    struct config_setting setting = {.name = mem_strndup(name.data, name.len)};
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
