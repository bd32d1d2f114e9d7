// SPDX-License-Identifier: EUPL-1.2
// A value's text to its field, and back: reading what was written gives the same value.
#include "config_private.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int level;
} levels[] = {{"error", LOG_LEVEL_ERROR},
              {"warning", LOG_LEVEL_WARNING},
              {"notice", LOG_LEVEL_NOTICE},
              {"info", LOG_LEVEL_INFO}};
enum { LEVELS = sizeof levels / sizeof *levels };

// "127.0.0.1:8080", "[::1]:8080", "none"
static bool listen_split(struct str text, char address[INET6_ADDRSTRLEN], uint16_t *port) {
    size_t colon = text.len;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    uint64_t number;
    if (colon == 0 ||
        !str_to_u64((struct str){text.data + colon, text.len - colon}, UINT16_MAX, &number) ||
        number == 0)
        return false;
    struct str host = {text.data, colon - 1};
    bool six = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (six)
        host = (struct str){host.data + 1, host.len - 2};
    if (host.len >= INET6_ADDRSTRLEN)
        return false;
    memcpy(address, host.data, host.len);
    address[host.len] = '\0';
    unsigned char bytes[16];
    if (strlen(address) != host.len || inet_pton(six ? AF_INET6 : AF_INET, address, bytes) != 1)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool set_listen(struct str text, struct config *config) {
    char address[INET6_ADDRSTRLEN];
    if (str_is(text, "none")) {
        free(config->listen_address);
        config->listen_address = NULL;
        return true;
    }
    if (!listen_split(text, address, &config->listen_port))
        return false;
    free(config->listen_address);
    config->listen_address = mem_strdup(address);
    return true;
}

static bool set_text(const struct config_key *key, struct str text, char **field) {
    if (!key->check(text))
        return false;
    free(*field);
    *field = mem_strndup(text.data, text.len);
    return true;
}

static bool set_level(struct str text, int *field) {
    for (size_t i = 0; i < LEVELS; i++)
        if (str_is(text, levels[i].name)) {
            *field = levels[i].level;
            return true;
        }
    return false;
}

static enum quantity_kind measure_of(const struct config_key *key) {
    return key->type == CONFIG_COUNT ? QUANTITY_PLAIN
           : key->type == CONFIG_MS  ? QUANTITY_DURATION
                                     : QUANTITY_SIZE;
}

static bool set_number(const struct config_key *key, struct str text, void *field) {
    uint64_t value;
    if (!parse_quantity(text, measure_of(key), key->min, key->max, &value))
        return false;
    switch (key->type) {
    case CONFIG_COUNT:
        *(uint32_t *)field = (uint32_t)value;
        break;
    case CONFIG_BYTES:
        *(size_t *)field = (size_t)value;
        break;
    case CONFIG_MS:
        *(int64_t *)field = (int64_t)value;
        break;
    default:
        *(uint64_t *)field = value;
    }
    return true;
}

uint64_t config_value_number(const struct config_key *key, const struct config *config) {
    const void *field = (const char *)config + key->offset;
    switch (key->type) {
    case CONFIG_COUNT:
        return *(const uint32_t *)field;
    case CONFIG_BYTES:
        return *(const size_t *)field;
    case CONFIG_MS:
        return (uint64_t) * (const int64_t *)field;
    default:
        assert(key->type == CONFIG_BYTES_64);
        return *(const uint64_t *)field;
    }
}

void config_allowed_put(const struct config_key *key, struct buf *out) {
    if (key->allowed) {
        buf_puts(out, key->allowed);
        return;
    }
    put_quantity(out, measure_of(key), key->min);
    buf_puts(out, "..");
    put_quantity(out, measure_of(key), key->max);
    if (key->type == CONFIG_MS)
        buf_puts(out, ", with ms, s, m, h or d");
    else if (key->type != CONFIG_COUNT)
        buf_puts(out, ", with KiB, MiB, GiB or none");
}

static bool refuse(const struct config_key *key, struct str text, struct err *err) {
    char shown[DIAGNOSTIC_QUOTE_MAX];
    struct buf allowed;
    buf_init(&allowed, 160);
    config_allowed_put(key, &allowed);
    (void)err_set(err, ERR_CONFIG, "%s is not allowed (allowed: %.*s)",
                  diagnostics_quote(text, shown), (int)allowed.len, allowed.data);
    buf_free(&allowed);
    return false;
}

bool config_value_set(const struct config_key *key, struct str text, const char *dir,
                      struct config *config, struct err *err) {
    void *field = (char *)config + key->offset;
    bool ok = false;
    switch (key->type) {
    case CONFIG_PATH:
        return config_path(dir, text, field, err);
    case CONFIG_TEXT:
        ok = set_text(key, text, field);
        break;
    case CONFIG_LISTEN:
        ok = set_listen(text, config);
        break;
    case CONFIG_LEVEL:
        ok = set_level(text, field);
        break;
    default:
        assert(key->type != CONFIG_PROPERTIES);
        ok = set_number(key, text, field);
    }
    return ok || refuse(key, text, err);
}

static bool put_listen(const struct config *config, struct buf *out) {
    const char *address = config->listen_address;
    if (!address)
        buf_puts(out, "none");
    else
        buf_printf(out, strchr(address, ':') ? "\"[%s]:%u\"" : "\"%s:%u\"", address,
                   (unsigned)config->listen_port);
    return true;
}

void config_put_quoted(struct buf *out, const char *text) {
    buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

bool config_value_put(const struct config_key *key, const struct config *config, struct buf *out) {
    const void *field = (const char *)config + key->offset;
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        if (!*(char *const *)field)
            return false;
        config_put_quoted(out, *(char *const *)field);
        return true;
    case CONFIG_LISTEN:
        return put_listen(config, out);
    case CONFIG_LEVEL:
        for (size_t i = 0; i < LEVELS; i++)
            if (levels[i].level == *(const int *)field)
                buf_puts(out, levels[i].name);
        return true;
    case CONFIG_PROPERTIES:
        return false;
    default:
        put_quantity(out, measure_of(key), config_value_number(key, config));
        return true;
    }
}
