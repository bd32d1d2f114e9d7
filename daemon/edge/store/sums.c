// SPDX-License-Identifier: EUPL-1.2
// LMDB has no checksums, and a page that is an old copy of itself would pass one. So a commit keeps
// a sum of what each table holds: of every entry a digest of 64 bits, added up. Adding and taking
// away an entry changes it without reading the others, and whoever reads a table whole can compare.
// It finds damage and no enemy: the digests have no secret key. They are made as wyhash makes them
// (Wang Yi, public domain): 16 bytes a multiplication of 64 by 64 bits, whose halves are folded.
#include "store_private.h"

#include <string.h>

const struct str sums_key = {"sums", 4};

enum { LANES = 3, LANE_BYTES = 16 };
static const uint64_t odd[LANES + 1] = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu,
                                        0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u};

__extension__ typedef unsigned __int128 product;

static uint64_t fold(uint64_t a, uint64_t b) {
    product both = (product)a * b;
    return (uint64_t)both ^ (uint64_t)(both >> 64);
}

static uint64_t word(const char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

// What is left, at most 16 bytes, in two words: each byte is in one of them at least.
static uint64_t fold_end(uint64_t seed, const char *at, size_t len) {
    uint64_t first = 0, second = 0;
    if (len >= sizeof first) {
        first = word(at);
        second = word(at + len - sizeof second);
    } else {
        memcpy(&first, at, len);
    }
    return fold(first ^ odd[1], second ^ seed);
}

// 64 bits of a seed, how long the bytes are, and the bytes.
static uint64_t digest_of(uint64_t seed, struct str bytes) {
    const char *at = bytes.data;
    size_t left = bytes.len;
    seed ^= fold(seed ^ odd[0], odd[1]);
    if (left > LANES * LANE_BYTES) {
        uint64_t second = seed, third = seed;
        for (; left > LANES * LANE_BYTES; left -= LANES * LANE_BYTES, at += LANES * LANE_BYTES) {
            seed = fold(word(at) ^ odd[1], word(at + 8) ^ seed);
            second = fold(word(at + 16) ^ odd[2], word(at + 24) ^ second);
            third = fold(word(at + 32) ^ odd[3], word(at + 40) ^ third);
        }
        seed ^= second ^ third;
    }
    for (; left > LANE_BYTES; left -= LANE_BYTES, at += LANE_BYTES)
        seed = fold(word(at) ^ odd[1], word(at + 8) ^ seed);
    return fold(odd[1] ^ bytes.len, left ? fold_end(seed, at, left) : fold(odd[1], seed));
}

static uint64_t of_all(const struct sums *sums) {
    return digest_of(STORE_TABLES, (struct str){(const char *)sums, sizeof *sums});
}

void sums_put(const struct sums *sums, char out[SUMS_BYTES]) {
    uint64_t check = of_all(sums);
    memcpy(out, sums, sizeof *sums);
    memcpy(out + sizeof *sums, &check, sizeof check);
}

bool sums_get(struct str value, struct sums *sums) {
    uint64_t check;
    if (value.len != SUMS_BYTES)
        return false;
    memcpy(sums, value.data, sizeof *sums);
    memcpy(&check, value.data + sizeof *sums, sizeof check);
    return check == of_all(sums);
}

bool sums_are_of(enum store_table table) {
    return table != STORE_AUDIT;
}

uint64_t sums_begin(enum store_table table, struct str key) {
    return digest_of((uint64_t)table, key);
}

uint64_t sums_go_on(uint64_t sum, struct str piece) {
    return digest_of(sum, piece);
}

uint64_t sums_entry(enum store_table table, struct str key, struct str value) {
    if (!sums_are_of(table))
        return 0;
    uint64_t sum = sums_begin(table, key);
    while (value.len > SUMS_CHUNK) {
        sum = sums_go_on(sum, (struct str){value.data, SUMS_CHUNK});
        value = (struct str){value.data + SUMS_CHUNK, value.len - SUMS_CHUNK};
    }
    return sums_go_on(sum, value);
}
