// SPDX-License-Identifier: EUPL-1.2
// What unit tests share: cmocka in the order it needs, and random input that can be had again
// (SIGNAALD_SEED=n), in fewer rounds where each takes long (SIGNAALD_SLOW: under valgrind).
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline uint64_t unit_random(uint64_t *state) { // splitmix64
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t unit_seed(void) {
    const char *given = getenv("SIGNAALD_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %" PRIu64 "\n", seed);
    return seed;
}

// How often to try random input: `rounds`, or a twentieth of it.
static inline size_t unit_rounds(size_t rounds) {
    return getenv("SIGNAALD_SLOW") ? rounds / 20 : rounds;
}

#endif
