// SPDX-License-Identifier: EUPL-1.2
// What may happen to a ledger, at random: signals said, corrected, withdrawn and erased, time that
// passes, Kafka that confirms.
#ifndef HISTORY_RIG_H
#define HISTORY_RIG_H

#include "rebuild_rig.h"

// A signal is about the same person as long as it is known.
static bool persons_stay;

static inline void say(struct ledger *ledger, uint64_t *seed) {
    static const char *const words[] = {"prostitutie", "dwang", "iets"};
    char text[TEXT], person[128] = "";
    unsigned id = (unsigned)(unit_random(seed) % IDS);
    uint64_t about = persons_stay ? id : unit_random(seed);
    if (about % 2)
        (void)snprintf(person, sizeof person,
                       ",\"person\":{\"name\":\"Eva Jansen\",\"birthDate\":\"1980-01-%02u\"}",
                       (unsigned)(1 + about / 2 % PERSONS));
    if (unit_random(seed) % 4 == 0)
        (void)snprintf(text, sizeof text, "{\"id\":\"%u\",\"withdrawn\":true}", id);
    else
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"%u\",\"category\":\"%s\",\"reported\":\"20%02u-0%u-11\","
            "\"municipality\":\"%s\"%s}",
            id, words[unit_random(seed) % COUNT(words)], (unsigned)(10 + unit_random(seed) % 12),
            (unsigned)(1 + unit_random(seed) % 9), unit_random(seed) % 3 ? "Weesp" : "?", person);
    deliver(ledger, text, unit_random(seed) % 2);
}

// Erased while there was no Kafka, versions leave the house as stubs: which verdict they had is
// gone.
static bool stubs_leave;

// `topic` NULL: Kafka is away.
static inline void live(struct ledger *ledger, struct topic *topic, uint64_t *seed, int steps) {
    char id[8];
    for (int i = 0; i < steps; i++) {
        now += (int64_t)(unit_random(seed) % (uint64_t)(2 * day_ms));
        say(ledger, seed);
        if (unit_random(seed) % 3 == 0 && topic)
            publish(ledger, topic);
        if (unit_random(seed) % 25 == 0) {
            (void)snprintf(id, sizeof id, "%u", (unsigned)(unit_random(seed) % IDS));
            (void)erase(ledger, id, !stubs_leave || unit_random(seed) % 2);
        }
        (void)expire(ledger);
    }
    if (topic)
        publish(ledger, topic);
}

#endif
