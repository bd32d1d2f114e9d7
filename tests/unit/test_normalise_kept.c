// SPDX-License-Identifier: EUPL-1.2
// What normalisation keeps of an id, of words that no table has, of a person, of times of change.
#include "normalise_rig.h"

static void an_id_that_may_be_a_person_becomes_a_pseudonym(void **state) {
    struct fixture *f = *state;
    static const char *const ids[] = {"Fatima El Amrani",   "123456782", "06-12345678",
                                      "jan@example.nl",     "12-AB-34",  "1983-02-27",
                                      "NL91ABNA0417164300", "2790123456"};
    for (size_t i = 0; i < COUNT(ids); i++) {
        const struct item item = {.id = str_from(ids[i])};
        char hex[DIGEST_HEX + 1];
        struct signal signal = good(&f->context, &item);
        struct digest identity;
        digest_to_hex(&signal.identity, hex);
        assert_string_equal(signal.id, hex);
        assert_int_equal(signal.id_len, DIGEST_HEX);
        // it is still found by what its source calls it
        normalise_identity(&f->key, STR("amsterdam"), item.id, &identity);
        assert_true(digest_equal(&identity, &signal.identity));
    }
}

static void when_the_source_last_changed_it(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t from, upto;
    } cases[] = {
        {NULL, 0, 0},
        {" ", 0, 0},
        {"2017-03-05T10:00:00Z", 1488708000000, 1488708000000},
        {"2017-03-05T11:00:00.5+01:00", 1488708000500, 1488708000500},
        {"2017-03-05", 1488668400000, 1488754799999}, // any time of that day in Amsterdam
        {"2024-03-01T10:00:00Z", 1709287200000, 1709287200000},
        {"2030-01-01", 0, 0}, // to come: nobody's
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct item item = {.id = STR("1"), .updated = str_from(cases[i].text)};
        struct signal signal = good(&f->context, &item);
        assert_int_equal(signal.updated_ms, cases[i].from);
        assert_int_equal(signal.updated_upto_ms, cases[i].upto);
    }
    const struct item item = {.id = STR("1"), .updated = STR("yesterday")};
    struct signal signal;
    struct normalise_result result;
    normalise_item(&f->context, &item, &signal, &result);
    assert_int_equal(result.fault_count, 1);
    assert_int_equal(result.faults[0].code, FAULT_BAD_DATE);
    assert_string_equal(result.faults[0].pointer, "/updated");
    // neither a correction, nor read of what is withdrawn
    const struct item touched = {.id = STR("1"), .updated = STR("2017-03-05")},
                      bare = {.id = STR("1")};
    struct signal a = good(&f->context, &touched), b = good(&f->context, &bare);
    assert_true(digest_equal(&a.content, &b.content));
    const struct item gone = {.id = STR("1"), .withdrawn = true, .updated = STR("2017-03-05")};
    assert_int_equal(good(&f->context, &gone).updated_ms, 1488668400000);
}

static void unknown_words_are_kept_as_digests(void **state) {
    struct fixture *f = *state;
    struct item item = {
        .id = STR("1"),
        .municipality = STR("Atlantis"),
        .categories = {STR("overlast"), STR(" OVERLAST "), STR("gedwongen sekswerk")},
        .category_count = 3,
        .gender = STR("zij"),
        .age_group = STR("oud"),
        .citizenship = STR("maan")};
    struct signal signal = good(&f->context, &item);
    static const enum unmapped_field fields[] = {UNMAPPED_MUNICIPALITY, UNMAPPED_CATEGORY,
                                                 UNMAPPED_GENDER, UNMAPPED_AGE_GROUP,
                                                 UNMAPPED_CITIZENSHIP};
    struct digest digest;
    assert_int_equal(signal.unknown_count, COUNT(fields)); // the same word twice is one
    for (size_t i = 0; i < COUNT(fields); i++) {
        bool found = false;
        for (size_t k = 0; k < signal.unknown_count; k++)
            found = found || signal.unknown[k].field == fields[i];
        assert_true(found);
    }
    normalise_unknown(&f->key, UNMAPPED_CATEGORY, STR("Overlast"), &digest);
    assert_true(digest_equal(&digest, &signal.unknown[1].word));
    normalise_unknown(&f->key, UNMAPPED_GENDER, STR("Overlast"), &digest);
    assert_false(digest_equal(&digest, &signal.unknown[1].word));
}

static void unknown_is_said_or_guessed(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *words[2];
        size_t count;
        bool said;
    } cases[] = {
        {{NULL}, 0, true},
        {{""}, 1, true},
        {{"onbekend"}, 1, true},
        {{"overlast"}, 1, false},
        {{"overlast", "onbekend"}, 2, true},
        {{"overlast", "gedwongen sekswerk"}, 2, false},
        {{"gedwongen sekswerk"}, 1, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct item item = {.id = STR("1"), .category_count = cases[i].count};
        for (size_t k = 0; k < cases[i].count; k++)
            item.categories[k] = str_from(cases[i].words[k]);
        assert_int_equal(good(&f->context, &item).unknown_said, cases[i].said);
    }
}

static void persons_become_pseudonyms_and_content(void **state) {
    struct fixture *f = *state;
    const struct item bare = {.id = STR("1")};
    struct item a = bare, b = bare, c = bare, bad = bare;
    a.person = (struct item_person){.name = STR("Jan de Vries"), .birth_date = STR("1990-05-17")};
    b.person = (struct item_person){.name = STR("VRIES, J. de"), .birth_date = STR("17-05-1990")};
    c.person = (struct item_person){.name = STR("Jan de Vries"), .birth_date = STR("1990-05-18")};
    bad.person = (struct item_person){.v_number = STR("12")};
    struct signal none = good(&f->context, &bare), x = good(&f->context, &a),
                  y = good(&f->context, &b), z = good(&f->context, &c), wrong;
    struct normalise_result result;
    assert_int_equal(none.person.base_count, 0);
    assert_int_equal(x.person.base_count, 1);
    assert_memory_equal(&x.person, &y.person, sizeof x.person);
    assert_true(digest_equal(&x.content, &y.content)); // another spelling is no correction
    assert_false(digest_equal(&x.content, &z.content));
    assert_false(digest_equal(&x.content, &none.content));
    normalise_item(&f->context, &bad, &wrong, &result);
    assert_int_equal(result.fault_count, 1);
    assert_string_equal(result.faults[0].pointer, "/person/vNumber");
    // of a withdrawal nothing but its id means anything
    bad.withdrawn = true;
    assert_int_equal(good(&f->context, &bad).person.base_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_that_may_be_a_person_becomes_a_pseudonym),
        cmocka_unit_test(when_the_source_last_changed_it),
        cmocka_unit_test(unknown_words_are_kept_as_digests),
        cmocka_unit_test(unknown_is_said_or_guessed),
        cmocka_unit_test(persons_become_pseudonyms_and_content),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
