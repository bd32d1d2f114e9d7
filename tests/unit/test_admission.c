// SPDX-License-Identifier: EUPL-1.2
#include "ingest/admission.h"

#include "unit.h"

// As full as it may be: everything at its limit, nothing over it.
static const struct admission_levels limit = {.queue_bytes = 999,
                                              .queue_bytes_max = 1000,
                                              .backlog_bytes = 2000,
                                              .backlog_bytes_max = 2000,
                                              .state_bytes = 9000,
                                              .state_bytes_max = 10000,
                                              .audit_bytes = 2000,
                                              .size_max = 8000,
                                              .disk_blocks = 1000,
                                              .disk_free = 50,
                                              .disk_percent_max = 95};

static void check(const struct admission_levels *levels, const char *reason) {
    const char *full = admission_full(levels);
    if (reason)
        assert_string_equal(full, reason);
    else
        assert_null(full);
    assert_int_equal(admission_healthy(levels), !full && !levels->commits_fail);
}

static void there_is_room_up_to_each_limit(void **state) {
    (void)state;
    check(&limit, NULL);
    assert_null(admission_reads_refused(&limit));
}

static void each_limit_has_its_reason(void **state) {
    (void)state;
    struct admission_levels levels = limit;
    levels.disk_free--;
    check(&levels, "the disk is full (state.disk_percent_max)");
    levels.state_bytes++;
    check(&levels, "the ledger nears state.size_max");
    levels.backlog_bytes++;
    check(&levels, "too much waits for Kafka (intake.backlog_max)");
    levels.queue_bytes++;
    check(&levels, "too much waits for a commit (intake.queue_max)");
    assert_null(admission_reads_refused(&levels));
}

static void a_disk_of_unknown_size_is_not_full(void **state) {
    (void)state;
    struct admission_levels levels = limit;
    levels.disk_blocks = levels.disk_free = 0;
    check(&levels, NULL);
}

static void signals_are_tried_after_a_failed_commit(void **state) {
    (void)state;
    struct admission_levels levels = limit;
    levels.commits_fail = true;
    check(&levels, NULL);
    assert_false(admission_healthy(&levels));
}

static void the_audit_log_takes_no_room_of_signals(void **state) {
    (void)state;
    struct admission_levels levels = limit;
    levels.audit_bytes++;
    check(&levels, NULL);
    assert_string_equal(admission_reads_refused(&levels),
                        "The audit log has its share of state.size_max, so nothing more can be "
                        "read: make that larger.");
}

static void who_is_refused_is_told_when_there_is_room(void **state) {
    (void)state;
    struct admission_levels levels = limit;
    assert_int_equal(admission_retry_s(&levels), 1);
    levels.queue_bytes = 1000;
    assert_int_equal(admission_retry_s(&levels), 2);
    levels.queue_drain = 10; // to 900
    assert_int_equal(admission_retry_s(&levels), 11);
    levels.backlog_bytes = 2001;
    assert_int_equal(admission_retry_s(&levels), 300); // Kafka is away
    levels.backlog_drain = 10;                         // to 1800
    assert_int_equal(admission_retry_s(&levels), 21);
    levels.backlog_drain = 1000;
    assert_int_equal(admission_retry_s(&levels), 11);
    levels.state_bytes++;
    assert_int_equal(admission_retry_s(&levels), 60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_room_up_to_each_limit),
        cmocka_unit_test(each_limit_has_its_reason),
        cmocka_unit_test(a_disk_of_unknown_size_is_not_full),
        cmocka_unit_test(signals_are_tried_after_a_failed_commit),
        cmocka_unit_test(who_is_refused_is_told_when_there_is_room),
        cmocka_unit_test(the_audit_log_takes_no_room_of_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
