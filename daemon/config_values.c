// SPDX-License-Identifier: EUPL-1.2
// A value's text to its field, and back: reading what was written gives the same value.
#include "config_parts.h"

#include "base/log.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

// Largest last, for writing.
static const struct unit sizes[] = {{"", 1},
                                    {"B", 1},
                                    {"KiB", 1ULL << 10},
                                    {"MiB", 1ULL << 20},
                                    {"GiB", 1ULL << 30},
                                    {"TiB", 1ULL << 40}};
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
enum {
    SIZES = sizeof sizes / sizeof *sizes,
    DURATIONS = sizeof durations / sizeof *durations,
};

static const struct {
    const char *name;
    int level;
} levels[] = {{"error", LOG_LEVEL_ERROR},
              {"warning", LOG_LEVEL_WARNING},
              {"notice", LOG_LEVEL_NOTICE},
              {"info", LOG_LEVEL_INFO}};
enum { LEVELS = sizeof levels / sizeof *levels };

// Digits and a unit, nothing between them.
static bool measure(struct str text, const struct unit *units, size_t unit_count, uint64_t min,
                    uint64_t max, uint64_t *value) {
    size_t digits = 0;
    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    struct str unit = {text.data + digits, text.len - digits};
    uint64_t number;
    if (!str_to_u64((struct str){text.data, digits}, UINT64_MAX, &number))
        return false;
    for (size_t i = 0; i < unit_count; i++)
        if (str_is(unit, units[i].name)) {
            if (number > max / units[i].factor || number * units[i].factor < min)
                return false;
            *value = number * units[i].factor;
            return true;
        }
    return false;
}

static void put_measure(struct buf *out, const struct unit *units, size_t unit_count,
                        uint64_t value) {
    size_t i = unit_count - 1;
    while (i > 0 && (value == 0 || value % units[i].factor != 0))
        i--;
    buf_put_u64(out, value / units[i].factor);
    buf_puts(out, units[i].name);
}

bool config_duration(struct str text, uint64_t min, uint64_t max, int64_t *ms) {
    uint64_t value;
    if (!measure(text, durations, DURATIONS, min, max, &value))
        return false;
    *ms = (int64_t)value;
    return true;
}

void config_put_duration(struct buf *out, uint64_t ms) {
    put_measure(out, durations, DURATIONS, ms);
}

const char *config_shown(struct str text, char out[CONFIG_SHOWN_MAX]) {
    static const char more[] = "…";
    const size_t room = CONFIG_SHOWN_MAX - sizeof more - 2; // two quotes and the NUL
    bool clean = str_is_clean_utf8(text), cut = text.len > room;
    size_t len = cut ? room : text.len, at = 0;
    while (cut && len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len--;
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        char c = text.data[i];
        out[at++] = clean || (c >= ' ' && c <= '~') ? c : '?';
    }
    if (cut) {
        memcpy(out + at, more, sizeof more - 1);
        at += sizeof more - 1;
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}

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

static bool set_number(const struct config_key *key, struct str text, void *field) {
    static const struct unit plain[] = {{"", 1}};
    bool time = key->type == CONFIG_MS, size = !time && key->type != CONFIG_COUNT;
    uint64_t value;
    if (!measure(text,
                 time   ? durations
                 : size ? sizes
                        : plain,
                 time   ? (size_t)DURATIONS
                 : size ? (size_t)SIZES
                        : 1,
                 key->min, key->max, &value))
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

static void put_number(const struct config_key *key, struct buf *out, uint64_t value) {
    if (key->type == CONFIG_COUNT)
        buf_put_u64(out, value);
    else if (key->type == CONFIG_MS)
        put_measure(out, durations, DURATIONS, value);
    else
        put_measure(out, sizes, SIZES, value);
}

// What is allowed, in words.
static void put_allowed(const struct config_key *key, struct buf *out) {
    switch (key->type) {
    case CONFIG_TEXT:
        buf_puts(out, key->allowed);
        return;
    case CONFIG_LISTEN:
        buf_puts(out, "ADDRESS:PORT, [ADDRESS]:PORT or none; ports 1..65535, no names of hosts");
        return;
    case CONFIG_LEVEL:
        buf_puts(out, "error, warning, notice, info");
        return;
    default:
        put_number(key, out, key->min);
        buf_puts(out, "..");
        put_number(key, out, key->max);
        if (key->type == CONFIG_MS)
            buf_puts(out, ", with ms, s, m, h or d");
        else if (key->type != CONFIG_COUNT)
            buf_puts(out, ", with KiB, MiB, GiB or none");
    }
}

static bool refuse(const struct config_key *key, struct str text, struct err *err) {
    char shown[CONFIG_SHOWN_MAX];
    struct buf allowed;
    buf_init(&allowed, 160);
    put_allowed(key, &allowed);
    (void)err_set(err, ERR_CONFIG, "%s is not allowed (allowed: %.*s)", config_shown(text, shown),
                  (int)allowed.len, allowed.data);
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
        assert(key->type != CONFIG_SETTINGS);
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
    case CONFIG_SETTINGS:
        return false;
    default:
        put_number(key, out, config_value_number(key, config));
        return true;
    }
}
