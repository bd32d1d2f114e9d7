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
    int64_t certificate_told_ms;
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

static struct sender_rate *rate_of(struct map *map, const char *source) {
    uint64_t name = sender_number(source);
    struct sender_rate *rate = map_add(map, &rates, &name);
    rate->name = name;
    return rate;
}

uint32_t sender_wait_s(struct map *map, const struct source *source, uint32_t per_minute,
                       int64_t now_ms) {
    if (source->requests_per_minute)
        per_minute = source->requests_per_minute;
    if (!per_minute)
        return 0;
    struct sender_rate *rate = rate_of(map, source->name);
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

// --- whose certificate it is

// At most once a minute of each source, and of all that have none.
static void tell_certificate(struct map *map, const struct source *holder,
                             const struct http_certificate *shown, const char *why,
                             int64_t now_ms) {
    char fingerprint[2 * DIGEST_HEX + 1];
    struct digest half;
    struct sender_rate *rate = rate_of(map, holder ? holder->name : "");
    if (rate->certificate_told_ms && now_ms - rate->certificate_told_ms < MINUTE_MS)
        return;
    rate->certificate_told_ms = now_ms;
    for (size_t i = 0; i < 2; i++) {
        memcpy(half.bytes, shown->fingerprint + i * DIGEST_BYTES, DIGEST_BYTES);
        digest_to_hex(&half, fingerprint + i * DIGEST_HEX);
    }
    log_alarm(ALARM_CLIENT_CERTIFICATE,
              "a client's certificate is not taken, it gets 401: %s source=%s sha256=%s", why,
              holder ? holder->name : "", fingerprint);
}

const struct source *sender_by_certificate(struct map *map, const struct sources *sources,
                                           const struct http_certificate *shown,
                                           const struct source *beside, int64_t now_ms) {
    const struct source *holder =
        sources_by_certificate(sources, shown->fingerprint, shown->has_oin ? shown->oin : NULL);
    const char *why = shown->fault;
    if (!why && !holder)
        why = "no source has it";
    else if (!why && beside && beside != holder)
        why = "a token or signature of another source came with it";
    if (why)
        tell_certificate(map, holder, shown, why, now_ms);
    return why ? NULL : holder;
}
