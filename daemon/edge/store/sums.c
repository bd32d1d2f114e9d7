// SPDX-License-Identifier: EUPL-1.2
// LMDB has no checksums, and a page that is an old copy of itself would pass one. So a commit keeps
// a sum of what each table holds: of every entry a digest of 64 bits, added up. Adding and taking
// away an entry changes it without reading the others, and whoever reads a table whole can compare.
// It finds damage and no enemy: the digests have no secret key.
#include "store_private.h"

#include "base/hash.h"

#include <string.h>

const struct str sums_key = {"sums", 4};

static uint64_t of_all(const struct sums *sums) {
    return hash_short(STORE_TABLES, 0, (struct str){(const char *)sums->of, sizeof sums->of});
}

void sums_put(const struct sums *sums, char out[SUMS_BYTES]) {
    uint64_t check = of_all(sums);
    memcpy(out, sums->of, sizeof sums->of);
    memcpy(out + sizeof sums->of, &check, sizeof check);
}

bool sums_get(struct str value, struct sums *sums) {
    uint64_t check;
    if (value.len != SUMS_BYTES)
        return false;
    memcpy(sums->of, value.data, sizeof sums->of);
    memcpy(&check, value.data + sizeof sums->of, sizeof check);
    return check == of_all(sums);
}

bool sums_are_of(enum store_table table) {
    return table != STORE_AUDIT;
}

uint64_t sums_begin(enum store_table table, struct str key) {
    return hash_short((uint64_t)table, 1, key);
}

uint64_t sums_go_on(uint64_t sum, enum store_table table, struct str piece) {
    return hash_short(sum, (uint64_t)table, piece);
}

uint64_t sums_entry(enum store_table table, struct str key, struct str value) {
    if (!sums_are_of(table))
        return 0;
    uint64_t sum = sums_begin(table, key);
    while (value.len > SUMS_CHUNK) {
        sum = sums_go_on(sum, table, (struct str){value.data, SUMS_CHUNK});
        value = (struct str){value.data + SUMS_CHUNK, value.len - SUMS_CHUNK};
    }
    return sums_go_on(sum, table, value);
}
