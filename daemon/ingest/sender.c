// SPDX-License-Identifier: EUPL-1.2
// Who sends, and how often it may. A token is looked up by its digest, whatever the scheme is that
// brings it, so no scheme tells more in time than another. How often a source has asked is kept by
// its name over reloads: one number each, the time at which all it asked would have been due.
#include "base/base64.h"
#include "base/map.h"
#include "base/pii/log.h"
#include "push_private.h"

#include <string.h>

enum { TOKEN_MAX = 4096, MINUTE_MS = 60000 };

// --- who it is

// The rest behind the scheme, absent when it is another.
static struct str behind(struct str value, const char *scheme) {
    size_t len = strlen(scheme);
    if (value.len <= len || value.data[len] != ' ' ||
        !str_equal_nocase((struct str){value.data, len}, str_from(scheme)))
        return (struct str){NULL, 0};
    return str_trim((struct str){value.data + len, value.len - len});
}

// RFC 7617: the password is the token. Whose token it is says who sends, so the user's name may be
// any.
static const struct source *find_by_password(const struct sources *sources, struct str pair) {
    char text[TOKEN_MAX];
    size_t len;
    const struct source *source = NULL;
    if (base64_decode(pair, text, sizeof text, &len)) {
        const char *colon = memchr(text, ':', len);
        if (colon)
            source = sources_by_token(sources,
                                      (struct str){colon + 1, len - (size_t)(colon + 1 - text)});
    }
    hash_wipe(text, sizeof text);
    return source;
}

const struct source *sender_by_token(const struct sources *sources,
                                     const struct http_request *request) {
    struct str value = http_header_value(request, "Authorization");
    struct str token = behind(value, "Bearer");
    if (!token.data)
        token = behind(value, "Token");
    if (token.data)
        return sources_by_token(sources, token);
    struct str pair = behind(value, "Basic");
    return pair.data ? find_by_password(sources, pair) : NULL;
}

// --- how often it may

struct sender_rate {
    uint64_t name; // of the source, as a number; not 0
    int64_t due_ms;
    int64_t told_ms; // when the log was told last; 0: never
};

static const struct map_kind rates = {
    sizeof(struct sender_rate), 0, 64, 2, map_hash_number, map_has_number};

void sender_rates_init(struct map *map) {
    map_init(map, &rates);
}

uint64_t sender_number(const char *name) {
    size_t len = strlen(name);
    return (uint64_t)map_hash(name, len) << 32 | map_hash(name, len / 2 + 1) | 1;
}

uint32_t sender_wait_s(struct map *map, const struct source *source, uint32_t per_minute,
                       int64_t now_ms) {
    if (source->requests_per_minute)
        per_minute = source->requests_per_minute;
    if (!per_minute)
        return 0;
    uint64_t name = sender_number(source->name);
    struct sender_rate *rate = map_add(map, &rates, &name);
    rate->name = name;
    int64_t each_ms = MINUTE_MS / per_minute, due_ms = rate->due_ms;
    if (due_ms < now_ms)
        due_ms = now_ms;
    if (due_ms - now_ms <= MINUTE_MS - each_ms) {
        rate->due_ms = due_ms + each_ms;
        return 0;
    }
    if (!rate->told_ms || now_ms - rate->told_ms >= MINUTE_MS)
        log_alarm(ALARM_SOURCE_RATE,
                  "a source sends more than it may, it gets 429 source=%s per_minute=%u",
                  source->name, per_minute);
    rate->told_ms = now_ms;
    return (uint32_t)((due_ms - now_ms - MINUTE_MS + each_ms) / 1000 + 1);
}
