// SPDX-License-Identifier: EUPL-1.2
// What another configuration changes in the one that is in force. Values are compared as the
// operator would write them, so that the same value is the same however it was written; a secret is
// never shown, only that it changed. Fields of keys that only a restart changes are left alone:
// pointers to them stay good for as long as the daemon runs.
#include "config_private.h"

#include <assert.h>
#include <string.h>

enum { VALUE_BYTES_MAX = CONFIG_TEXT_MAX * 2 + 2 }; // in quotes

static const char secret[] = "(secret)";

struct comparing {
    config_change_fn *fn;
    void *ctx;
};

static void tell(const struct comparing *comparing, const char *section, const char *name,
                 struct str from, struct str to, bool restart) {
    comparing->fn(comparing->ctx, &(struct config_change){section, name, from, to, restart});
}

static const struct kafka_property *find_property(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->kafka_property_count; i++)
        if (strcmp(config->kafka_properties[i].name, name) == 0)
            return &config->kafka_properties[i];
    return NULL;
}

static struct str shown(const struct kafka_property *property) {
    return str_from(!property ? NULL : property->secret ? secret : property->value);
}

static void compare_properties(const struct config *a, const struct config *b,
                               const struct comparing *comparing) {
    for (size_t i = 0; i < a->kafka_property_count; i++) {
        const struct kafka_property *was = &a->kafka_properties[i];
        const struct kafka_property *is = find_property(b, was->name);
        if (!is || strcmp(was->value, is->value) != 0)
            tell(comparing, "kafka.settings", was->name, shown(was), shown(is), false);
    }
    for (size_t i = 0; i < b->kafka_property_count; i++)
        if (!find_property(a, b->kafka_properties[i].name))
            tell(comparing, "kafka.settings", b->kafka_properties[i].name, (struct str){NULL, 0},
                 shown(&b->kafka_properties[i]), false);
}

// A server that began in the clear cannot go on with TLS, nor the other way round.
static bool begins_or_ends(const struct yaml_key *key, struct str was, struct str is) {
    return (key->offset == offsetof(struct config, tls_certificate_file) ||
            key->offset == offsetof(struct config, tls_key_file)) &&
           !was.data != !is.data;
}

void config_compare(const struct config *a, const struct config *b, config_change_fn *fn,
                    void *ctx) {
    const struct comparing comparing = {fn, ctx};
    struct buf was, is;
    buf_init(&was, VALUE_BYTES_MAX);
    buf_init(&is, VALUE_BYTES_MAX);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct yaml_key *key = &config_keys[i];
        if (key->type == YAML_KEY_NODE) {
            compare_properties(a, b, &comparing);
            continue;
        }
        buf_clear(&was);
        buf_clear(&is);
        struct str from = config_value_put(key, a, &was) ? buf_str(&was) : (struct str){NULL, 0};
        struct str to = config_value_put(key, b, &is) ? buf_str(&is) : (struct str){NULL, 0};
        if (!from.data != !to.data || !str_equal(from, to))
            tell(&comparing, key->section, key->name, from, to,
                 key->restart || begins_or_ends(key, from, to));
    }
    buf_free(&was);
    buf_free(&is);
}

static size_t field_size(const struct yaml_key *key) {
    switch (key->type) {
    case YAML_KEY_TEXT:
    case YAML_KEY_PATH:
        return sizeof(char *);
    case YAML_KEY_COUNT:
        return sizeof(uint32_t);
    case YAML_KEY_BYTES:
        return sizeof(size_t);
    case YAML_KEY_BYTES_64:
    case YAML_KEY_MS:
        return sizeof(uint64_t);
    case YAML_KEY_CHOICE:
        return sizeof(unsigned);
    case YAML_KEY_FLAG:
        return sizeof(bool);
    default:
        assert(false); // a field of its own
        return 0;
    }
}

static void swap(void *a, void *b, size_t size) {
    unsigned char *left = a, *right = b;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = left[i];
        left[i] = right[i];
        right[i] = byte;
    }
}

void config_take(struct config *config, struct config *other) {
    for (size_t i = 0; i < config_key_count; i++) {
        const struct yaml_key *key = &config_keys[i];
        if (key->restart)
            continue;
        if (key->type == YAML_KEY_NODE) {
            swap(config->kafka_properties, other->kafka_properties,
                 sizeof config->kafka_properties);
            swap(&config->kafka_property_count, &other->kafka_property_count,
                 sizeof config->kafka_property_count);
        } else {
            swap((char *)config + key->offset, (char *)other + key->offset, field_size(key));
        }
    }
    config_free(other);
}
