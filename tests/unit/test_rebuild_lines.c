// SPDX-License-Identifier: EUPL-1.2
// What a rebuild makes of numbers: of an event that says it is far away from all others, of one
// that does not agree with itself, and of the places of keys.
#include "edge/kafka/publisher.h"
#include "jobs/topic_event.h"
#include "ledger/rebuild.h"
#include "rebuild/rebuild_private.h"

#include "verify_rig.h"

#include <librdkafka/rdkafka.h>

#define DISTANT (INT64_MAX / 1001)
enum { PLENTY = 5001, PARTITION = 7 }; // more than go into one transaction

static const struct event_issuer issuer = {"00000099000000001000", EVENT_TYPE_PREFIX,
                                           EVENT_REGULATION};

static void add(struct ledger_rebuild *rebuild, uint64_t seq) {
    struct err err;
    const struct ledger_found found = {.entry = {.kind = LEDGER_SIGNAL,
                                                 .seq = seq,
                                                 .version = 1,
                                                 .logged_ms = (int64_t)seq * 1000},
                                       .kept = {"\0{}", 3},
                                       .partition = PARTITION,
                                       .offset = (int64_t)seq + 1};
    assert_int_equal(ledger_rebuild_add(rebuild, &found, &err), LEDGER_ADDED);
}

// Each line accounts for so many that are missing, and for no more.
static void far_lines_are_found(void **state) {
    (void)state;
    static const struct {
        uint64_t lines[5], far, count, last;
    } table[] = {
        {{1, 2, 3}, 0, 0, 0},
        {{DISTANT}, 0, 0, 0}, // a beginning may be missing
        {{1, 2, 3 + LEDGER_MISSING_MAX}, 0, 0, 0},
        {{1, 2, 4 + LEDGER_MISSING_MAX}, 4 + LEDGER_MISSING_MAX, 1, 2},
        {{1, 2, 3 + 2 * LEDGER_MISSING_MAX, 4 + 2 * LEDGER_MISSING_MAX}, 0, 0, 0},
        {{1, 2, 4 + 2 * LEDGER_MISSING_MAX, 5 + 2 * LEDGER_MISSING_MAX},
         4 + 2 * LEDGER_MISSING_MAX,
         2,
         2},
        {{9, 2 * LEDGER_MISSING_MAX, 2 * LEDGER_MISSING_MAX + 1, DISTANT},
         DISTANT,
         1,
         2 * LEDGER_MISSING_MAX + 1},
        {{1, 2, DISTANT - 1, DISTANT}, DISTANT - 1, 2, 2},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct ledger *ledger = open_ledger();
        struct ledger_rebuild *rebuild = ledger_rebuild_begin(ledger);
        struct ledger_far far;
        for (size_t k = 0; k < COUNT(table[i].lines) && table[i].lines[k]; k++)
            add(rebuild, table[i].lines[k]);
        assert_int_equal(ledger_rebuild_find_far(rebuild, &far), table[i].far > 0);
        assert_int_equal(far.seq, table[i].far);
        assert_int_equal(far.count, table[i].count);
        assert_int_equal(far.last_seq, table[i].last);
        assert_int_equal(far.last_ms, table[i].last * 1000);
        if (far.seq) {
            assert_int_equal(far.missing, far.seq - far.last_seq - 1);
            assert_int_equal(far.partition, PARTITION);
            assert_int_equal(far.offset, far.seq + 1);
        }
        ledger_rebuild_free(rebuild);
        ledger_close(ledger);
    }
}

static void far_lines_are_dropped(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct ledger_rebuild *rebuild = ledger_rebuild_begin(ledger);
    const uint64_t first = (uint64_t)PLENTY * LEDGER_MISSING_MAX * 2;
    struct ledger_far far;
    struct err err;
    add(rebuild, 1);
    add(rebuild, 2);
    for (uint64_t i = 0; i < PLENTY; i++)
        add(rebuild, first + i);
    assert_true(ledger_rebuild_find_far(rebuild, &far));
    assert_int_equal(far.count, PLENTY);
    assert_true(ledger_rebuild_drop(rebuild, far.seq, &err));
    assert_false(ledger_rebuild_find_far(rebuild, &far));
    static struct publish_ack last[PUBLISH_PARTITIONS_MAX];
    assert_true(ledger_rebuild_named(rebuild, "0123456789abcdef0123456789abcdef", last, &err));
    ledger_rebuild_free(rebuild);
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    assert_int_equal(store_entries(&txn, STORE_LEDGER), 2);
    assert_int_equal(store_entries(&txn, STORE_PUBLISHED), 2);
    assert_int_equal(store_last_seq(&txn, STORE_LEDGER), 2);
    store_abort(&txn);
    ledger_close(ledger);
}

// --- one that does not agree with itself ---

static rd_kafka_headers_t *make_headers(const struct event_attributes *attributes) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(20);
    for (size_t i = 0; i < attributes->count; i++)
        (void)rd_kafka_header_add(headers, attributes->list[i].header, -1,
                                  attributes->list[i].value, attributes->list[i].len);
    return headers;
}

// As publish_read_record has it.
static struct publish_record make_record(const struct event_attributes *attributes,
                                         const char *value, const rd_kafka_headers_t *headers) {
    struct publish_record record = {
        .key = attributes->key, .value = str_from(value), .headers = headers};
    if (!str_to_u64(publish_record_header(&record, PUBLISH_HEADER_SEQ), INT64_MAX, &record.seq))
        record.seq = 0;
    return record;
}

