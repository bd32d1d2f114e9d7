// SPDX-License-Identifier: EUPL-1.2
// When the watchdog is told nothing: only for what a restart can mend. And the line of status.
#include "liveness.h"

#include "unit.h"

enum { BOUND_MS = 100 };

// Looks twice, more than the bound apart, at the same numbers but for the time; the second answer.
static const char *look_twice(struct liveness_now now) {
    struct liveness liveness = {0};
    now.now_ms = 5000;
    assert_null(liveness_look(&liveness, &now, BOUND_MS));
    now.now_ms += BOUND_MS;
    assert_null(liveness_look(&liveness, &now, BOUND_MS));
    now.now_ms++;
    return liveness_look(&liveness, &now, BOUND_MS);
}

static struct liveness_now with(enum publish_state state, uint64_t waiting, uint64_t in_flight) {
    struct liveness_now now = {0};
    now.streams[LEDGER_EVENTS].publish.state = state;
    now.streams[LEDGER_EVENTS].publish.in_flight = in_flight;
    now.streams[LEDGER_EVENTS].waiting = waiting;
    return now;
}

static void commits(void **state) {
    struct liveness liveness = {0};
    struct liveness_now now = {.now_ms = 5000, .commits_ms = BOUND_MS};
    (void)state;
    assert_null(liveness_look(&liveness, &now, BOUND_MS));
    now.commits_ms++;
    assert_string_equal(liveness_look(&liveness, &now, BOUND_MS), "a commit");
    now.commits_ms = 0;
    assert_null(liveness_look(&liveness, &now, BOUND_MS));
}

static void publishing_that_stands(void **state) {
    (void)state;
    assert_string_equal(look_twice(with(PUBLISH_RUNNING, 3, 0)), "publishing");
    assert_string_equal(look_twice(with(PUBLISH_RECOVERED, 0, 0)), "publishing");
    assert_string_equal(look_twice(with(PUBLISH_DRAINING, 1, 1)), "publishing");
    struct liveness_now now = with(PUBLISH_RUNNING, 0, 0);
    now.streams[LEDGER_STATISTICS] = with(PUBLISH_RUNNING, 1, 0).streams[LEDGER_EVENTS];
    assert_string_equal(look_twice(now), "publishing of statistics");
}

// Kafka or the disk is away, however long, or there is nothing to do.
static void others_turn(void **state) {
    (void)state;
    assert_null(look_twice(with(PUBLISH_OFF, 9, 0)));
    assert_null(look_twice(with(PUBLISH_RECOVERING, 9, 0)));
    assert_null(look_twice(with(PUBLISH_RUNNING, 9, 4)));
    assert_null(look_twice(with(PUBLISH_STALLED, 9, 4)));
    assert_null(look_twice(with(PUBLISH_RUNNING, 0, 0)));
    assert_null(look_twice(with(PUBLISH_STOPPED, 9, 0)));
    for (int i = 0; i < 2; i++) {
        struct liveness_now now = with(i ? PUBLISH_RUNNING : PUBLISH_RECOVERED, 9, 0);
        now.commits_fail = true;
        assert_null(look_twice(now));
    }
}

// Anything that moves begins the time anew.
static void publishing_that_moves(void **state) {
    struct liveness liveness = {0};
    struct liveness_now now = with(PUBLISH_RUNNING, 1000, 0);
    struct publish_status *publish = &now.streams[LEDGER_EVENTS].publish;
    uint64_t *moves[] = {&publish->handed_over, &publish->delivered, &publish->restarts};
    (void)state;
    for (int i = 0; i < 12; i++) {
        now.now_ms += BOUND_MS;
        assert_null(liveness_look(&liveness, &now, BOUND_MS));
        ++*moves[i % 3];
    }
    now.now_ms += BOUND_MS;
    assert_null(liveness_look(&liveness, &now, BOUND_MS));
    now.now_ms += BOUND_MS + 1;
    assert_non_null(liveness_look(&liveness, &now, BOUND_MS));
}

static void assert_told(const struct liveness_numbers *numbers, const char *wanted) {
    char line[LIVENESS_LINE_MAX];
    liveness_tell(numbers, line);
    assert_string_equal(line, wanted);
}

static void line(void **state) {
    (void)state;
    struct liveness_numbers numbers = {
        .accepted = 12, .kafka = PUBLISH_RUNNING, .feeds = 40, .since_ms = 1488672000000};
    assert_told(&numbers, "running; 12 accepted since 2017-03-05T00:00:00.000Z");
    numbers.waiting = 3;
    numbers.feeds_failing = 2;
    numbers.full = "the disk is full (state.disk_percent_max)";
    assert_told(&numbers, "running; 12 accepted since 2017-03-05T00:00:00.000Z; 3 wait for Kafka "
                          "(running); 2 of 40 feeds fail; senders get 429: the disk is full "
                          "(state.disk_percent_max)");
    numbers = (struct liveness_numbers){.kafka = PUBLISH_RECOVERING, .commits_fail = true};
    assert_told(&numbers, "running; 0 accepted since 1970-01-01T00:00:00.000Z; 0 wait for Kafka "
                          "(recovering); senders get 503: commits fail");
    numbers = (struct liveness_numbers){.kafka = PUBLISH_OFF, .waiting = 7};
    assert_told(&numbers, "running; 0 accepted since 1970-01-01T00:00:00.000Z; no Kafka, 7 wait");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits),     cmocka_unit_test(publishing_that_stands),
        cmocka_unit_test(others_turn), cmocka_unit_test(publishing_that_moves),
        cmocka_unit_test(line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
