// SPDX-License-Identifier: EUPL-1.2
#include "codec/record.h"

#include "unit.h"

static struct ledger_row sample(void) {
    struct ledger_row row = {.seq = 77,
                             .previous = 70,
                             .first = 0x0102030405060708,
                             .version = 3,
                             .verdict = VERDICT_CORRECTED,
                             .counts = true,
                             .polled = true,
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
                             .reported = 17000,
                             .occurred = TIME_DAY_NONE,
                             .municipality_today = 363,
                             .key_municipality = 457,
                             .source_len = 3,
                             .id_len = 6,
                             .source = "coa",
                             .id = "2016-1"};
    memset(row.identity.bytes, 0xaa, DIGEST_BYTES);
    memset(row.content.bytes, 0xbb, DIGEST_BYTES);
    return row;
}

static void a_line_comes_back_as_it_was(void **state) {
    (void)state;
    struct ledger_row row = sample(), back;
    struct buf record;
    struct str event;
    buf_init(&record, 1000);
    record_put_ledger(&record, &row, STR("{}"));
    assert_true(record_get_ledger(buf_str(&record), 77, &back, &event));
    assert_memory_equal(&back, &row, sizeof row);
    assert_true(str_is(event, "{}"));
    buf_free(&record);
}

// The layout is on disks: these bytes must not change within format 1.
static void the_layout_is_the_documented_one(void **state) {
    (void)state;
    static const uint8_t head[] = {1, 2, 3,    3,    6,    0,    0x6b, 0x01, 70,   0,   0,
                                   0, 0, 0,    0,    0,    8,    7,    6,    5,    4,   3,
                                   2, 1, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t middle[] = {3, 0,    0, 0, 0x68, 0x42, 0, 0, 0, 0, 0, 0x80, 0xc9,
                                     1, 0x6b, 1, 5, 0,    194,  0, 2, 2, 2, 1, 1,    0};
    struct ledger_row row = sample();
    struct buf record;
    buf_init(&record, 1000);
    record_put_ledger(&record, &row, STR("{}"));
    assert_int_equal(record.len, RECORD_LEDGER_HEAD + 3 + 6 + 2);
    assert_memory_equal(record.data, head, sizeof head);
    assert_memory_equal(record.data + 40, middle, sizeof middle);
    assert_memory_equal(record.data + RECORD_LEDGER_HEAD, "coa2016-1{}", 11);
    buf_free(&record);
}

static void damage_is_seen_or_harmless(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    struct ledger_row row = sample(), back;
    struct buf record;
    struct str event;
    buf_init(&record, 1000);
    record_put_ledger(&record, &row, STR("{}"));
    for (size_t len = 0; len < RECORD_LEDGER_HEAD + 9; len++)
        assert_false(record_get_ledger((struct str){record.data, len}, 77, &back, &event));
    for (int i = 0; i < 20000; i++) {
        size_t at = (size_t)unit_random(&seed) % record.len;
        char old = record.data[at];
        record.data[at] = (char)unit_random(&seed);
        if (record_get_ledger(buf_str(&record), 77, &back, &event)) {
            assert_true(back.cell.gender < GENDER_COUNT);
            assert_true(back.source_len <= LEDGER_SOURCE_MAX);
            assert_true(event.data + event.len == record.data + record.len);
        }
        record.data[at] = old;
    }
    record.data[0] = 2; // a later format
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

static void feeds_quarantine_and_totals(void **state) {
    (void)state;
    struct feed_record feed = {
        .contact_ms = 5, .signal_ms = 4, .cursor = "2017-01-01", .etag = "\"x\""};
    struct feed_record feed_back;
    struct totals totals = {.verdicts = {1, 2, 3, 4, 5}, .unknown_words = 7}, totals_back;
    struct buf record;
    buf_init(&record, 2000);
    record_put_feed(&record, &feed);
    assert_true(record_get_feed(buf_str(&record), &feed_back));
    assert_memory_equal(&feed, &feed_back, sizeof feed);
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_feed((struct str){record.data, len}, &feed_back));
    buf_clear(&record);
    struct quarantine_record entry = {
        .number = 9,
        .first_ms = 1,
        .last_ms = 2,
        .times = 3,
        .page = true,
        .index = 77,
        .source = "coa",
        .id = "x-1",
        .cursor = "2017",
        .reason_count = 2,
        .reasons = {{FAULT_BAD_DATE, "/reported"}, {FAULT_SYNTAX, ""}}};
    struct quarantine_record entry_back;
    record_put_quarantine(&record, &entry);
    assert_true(record_get_quarantine(buf_str(&record), &entry_back));
    assert_memory_equal(&entry, &entry_back, sizeof entry);
    for (size_t len = 0; len < record.len; len++)
        assert_false(record_get_quarantine((struct str){record.data, len}, &entry_back));
    buf_clear(&record);
    record_put_totals(&record, &totals);
    assert_true(record_get_totals(buf_str(&record), &totals_back));
    assert_memory_equal(&totals, &totals_back, sizeof totals);
    buf_free(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_back_as_it_was),
        cmocka_unit_test(the_layout_is_the_documented_one),
        cmocka_unit_test(damage_is_seen_or_harmless),
        cmocka_unit_test(places_in_the_topic),
        cmocka_unit_test(feeds_quarantine_and_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
