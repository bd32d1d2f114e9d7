// SPDX-License-Identifier: EUPL-1.2
#include "codec/record.h"

#include "unit.h"

static struct ledger_entry sample(void) {
    struct ledger_entry entry = {.seq = 77,
                                 .previous = 70,
                                 .first = 0x0102030405060708,
                                 .version = 3,
                                 .verdict = VERDICT_CORRECTED,
                                 .counts = true,
                                 .polled = true,
                                 .remapped = true,
                                 .unknown_said = true,
                                 .updated_ms = 0x0a0b,
                                 .person = 0x0c0d,
                                 .unknown_count = 1,
                                 .unknown = {{.field = UNMAPPED_MUNICIPALITY}},
                                 .received_ms = -5,
                                 .logged_ms = 1709204400123,
                                 .cell = {.municipality = 363,
                                          .categories = 5,
                                          .month = 194,
                                          .gender = GENDER_MASCULINE,
                                          .age_group = AGE_ADULT,
                                          .citizenship = CITIZENSHIP_EU,
                                          .source_kind = SOURCE_COA,
                                          .status = STATUS_CONFIRMED},
                                 .how = WITHDRAWN_LEFT_OUT,
                                 .reported = 17000,
                                 .occurred = TIME_DAY_NONE,
                                 .municipality_today = 363,
                                 .key_municipality = 457,
                                 .source_len = 3,
                                 .id_len = 6,
                                 .source = "coa",
                                 .id = "2016-1"};
    memset(entry.identity.bytes, 0xaa, DIGEST_BYTES);
    memset(entry.content.bytes, 0xbb, DIGEST_BYTES);
    memset(entry.unknown[0].word.bytes, 0xcc, DIGEST_BYTES);
    return entry;
}

static void a_line_comes_back_as_it_was(void **state) {
    (void)state;
    struct ledger_entry entry = sample(), back;
    struct buf record;
    struct str event;
    buf_init(&record, 1000);
    record_put_ledger(&record, &entry, STR("{}"));
    assert_true(record_get_ledger(buf_str(&record), 77, &back, &event));
    assert_memory_equal(&back, &entry, sizeof entry);
    assert_true(str_is(event, "{}"));
    buf_free(&record);
}

// The layout is on disks: these bytes must not change within format 5.
static void the_layout_is_the_documented_one(void **state) {
    (void)state;
    static const uint8_t head[] = {5, 2, 91,   3,    6,    0,    0x6b, 0x01, 70,   0,   0,
                                   0, 0, 0,    0,    0,    8,    7,    6,    5,    4,   3,
                                   2, 1, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t middle[] = {3, 0,    0, 0, 0x68, 0x42, 0, 0, 0, 0, 0, 0x80, 0xc9,
                                     1, 0x6b, 1, 5, 0,    194,  0, 2, 2, 2, 1, 1,    0};
    static const uint8_t tail[] = {
        0x0b, 0x0a, 0, 0, 0, 0, 0, 0, 0x0d, 0x0c, 0, 0, 0, 0, 0, 0, 1, UNMAPPED_MUNICIPALITY, 0xcc};
    struct ledger_entry entry = sample();
    struct buf record;
    buf_init(&record, 1000);
    record_put_ledger(&record, &entry, STR("{}"));
    assert_int_equal(record.len, RECORD_LEDGER_HEAD + 17 + 3 + 6 + 2);
    assert_memory_equal(record.data, head, sizeof head);
    assert_memory_equal(record.data + 40, middle, sizeof middle);
    assert_memory_equal(record.data + 98, tail, sizeof tail);
    assert_memory_equal(record.data + RECORD_LEDGER_HEAD + 17, "coa2016-1{}", 11);
    buf_free(&record);
}

static void damage_is_seen_or_harmless(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    struct ledger_entry entry = sample(), back;
    struct buf record;
    struct str event;
    buf_init(&record, 1000);
    record_put_ledger(&record, &entry, STR("{}"));
    for (size_t len = 0; len < RECORD_LEDGER_HEAD + 17 + 9; len++)
        assert_false(record_get_ledger((struct str){record.data, len}, 77, &back, &event));
    for (size_t i = 0, rounds = unit_rounds(20000); i < rounds; i++) {
        size_t at = (size_t)unit_random(&seed) % record.len;
        char old = record.data[at];
        record.data[at] = (char)unit_random(&seed);
        if (record_get_ledger(buf_str(&record), 77, &back, &event)) {
            assert_true(back.cell.gender < GENDER_COUNT);
            assert_true(back.source_len <= LEDGER_SOURCE_MAX);
            assert_true(back.unknown_count <= SIGNAL_UNKNOWN_MAX);
            assert_true(event.data + event.len == record.data + record.len);
        }
        record.data[at] = old;
    }
    record.data[0] = 6; // a later format
    assert_false(record_get_ledger(buf_str(&record), 77, &back, &event));
    buf_free(&record);
}

static void places_in_the_topic(void **state) {
    (void)state;
    static const int64_t offsets[] = {-1, 0, 1, 1234567890123};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        char record[RECORD_PUBLISHED];
        int32_t partition;
        int64_t offset;
        record_put_published(record, 3, offsets[i]);
        assert_true(record_get_published((struct str){record, sizeof record}, &partition, &offset));
        assert_int_equal(partition, 3);
        assert_int_equal(offset, offsets[i]);
        assert_false(record_get_published((struct str){record, 11}, &partition, &offset));
    }
}