static void numbers_agree(void **state) {
    (void)state;
    static const struct {
        uint64_t seq; // of the event
        const char *said;
        const char *wrong; // NULL: all agree
    } table[] = {
        {1, "1", NULL},
        {1, "2", "ce_sequence"},
        {1, "4294967297", "ce_id"}, // the number of 32 bits wraps, the id does not
        {2147483648, "2147483648", NULL},
        {4294967295, "4294967295", NULL},
        {4294967297, "4294967297", NULL},
        {1, "1000000000000", "ce_sequence"},
    };
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a\"}", false);
    struct line line = line_at(ledger, 1);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct event_attributes attributes;
        struct ledger_found found;
        struct buf kept;
        struct err err;
        buf_init(&kept, EVENT_VALUE_MAX + 1);
        line.entry.seq = table[i].seq;
        event_fill_attributes(&line.entry, &issuer, &attributes);
        rd_kafka_headers_t *headers = make_headers(&attributes);
        (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, table[i].said, -1);
        const struct publish_record record = make_record(&attributes, line.event, headers);
        assert_int_equal(topic_event_read(&record, &kept, &found, &err), table[i].wrong == NULL);
        if (table[i].wrong)
            assert_non_null(strstr(err.text, table[i].wrong));
        buf_free(&kept);
        rd_kafka_headers_destroy(headers);
    }
    ledger_close(ledger);
}

// The line's event with one of its headers as it is given, or not there.
static bool read_with(const struct line *line, const char *header, const char *given,
                      struct err *err) {
    struct event_attributes attributes;
    struct ledger_found found;
    char seq[24];
    event_fill_attributes(&line->entry, &issuer, &attributes);
    rd_kafka_headers_t *headers = make_headers(&attributes);
    (void)snprintf(seq, sizeof seq, "%" PRIu64, line->entry.seq);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, seq, -1);
    assert_int_equal(rd_kafka_header_remove(headers, header), RD_KAFKA_RESP_ERR_NO_ERROR);
    if (given)
        (void)rd_kafka_header_add(headers, header, -1, given, -1);
    const struct publish_record record = make_record(&attributes, line->event, headers);
    struct buf kept;
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    bool read = topic_event_read(&record, &kept, &found, err);
    buf_free(&kept);
    rd_kafka_headers_destroy(headers);
    return read;
}

// Nothing is taken for an event of ours that lacks something, or says of itself what it is not.
static void what_is_no_event_is_refused(void **state) {
    (void)state;
    static const char *const stranger = "nl.mensenhandelsignalen.signal.burnt.v1";
    static const char *const withdrawn = "nl.mensenhandelsignalen.signal.withdrawn.v1";
    static const char *const corrected = "nl.mensenhandelsignalen.signal.corrected.v1";
    static const char *const erased = "nl.mensenhandelsignalen.signal.erased.v1";
    static const struct {
        uint64_t seq; // 1 counts, 2 is withdrawn, 3 is about a source
        const char *header, *given;
        bool taken;
    } table[] = {
        {1, PUBLISH_HEADER_SEQ, "1", true},
        {1, PUBLISH_HEADER_SEQ, NULL, false},
        {1, PUBLISH_HEADER_SEQ, "0", false},
        {1, PUBLISH_HEADER_SEQ, "-1", false},
        {1, PUBLISH_HEADER_SEQ, "9223372036854775808", false},
        {1, "ce_sequence", NULL, false},
        {1, "ce_type", NULL, false},
        {1, "ce_type", stranger, false},
        {1, "ce_type", withdrawn, false},
        {1, "ce_type", corrected, false},
        {1, "ce_type", erased, false},
        {2, "ce_type", corrected, false},
        {1, "ce_time", NULL, false},
        {1, "ce_time", "yesterday", false},
        {1, EVENT_HEADER_CONTENT, NULL, false},
        {1, EVENT_HEADER_CONTENT, "0123", false},
        {1, EVENT_HEADER_UPDATED, "1709204400000", true},
        {1, EVENT_HEADER_UPDATED, NULL, true},
        {1, EVENT_HEADER_UPDATED, "now", false},
        {1, "ce_id", NULL, false},
        {1, "ce_id", "0123456789abcdef0123456789abcdef.1", false}, // of another signal
        {3, "ce_id", NULL, false},
        {3, "ce_id", "0123.3", false},
        {3, "ce_id", "0123456789abcdef0123456789abcdeg.3", false},
        {3, "ce_id", "0123456789abcdef0123456789abcdef.4", false},
    };
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a\",\"updated\":\"2024-01-01\"},{\"id\":\"b\",\"withdrawn\":true}]",
            false);
    fall_silent(ledger);
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct line line = line_at(ledger, table[i].seq);
        struct err err;
        bool taken = read_with(&line, table[i].header, table[i].given, &err);
        if (taken != table[i].taken || (!taken && !strstr(err.text, table[i].header)))
            fail_msg("%s: %s: %s", table[i].header, table[i].given, taken ? "taken" : err.text);
        if (!taken)
            assert_int_equal(err.kind, ERR_INPUT);
    }
    ledger_close(ledger);
}

// --- places ---

static void the_most_partitions_that_fit(void **state) {
    (void)state;
    struct rebuild_fits fits = {0};
    assert_int_equal(rebuild_fits_most(&fits, 6), 6); // nothing was seen
    for (int i = 0; i < 40; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "GM%04d", i);
        struct publish_record record = {.key = str_from(key)};
        record.partition = publish_partition(record.key, 3);
        rebuild_fit(&fits, &record);
    }
    assert_int_equal(rebuild_fits_most(&fits, 6), 3);
    assert_int_equal(rebuild_fits_most(&fits, 3), 3);
    assert_int_equal(rebuild_fits_most(&fits, 2), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(far_lines_are_found, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(far_lines_are_dropped, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(numbers_agree, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_event_is_refused, test_set_up, scratch_teardown),
        cmocka_unit_test(the_most_partitions_that_fit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
