// SPDX-License-Identifier: EUPL-1.2
// A value as the operator would write it: reading what was written gives the same value. Of the
// text of most keys yaml_keys.c makes the value; an address to listen on is read here.
#include "config_private.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

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

static bool set_listen(struct str text, char **address, uint16_t *port) {
    char host[INET6_ADDRSTRLEN];
    bool none = str_is(text, "none");
    if (!none && !listen_split(text, host, port))
        return false;
    free(*address);
    *address = none ? NULL : mem_strdup(host);
    return true;
}

bool config_set_listen(struct str text, void *ctx) {
    struct config *config = ctx;
    return set_listen(text, &config->listen_address, &config->listen_port);
}

bool config_set_metrics(struct str text, void *ctx) {
    struct config *config = ctx;
    return set_listen(text, &config->metrics_address, &config->metrics_port);
}

uint64_t config_value_number(const struct yaml_key *key, const struct config *config) {
    const void *field = (const char *)config + key->offset;
    switch (key->type) {
    case YAML_KEY_COUNT:
        return *(const uint32_t *)field;
    case YAML_KEY_BYTES:
        return *(const size_t *)field;
    case YAML_KEY_MS:
        return (uint64_t) * (const int64_t *)field;
    default:
        assert(key->type == YAML_KEY_BYTES_64);
        return *(const uint64_t *)field;
    }
}

static bool put_listen(const char *address, uint16_t port, struct buf *out) {
    if (!address)
        buf_puts(out, "none");
    else
        buf_printf(out, strchr(address, ':') ? "\"[%s]:%u\"" : "\"%s:%u\"", address,
                   (unsigned)port);
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

bool config_value_put(const struct yaml_key *key, const struct config *config, struct buf *out) {
    const void *field = (const char *)config + key->offset;
    switch (key->type) {
    case YAML_KEY_TEXT:
    case YAML_KEY_PATH:
        if (!*(char *const *)field)
            return false;
        config_put_quoted(out, *(char *const *)field);
        return true;
    case YAML_KEY_OWN: // an address to listen at
        return key->set == config_set_listen
                   ? put_listen(config->listen_address, config->listen_port, out)
                   : put_listen(config->metrics_address, config->metrics_port, out);
    case YAML_KEY_CHOICE:
        buf_puts(out, key->choices[*(const unsigned *)field - key->min]);
        return true;
    case YAML_KEY_FLAG:
        buf_puts(out, key->choices[*(const bool *)field]);
        return true;
    case YAML_KEY_NODE:
        return false;
    default:
        put_quantity(out, yaml_key_quantity(key), config_value_number(key, config));
        return true;
    }
}
