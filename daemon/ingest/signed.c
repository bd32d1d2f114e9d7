// SPDX-License-Identifier: EUPL-1.2
// Signed requests: HMAC-SHA-256 over "TIMESTAMP.BODY". A request stands for itself once. What was
// taken is remembered for longer than its time is near ours, in two halves that take turns; and
// for what was taken before this start the ledger knows the latest time of each source, which was
// on the disk before the answer left. So after a kill no older request is taken, and one that a
// sender makes anew is.
#include "base/map.h"
#include "base/mem.h"
#include "push_private.h"

#include <stdlib.h>
#include <string.h>

enum { SKEW_S = 300, TURN_MS = 2 * SKEW_S * 1000, REMEMBERED_MAX = 1 << 19 };

struct signed_seen {
    uint64_t mark; // the beginning of its code; not 0
    uint64_t more;
};

struct signed_floor {
    uint64_t source; // its name as a number; not 0
    int64_t seconds;
};

struct signed_past {
    struct map now, before; // of struct signed_seen
    struct map floors;      // of struct signed_floor
    int64_t turn_ms;        // when `now` becomes `before`
};

static bool is_seen(const void *entry, const void *key) {
    return memcmp(entry, key, sizeof(struct signed_seen)) == 0;
}

static const struct map_kind seen = {
    sizeof(struct signed_seen), 0, 64, 2, map_hash_number, is_seen};
static const struct map_kind floors = {
    sizeof(struct signed_floor), 0, 64, 2, map_hash_number, map_has_number};

struct signed_past *signed_past_create(void) {
    struct signed_past *past = mem_zalloc(1, sizeof *past);
    map_init(&past->now, &seen);
    map_init(&past->before, &seen);
    map_init(&past->floors, &floors);
    return past;
}

void signed_past_free(struct signed_past *past) {
    if (!past)
        return;
    free(past->now.entries);
    free(past->before.entries);
    free(past->floors.entries);
    free(past);
}

bool signed_is(const struct http_request *request) {
    return !http_header_value(request, "Authorization").data &&
           http_header_value(request, SIGNED_CODE).data;
}

const char *signed_read(const struct sources *sources, const struct http_request *request,
                        int64_t now_s, struct signed_request *given) {
    struct str code = http_header_value(request, SIGNED_CODE);
    struct str time = http_header_value(request, SIGNED_TIME);
    struct str begin = STR("sha256=");
    uint64_t seconds;
    given->source = sources_find(sources, http_header_value(request, SIGNED_SOURCE));
    if (!given->source || !given->source->signing[0])
        return "No source of this name signs: say yours in " SIGNED_SOURCE ".";
    if (code.len <= begin.len || !str_equal_nocase((struct str){code.data, begin.len}, begin) ||
        !hash_from_hex((struct str){code.data + begin.len, code.len - begin.len}, given->code,
                       sizeof given->code))
        return SIGNED_CODE " is sha256= and 64 hexadecimal digits.";
    if (time.len > SIGNED_TIME_MAX || !str_to_u64(time, INT64_MAX / 1000, &seconds))
        return SIGNED_TIME " is the time in seconds since 1970.";
    given->seconds = (int64_t)seconds;
    if (given->seconds < now_s - SKEW_S || given->seconds > now_s + SKEW_S)
        return SIGNED_TIME " is more than five minutes from the time here, which Date tells.";
    // What is not signed must not change what is.
    if (http_has_query(request) || http_header_each(request, "ce-", NULL, NULL))
        return "A signed request has no query, and no headers ce-*: they are not signed.";
    memcpy(given->time, time.data, time.len);
    given->time_len = time.len;
    return NULL;
}

static bool holds(const struct signed_request *given, struct str body) {
    const struct str parts[] = {{given->time, given->time_len}, STR("."), body};
    uint8_t code[SHA256_BYTES];
    bool equal = false;
    for (size_t i = 0; i < SOURCE_TOKENS_MAX; i++) {
        const char *secret = given->source->signing[i];
        hash_hmac_sha256(str_from(secret ? secret : given->source->signing[0]), parts, 3, code);
        equal |= hash_equal_secret(code, given->code, sizeof code);
    }
    return equal;
}

static struct signed_seen mark_of(const struct signed_request *given) {
    struct signed_seen mark;
    memcpy(&mark, given->code, sizeof mark);
    mark.mark |= 1;
    return mark;
}

static void turn(struct signed_past *past, int64_t now_ms) {
    if (now_ms < past->turn_ms)
        return;
    free(past->before.entries);
    past->before = past->now;
    map_init(&past->now, &seen);
    past->turn_ms = now_ms + TURN_MS;
}

static int64_t floor_of(struct signed_past *past, const struct source *source,
                        struct ledger *ledger) {
    struct feed_record known;
    uint64_t number = sender_number(source->name);
    struct signed_floor *floor = map_find(&past->floors, &floors, &number);
    if (!map_used(&floors, floor)) {
        bool found = ledger_feed(ledger, str_from(source->name), &known);
        floor = map_add(&past->floors, &floors, &number);
        *floor = (struct signed_floor){number, found ? known.signed_s : 0};
    }
    return floor->seconds;
}

unsigned signed_check(struct signed_past *past, const struct signed_request *given, struct str body,
                      struct ledger *ledger, int64_t now_ms, const char **why) {
    struct signed_seen mark = mark_of(given);
    turn(past, now_ms);
    if (!holds(given, body)) {
        *why = SIGNED_CODE " is not that of this timestamp and body.";
        return 401;
    }
    if (given->seconds <= floor_of(past, given->source, ledger)) {
        *why = "The service has started since this was signed, so nobody can say whether it was "
               "taken. Nothing was accepted; sign it anew.";
        return 503;
    }
    if (map_used(&seen, map_find(&past->before, &seen, &mark)) ||
        map_used(&seen, map_find(&past->now, &seen, &mark))) {
        *why = "This signed request was taken already: sign each one anew.";
        return 401;
    }
    if (past->now.count >= REMEMBERED_MAX)
        return 429;
    *(struct signed_seen *)map_add(&past->now, &seen, &mark) = mark;
    return 0;
}

void signed_forget(struct signed_past *past, const struct signed_request *given) {
    struct signed_seen mark = mark_of(given);
    struct map *maps[] = {&past->now, &past->before};
    for (size_t i = 0; i < 2; i++) {
        void *entry = map_find(maps[i], &seen, &mark);
        if (map_used(&seen, entry))
            map_remove(maps[i], &seen, entry);
    }
}
