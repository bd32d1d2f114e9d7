// SPDX-License-Identifier: EUPL-1.2
// A person's four attributes, split at NUL bytes, under two keys. The same twice gives the same; a
// fault leaves no pseudonym; what has one also has a content, and no digest is another's.
#include "core/person/person.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TODAY = 19783 }; // 2024-03-01

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_digests(const struct person_pseudonyms *out, const struct digest *content) {
    static const struct digest zero;
    const struct digest *made[PERSON_BASES * PERSON_KEYS_MAX + 1] = {content};
    size_t count = 1;
    for (size_t b = 0; b < out->base_count; b++)
        for (size_t k = 0; k < out->key_count; k++)
            made[count++] = &out->list[b][k];
    for (size_t i = 0; out->base_count && i < count; i++) {
        check(!digest_equal(made[i], &zero));
        for (size_t j = 0; j < i; j++)
            check(!digest_equal(made[i], made[j]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct person_keys keys = {.list = {{.key = {{1}}}, {.key = {{2}}}},
                                            .count = PERSON_KEYS_MAX};
    struct str rest = {(const char *)data, size}, attributes[4] = {{NULL, 0}};
    for (size_t i = 0; i < 3 && str_split(&rest, '\0', &attributes[i]); i++)
        continue;
    attributes[3] = rest;
    const struct item_person person = {attributes[0], attributes[1], attributes[2], attributes[3]};
    struct person_pseudonyms out, again;
    struct person_faults faults, faults_again;
    struct digest content, content_again;
    person_pseudonymise(&keys, &person, TODAY, &out, &faults);
    person_pseudonymise(&keys, &person, TODAY, &again, &faults_again);
    person_content(&keys.list[0].key, &person, &content);
    person_content(&keys.list[0].key, &person, &content_again);
    check(memcmp(&out, &again, sizeof out) == 0 && digest_equal(&content, &content_again));
    check(out.base_count <= PERSON_BASES && out.key_count == keys.count);
    check(faults.count <= PERSON_FAULTS_MAX && faults.count == faults_again.count);
    check(faults.count == 0 || out.base_count == 0);
    check_digests(&out, &content);
    return 0;
}
