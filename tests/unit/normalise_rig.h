// SPDX-License-Identifier: EUPL-1.2
// A normaliser with the tables that ship with the project.
#ifndef NORMALISE_RIG_H
#define NORMALISE_RIG_H

#include "core/normalise/normalise.h"

#include "core_tables.h"

// Thursday 2024-02-29, 12:00 in Amsterdam.
enum { RECEIVED_DAY = 19782, AMSTERDAM = 363 };
static const int64_t received_ms = 1709204400000;

struct fixture {
    struct municipalities *municipalities;
    struct categories *categories;
    struct hash_key key;
    struct normalise_context context;
};

static inline int set_up(void **state) {
    static struct fixture f;
    assert_true(hash_init());
    f.municipalities = tables_municipalities();
    f.categories = tables_categories();
    memset(f.key.bytes, 7, sizeof f.key.bytes);
    f.context = (struct normalise_context){
        .municipalities = f.municipalities,
        .categories = f.categories,
        .identity_key = &f.key,
        .person_keys = tables_person_keys(),
        .source = STR("amsterdam"),
        .source_kind = SOURCE_MUNICIPALITY,
        .source_municipality = AMSTERDAM,
        .received_ms = received_ms,
    };
    *state = &f;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;
    municipalities_free(f->municipalities);
    categories_free(f->categories);
    return 0;
}

static inline struct signal good(const struct normalise_context *context, const struct item *item) {
    struct signal signal;
    struct normalise_result result;
    normalise_item(context, item, &signal, &result);
    if (result.fault_count)
        fail_msg("%s at %s", fault_code_name(result.faults[0].code), result.faults[0].pointer);
    return signal;
}

static inline int32_t day_of(const char *text) {
    int32_t day;
    assert_true(time_parse_date(str_from(text), &day));
    return day;
}

#endif