static const struct hash_key key = {{1, 2, 3}}, other_key = {{3, 2, 1}};

static bool holds(const struct buf *record, const char *text) {
    return memmem(record->data, record->len, text, strlen(text)) != NULL;
}

static void feeds(void **state) {
    (void)state;
    struct feed_record back, feed = {.contact_ms = 5,
                                     .signal_ms = 4,
                                     .signed_s = 3,
                                     .refused_month = 312,
                                     .refused = {1, 0, 1 << 30, [12] = 7},
                                     .listed = true,
                                     .whole_ms = 6,
                                     .missing = 7,
                                     .gone = 1 << 20,
                                     .gone_allowed = 9,
                                     .cursor = "2017-01-01",
                                     .etag = "\"of Jan Jansen\"",
                                     .last_modified = "yesterday"};
    struct buf record;
    buf_init(&record, 2000);
    record_put_feed(&record, &feed, &key);
    assert_true(record_get_feed(buf_str(&record), &back, &key));
    assert_memory_equal(&feed, &back, sizeof feed);
    assert_false(record_get_feed(buf_str(&record), &back, &other_key));
    // what others wrote cannot be read in it
    assert_false(holds(&record, "2017") || holds(&record, "Jansen") || holds(&record, "yester"));
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_feed((struct str){record.data, len}, &back, &key));
    buf_free(&record);
}

static void quarantine(void **state) {
    (void)state;
    struct quarantine_record back,
        entry = {.number = 9,
                 .first_ms = 1,
                 .last_ms = 2,
                 .times = 3,
                 .page = true,
                 .index = 77,
                 .source = "coa",
                 .id = "x-1",
                 .cursor = "123456782",
                 .reason_count = 2,
                 .reasons = {{FAULT_BAD_DATE, "/reported"}, {FAULT_NOT_ACCEPTED, ""}}};
    struct buf record;
    buf_init(&record, 2000);
    record_put_quarantine(&record, &entry, &key);
    assert_true(record_get_quarantine(buf_str(&record), &back, &key));
    assert_memory_equal(&entry, &back, sizeof entry);
    assert_false(holds(&record, "123456782"));
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_quarantine((struct str){record.data, len}, &back, &key));
    buf_free(&record);
}

static void totals_come_back(void **state) {
    (void)state;
    struct totals back, totals;
    struct buf record;
    uint64_t *each = (uint64_t *)&totals;
    for (size_t i = 0; i < sizeof totals / sizeof *each; i++)
        each[i] = 1000 + i;
    buf_init(&record, 2000);
    record_put_totals(&record, &totals);
    assert_true(record_get_totals(buf_str(&record), &back));
    assert_memory_equal(&totals, &back, sizeof totals);
    assert_true(record_get_totals((struct str){record.data, record.len - 8}, &back));
    assert_int_equal(back.never_published, 0);
    assert_int_equal(back.remapped, totals.remapped);
    assert_false(record_get_totals((struct str){record.data, record.len - 1}, &back));
    assert_false(record_get_totals((struct str){record.data, 8}, &back));
    buf_free(&record);
}

