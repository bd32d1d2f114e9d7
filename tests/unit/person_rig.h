// SPDX-License-Identifier: EUPL-1.2
// Persons under one key, for tests of their pseudonyms.
#ifndef PERSON_RIG_H
#define PERSON_RIG_H

#include "core/person/person.h"

#include "unit.h"

static struct person_keys one_key = {.count = 1};
static int32_t today; // 2024-03-01

static inline int person_setup(void **state) {
    (void)state;
    if (!hash_init())
        return 1;
    memset(one_key.list[0].key.bytes, 7, HASH_KEY_BYTES);
    person_key_name(&one_key.list[0]);
    today = time_day_from_civil(2024, 3, 1);
    return 0;
}

static inline struct item_person person_of(const char *name, const char *birth_date,
                                           const char *nationality, const char *v_number) {
    return (struct item_person){str_from(name), str_from(birth_date), str_from(nationality),
                                str_from(v_number)};
}

static inline struct person_pseudonyms pseudonyms(struct item_person person) {
    struct person_pseudonyms out;
    struct person_faults faults;
    person_pseudonymise(&one_key, &person, today, &out, &faults);
    assert_int_equal(faults.count, 0);
    return out;
}

static inline struct digest content(struct item_person person) {
    struct digest out;
    person_content(&one_key.list[0].key, &person, &out);
    return out;
}

static inline bool is_zero(const struct digest *digest) {
    static const struct digest zero;
    return digest_equal(digest, &zero);
}

// Are two known by one pseudonym? Whether they are, their content must say as well.
static inline bool are_one(struct item_person a, struct item_person b) {
    struct person_pseudonyms x = pseudonyms(a), y = pseudonyms(b);
    struct digest content_a = content(a), content_b = content(b);
    if (x.base_count != 1 || y.base_count != 1)
        fail_msg("%u and %u bases", x.base_count, y.base_count);
    bool one = digest_equal(&x.list[0][0], &y.list[0][0]);
    assert_int_equal(one, digest_equal(&content_a, &content_b));
    return one;
}

#endif