static void persons_and_words(void **state) {
    (void)state;
    struct person_record person_back, person = {.person = 7, .key_id = 0xdeadbeef, .last_ms = -3};
    struct unmapped_record word_back, word = {.field = UNMAPPED_CITIZENSHIP,
                                              .source = "coa",
                                              .view = {.shown = "illegale arbeid", .letters = 14},
                                              .times = 5,
                                              .first_ms = 8,
                                              .last_ms = 9};
    char bytes[RECORD_PERSON];
    struct buf record;
    record_put_person(bytes, &person);
    assert_true(record_get_person((struct str){bytes, sizeof bytes}, &person_back));
    assert_int_equal(person_back.person, 7);
    assert_int_equal(person_back.key_id, 0xdeadbeef);
    assert_int_equal(person_back.last_ms, -3);
    assert_false(record_get_person((struct str){bytes, sizeof bytes - 1}, &person_back));
    memset(word.word.bytes, 5, DIGEST_BYTES);
    buf_init(&record, 2000);
    record_put_unmapped(&record, &word);
    assert_true(record_get_unmapped(buf_str(&record), &word_back));
    assert_memory_equal(&word, &word_back, sizeof word);
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_unmapped((struct str){record.data, len}, &word_back));
    buf_free(&record);
}

static void statistics(void **state) {
    (void)state;
    struct statistics_record all_back, all = {.made = true,
                                              .tried = 323,
                                              .closed = 322,
                                              .rounding_base = 100,
                                              .seq = 1ULL << 40,
                                              .generation = 1U << 31,
                                              .since = 1U << 30,
                                              .told = 321};
    struct statistic_record one_back,
        one = {.count = 1LL << 33, .rounding_base = 70000, .closed = 65535};
    struct str name, value;
    struct buf record;
    buf_init(&record, 2000);
    record_put_statistics(&record, &all);
    assert_true(record_get_statistics(buf_str(&record), &all_back));
    assert_int_equal(all_back.made, true);
    assert_int_equal(all_back.tried, 323);
    assert_int_equal(all_back.closed, 322);
    assert_int_equal(all_back.rounding_base, 100);
    assert_true(all_back.seq == 1ULL << 40);
    assert_true(all_back.generation == 1U << 31 && all_back.since == 1U << 30);
    assert_int_equal(all_back.told, 321);
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_statistics((struct str){record.data, len}, &all_back));
    buf_clear(&record);
    record_put_statistic(&record, &one);
    assert_true(record_get_statistic(buf_str(&record), &one_back));
    assert_true(one_back.count == one.count);
    assert_int_equal(one_back.rounding_base, 70000);
    assert_int_equal(one_back.closed, 65535);
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_statistic((struct str){record.data, len}, &one_back));
    buf_clear(&record);
    record_put_statistic_waiting(&record, STR("signals/year=2017"), STR("{}"));
    assert_true(record_get_statistic_waiting(buf_str(&record), &name, &value));
    assert_true(str_is(name, "signals/year=2017"));
    assert_true(str_is(value, "{}"));
    assert_true(
        record_get_statistic_waiting((struct str){record.data, record.len - 2}, &name, &value));
    assert_null(value.data); // a tombstone
    assert_false(record_get_statistic_waiting((struct str){record.data, 9}, &name, &value));
    assert_false(record_get_statistic_waiting((struct str){record.data, 0}, &name, &value));
    buf_free(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_back_as_it_was),
        cmocka_unit_test(the_layout_is_the_documented_one),
        cmocka_unit_test(damage_is_seen_or_harmless),
        cmocka_unit_test(places_in_the_topic),
        cmocka_unit_test(feeds),
        cmocka_unit_test(quarantine),
        cmocka_unit_test(totals_come_back),
        cmocka_unit_test(persons_and_words),
        cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
