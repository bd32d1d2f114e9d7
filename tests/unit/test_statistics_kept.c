// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside in the ledger: made when a month has closed and enough has changed, and in
// between they stay, whatever arrives.
#include "statistics_rig.h"

static void put_waiting(void *ctx, const struct outbox_entry *statistic) {
    struct buf *out = ctx;
    buf_printf(out, "%d %.*s %.*s\n", (int)statistic->seq, (int)statistic->key.len,
               statistic->key.data, (int)statistic->value.len,
               statistic->value.data ? statistic->value.data : "");
}

static char *waiting(struct ledger *ledger) {
    struct buf out;
    buf_init(&out, SHOWN_MAX);
    each_unpublished(ledger, LEDGER_STATISTICS, 0, put_waiting, &out);
    return buf_take(&out);
}

static void assert_lacks(char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("%s is in:\n%s", part, text);
    free(text);
}

static void assert_still(struct ledger *ledger, const char *before) {
    char *now_shown = shown(ledger);
    assert_string_equal(now_shown, before);
    free(now_shown);
}

#define MARCH "\"reported\":\"2024-03-03\",\"category\":\"prostitutie\""

static void the_first_close_begins(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 1);
    deliver_many(ledger, "a", 25, FEBRUARY);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY); // a new ledger
    assert_still(ledger, "");
    ledger = reopen(ledger);
    now = at_date(2024, 4, 1) - 1;
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    now++;
    struct statistics_task made = close_month(ledger, false);
    assert_int_equal(made.outcome, STATISTICS_MADE);
    assert_int_equal(made.closed, 24 * 12 + 2);
    assert_int_equal(made.gone, 0);
    assert_has(shown(ledger), "signals/month=2024-02=20/10/290\n");
    assert_int_equal(made.changed, ledger_statistics_unpublished(ledger));
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    char *before = shown(ledger);
    ledger = reopen(ledger);
    assert_still(ledger, before);
    assert_int_equal(ledger_statistics_state(ledger)->closed, 24 * 12 + 2);
    assert_int_equal(ledger_statistics_state(ledger)->seq, made.changed);
    assert_int_equal(ledger_statistics_unpublished(ledger), made.changed);
    free(before);
    ledger_close(ledger);
}

static void a_clock_that_was_ahead_stops_nothing(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    now = at_date(2034, 3, 15);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    now = at_date(2024, 3, 16);
    deliver_many(ledger, "a", 25, FEBRUARY);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    ledger = reopen(ledger);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=20/10/290\n");
    ledger_close(ledger);
}

// It comes by the end of the same month twice, and that is one close.
static void a_clock_that_goes_back_closes_nothing_twice(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    (void)close_month(ledger, true);
    deliver_many(ledger, "b", 25, FEBRUARY);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    char *before = shown(ledger);
    deliver_many(ledger, "c", 25, FEBRUARY);
    now = at_date(2024, 3, 31);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    now = at_date(2024, 4, 2);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    assert_still(ledger, before);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=70/10/291\n");
    free(before);
    ledger_close(ledger);
}

// Told too early, and the same again when it is time.
static void what_a_clock_that_was_ahead_told_is_told_anew(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    (void)close_month(ledger, true);
    deliver_many(ledger, "b", 25, MARCH);
    now = at_date(2034, 3, 15);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    now = at_date(2024, 3, 16);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    deliver_many(ledger, "c", 25, MARCH);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-03=50/10/290\n");
    ledger_close(ledger);
}

static void an_operator_begins_once(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 9, FEBRUARY);
    deliver_many(ledger, "b", 9, MARCH);
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_TOO_FEW);
    assert_still(ledger, "");
    deliver_many(ledger, "c", 1, FEBRUARY);
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=10/10/289\n");
    deliver_many(ledger, "d", 100, FEBRUARY);
    char *before = shown(ledger);
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_THERE);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    assert_still(ledger, before);
    free(before);
    ledger_close(ledger);
}

static void between_closes_nothing_changes(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 30, FEBRUARY);
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_MADE);
    char *before = shown(ledger);
    deliver_many(ledger, "late", 30, FEBRUARY);
    deliver_many(ledger, "a", 15, "\"withdrawn\":true");
    deliver_many(ledger, "late", 5, "\"reported\":\"2024-02-03\",\"category\":\"dwang\"");
    (void)erase(ledger, "late7", false);
    for (; now < at_date(2024, 4, 1); now += day_ms) {
        assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
        assert_still(ledger, before);
    }
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=40/10/290\n");
    free(before);
    ledger_close(ledger);
}

// What is told must never be the work of fewer signals than the rounding_base, so they wait for
// more.
static void with_few_changes_a_month_is_let_pass(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 38, FEBRUARY);
    (void)close_month(ledger, true);
    char *before = shown(ledger);
    deliver_many(ledger, "b", 9, FEBRUARY);
    for (int i = 0; i < 20; i++) // one signal is one, however often it comes and goes
        deliver(ledger, i % 2 ? "{\"id\":\"c\",\"withdrawn\":true}" : "{\"id\":\"c\"," FEBRUARY "}",
                false);
    deliver_many(ledger, "a", 12, FEBRUARY ",\"victim\":{\"gender\":\"man\"}");
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    assert_still(ledger, before);
    deliver_many(ledger, "d", 20, FEBRUARY);
    ledger = reopen(ledger);
    now = at_date(2024, 4, 30);
    assert_int_equal(close_month(ledger, false).outcome,
                     STATISTICS_EARLY); // not until the next
    assert_still(ledger, before);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=60/10/291\n");
    assert_has(shown(ledger), "signals/year=2024/gender=Masculine=10/10/291\n");
    free(before);
    ledger_close(ledger);
}

// An attacker who reports about the same municipality cannot bring about a step of its cell.
static void nobody_makes_enough_change_alone(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "victim", 14, FEBRUARY ",\"municipality\":\"Weesp\"");
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_MADE);
    char *before = shown(ledger);
    for (int month = 4; month < 10; month++) {
        char text[TEXT];
        for (int i = 0; i < 10 + month; i++) {
            (void)snprintf(text, sizeof text,
                           "{\"id\":\"%d-%d\"," FEBRUARY ",\"municipality\":\"Weesp\"}", month, i);
            deliver(ledger, text, false);
        }
        now = at_date(2024, month, 1);
        assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
        assert_still(ledger, before);
        deliver_many(ledger, month % 2 ? "a" : "b", 4, FEBRUARY);
    }
    deliver_many(ledger, "c", 3, FEBRUARY);
    now = at_date(2024, 10, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    free(before);
    ledger_close(ledger);
}

// The month that goes on is not in it, so its signals are no changes either.
static void the_open_month_does_not_count(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 10, FEBRUARY);
    (void)close_month(ledger, true);
    now = at_date(2024, 5, 2);
    deliver_many(ledger, "b", 9, MARCH);
    deliver_many(ledger, "c", 50, "\"reported\":\"2024-05-01\"");
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    now = at_date(2024, 6, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-05=50/10/292\n");
    ledger_close(ledger);
}

static void old_victims_and_expiry_are_no_changes(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 40, FEBRUARY ",\"victim\":{\"gender\":\"man\"}");
    (void)close_month(ledger, true);
    assert_has(shown(ledger), "gender=Masculine=40/10/289");
    no_kafka = true;
    now += (CELLS_DAYS + 60) * day_ms;
    expire(ledger);
    expire(ledger);
    no_kafka = false;
    assert_int_equal(ledger_totals(ledger)->expired, 40);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    deliver_many(ledger, "b", 12, FEBRUARY);
    now += 31 * day_ms;
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_lacks(shown(ledger), "Masculine");
    assert_has(shown(ledger), "gender=Unknown=50/");
    ledger_close(ledger);
}

static void what_is_too_small_goes(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    deliver_many(ledger, "b", 12, "\"reported\":\"2024-01-03\",\"category\":\"dwang\"");
    (void)close_month(ledger, true);
    deliver_many(ledger, "a", 16, "\"withdrawn\":true");
    now = at_date(2024, 4, 1);
    struct statistics_task made = close_month(ledger, false);
    assert_int_equal(made.outcome, STATISTICS_MADE);
    assert_true(made.gone > 0 && made.changed > 0);
    assert_lacks(shown(ledger), "2024-02");
    assert_has(shown(ledger), "signals/month=2024-01=10/10/289\n"); // as it was
    assert_has(shown(ledger), "signals/year=2024=20/10/290\n");
    deliver_many(ledger, "b", 12, "\"withdrawn\":true");
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_still(ledger, "");
    now = at_date(2024, 6, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW); // nothing since
    ledger_close(ledger);
}

// --- the outbox ---

static void confirm_statistics_at(struct ledger *ledger, uint64_t from, uint64_t upto,
                                  int64_t offset) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_STATISTICS];
    confirmed->ack_count = upto + 1 - from;
    confirmed->acks = calloc(confirmed->ack_count, sizeof *confirmed->acks);
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[seq - from] =
            (struct publish_ack){.seq = seq, .partition = 1, .offset = offset++};
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

static void confirm_statistics(struct ledger *ledger, uint64_t from, uint64_t upto,
                               int32_t partitions) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_STATISTICS];
    confirmed->ack_count = upto + 1 - from;
    confirmed->acks = calloc(confirmed->ack_count + 1, sizeof *confirmed->acks);
    confirmed->partitions = partitions;
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[seq - from] =
            (struct publish_ack){.seq = seq, .partition = 1, .offset = (int64_t)seq + 100};
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

static void of_a_statistic_the_last_one_waits(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    uint64_t first = close_month(ledger, true).changed;
    assert_has(waiting(ledger), "1 signals/month=2024-02 {\"measure\":\"signals\","
                                "\"month\":\"2024-02\",\"count\":20,\"roundingBase\":10,"
                                "\"closed\":\"2024-02\"}\n");
    deliver_many(ledger, "a", 20, "\"withdrawn\":true");
    deliver_many(ledger, "b", 30, MARCH);
    now = at_date(2024, 4, 1);
    struct statistics_task made = close_month(ledger, false);
    assert_int_equal(ledger_statistics_state(ledger)->seq, first + made.changed + made.gone);
    assert_has(waiting(ledger), " signals/month=2024-02 \n"); // a tombstone
    assert_lacks(waiting(ledger), "1 signals/month=2024-02 {");
    char *left = waiting(ledger);
    size_t keys = 0;
    for (char *line = left; (line = strchr(line, '\n')); line++)
        keys++;
    assert_int_equal(keys, ledger_statistics_unpublished(ledger));
    assert_int_equal(keys, made.changed + made.gone); // all of the first ones changed
    free(left);
    confirm_statistics(ledger, first + 1, first + 2, 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), keys - 2);
    assert_int_equal(ledger_last_known(ledger, LEDGER_STATISTICS, 1).offset, (int64_t)first + 102);
    assert_int_equal(ledger_last_known(ledger, LEDGER_EVENTS, 1).offset, -1);
    assert_int_equal(ledger_unpublished(ledger), 75); // events are not concerned
    ledger_close(ledger);
}

static void a_new_topic_gets_all(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    uint64_t count = close_month(ledger, true).changed;
    confirm_statistics(ledger, 1, count, 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    confirm_statistics(ledger, 1, 0, 3);
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 3);
    assert_int_equal(ledger_partitions(ledger, LEDGER_EVENTS), 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), count);
    assert_int_equal(ledger_statistics_state(ledger)->seq, 2 * count);
    assert_has(waiting(ledger), "\"count\":20");
    confirm_statistics(ledger, 1, 0, 3);
    assert_int_equal(ledger_statistics_unpublished(ledger), count);
    ledger_close(ledger);
    ledger = open_ledger();
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 3);
    assert_int_equal(ledger_statistics_unpublished(ledger), count);
    assert_int_equal(ledger_statistics_state(ledger)->seq, 3 * count);
    ledger_close(ledger);
}

// Nothing is sent for months, so it shows only by the places of what is sent next.
static void a_topic_made_anew_gets_all(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    deliver_many(ledger, "b", 12, "\"reported\":\"2023-01-03\",\"category\":\"dwang\"");
    uint64_t count = close_month(ledger, true).changed;
    confirm_statistics_at(ledger, 1, count, 5);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    deliver_many(ledger, "c", 30, MARCH);
    now = at_date(2024, 4, 1);
    uint64_t more = close_month(ledger, false).changed;
    assert_lacks(waiting(ledger), "2023"); // did not change
    confirm_statistics_at(ledger, count + 1, count + more, 0);
    assert_has(waiting(ledger), " signals/year=2023 {");
    assert_has(waiting(ledger), " signals/year=2024 {");
    uint64_t all = ledger_statistics_unpublished(ledger),
             seq = ledger_statistics_state(ledger)->seq;
    assert_int_equal(seq, count + more + all);
    confirm_statistics_at(ledger, seq - all + 1, seq, (int64_t)more);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    confirm_statistics(ledger, 1, 0, 3); // seen at a start, too
    assert_int_equal(ledger_statistics_unpublished(ledger), all);
    assert_int_equal(ledger_last_known(ledger, LEDGER_STATISTICS, 1).offset, -1);
    ledger = reopen(ledger);
    assert_int_equal(ledger_last_known(ledger, LEDGER_STATISTICS, 1).offset, -1);
    confirm_statistics_at(ledger, seq + 1, seq + all, 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0); // and only once
    ledger_close(ledger);
}

// A recovery that begins before the first one's confirmations are kept finds the same once more.
static void what_is_confirmed_twice_is_no_new_topic(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    uint64_t count = close_month(ledger, true).changed;
    confirm_statistics_at(ledger, 1, count, 0);
    confirm_statistics_at(ledger, 1, count, 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    assert_int_equal(ledger_statistics_state(ledger)->seq, count);
    ledger_close(ledger);
}

static struct ledger *reopen_with(struct ledger *ledger, const char *counts_topic) {
    const struct ledger_options options = {.dir = scratch_dir,
                                           .bytes_max = 64 << 20,
                                           .topic = "signals",
                                           .counts_topic = counts_topic,
                                           .window_ms = 100 * day_ms};
    struct err err;
    ledger_close(ledger);
    ledger = ledger_open(&options, &err);
    assert_non_null(ledger);
    return ledger;
}

// What went to the other topic is not in the first one.
static void a_topic_that_was_left_is_new_again(void **state) {
    (void)state;
    struct ledger *ledger = reopen_with(open_ledger(), "one");
    confirm_statistics(ledger, 1, 0, 3);
    ledger = reopen_with(reopen_with(ledger, NULL), "one");
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 3);
    ledger = reopen_with(ledger, "other");
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 0);
    ledger = reopen_with(ledger, "one"); // nothing went there
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 3);
    ledger = reopen_with(ledger, "other");
    confirm_statistics(ledger, 1, 0, 2);
    ledger = reopen_with(ledger, "one");
    assert_int_equal(ledger_partitions(ledger, LEDGER_STATISTICS), 0);
    ledger_close(ledger);
}

// Without one they are kept for the next, and nobody is told that they wait.
static void without_a_topic_nothing_waits_for_it(void **state) {
    (void)state;
    struct ledger *ledger = reopen_with(open_ledger(), NULL);
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    uint64_t count = close_month(ledger, true).changed;
    assert_true(count > 0);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    ledger = reopen_with(ledger, NULL);
    assert_int_equal(ledger_statistics_unpublished(ledger), 0);
    ledger = reopen_with(ledger, "one");
    assert_int_equal(ledger_statistics_unpublished(ledger), count);
    ledger_close(ledger);
}

// The disk has new ones a moment before the memory does.
static void how_far_they_are_is_read_with_them(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct statistics_record told;
    struct buf rows;
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    (void)close_month(ledger, true);
    deliver_many(ledger, "b", 30, FEBRUARY);
    now = at_date(2024, 4, 1);
    struct statistics_task made = begin_statistics(ledger, false, 5);
    struct ledger_group group = {.tasks = &made.task};
    ledger_commit(ledger, &group, now);
    assert_int_equal(made.outcome, STATISTICS_MADE);
    buf_init(&rows, SHOWN_MAX);
    ledger_each_statistic(ledger, &told, put_statistic, &rows);
    assert_has(buf_take(&rows), "signals/month=2024-02=55/5/290\n");
    assert_int_equal(told.closed, 290);
    assert_int_equal(told.rounding_base, 5);
    assert_int_equal(ledger_statistics_state(ledger)->closed, 289);
    ledger_apply(ledger, &group);
    assert_int_equal(ledger_statistics_state(ledger)->closed, 290);
    ledger_group_free(&group);
    ledger_free_statistics(&made);
    ledger_close(ledger);
}

// As a rebuild does it: what was told outside stays, and what has changed since is not known.
static void they_can_be_put_back(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 38, FEBRUARY);
    struct ledger_change change = {0};
    struct ledger_writer writer = {.ledger = ledger, .change = &change};
    const struct statistic_record told = {30, 10, 24 * 12};
    const struct statistics_record back = {
        .made = true, .tried = 24 * 12 + 1, .closed = 24 * 12, .rounding_base = 10, .seq = 700};
    struct err err;
    buf_init(&change.record, 1000);
    store_begin(ledger->store, &writer.txn);
    ledger_put_statistic(&writer, STR("signals/month=2024-02"), &told);
    ledger_put_statistics_state(&writer, &back);
    ledger_flush_statistics(&writer);
    assert_true(store_commit(&writer.txn, &err));
    buf_free(&change.record);
    ledger = reopen(ledger);
    assert_still(ledger, "signals/month=2024-02=30/10/288\n");
    deliver_many(ledger, "b", 9, FEBRUARY);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_THERE);
    deliver_many(ledger, "c", 3, FEBRUARY);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=50/10/291\n");
    assert_true(ledger_statistics_state(ledger)->seq > 700);
    ledger_close(ledger);
}

static void resolutions_must_fit(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct err err;
    now = at_date(2024, 3, 15);
    assert_true(ledger_statistics_fit(ledger, 7, &err));
    deliver_many(ledger, "a", 25, FEBRUARY);
    (void)close_month(ledger, true);
    assert_true(ledger_statistics_fit(ledger, 10, &err));
    assert_true(ledger_statistics_fit(ledger, 5, &err));
    assert_true(ledger_statistics_fit(ledger, 30, &err));
    assert_false(ledger_statistics_fit(ledger, 15, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_close_begins),
        TEST(a_clock_that_was_ahead_stops_nothing),
        TEST(a_clock_that_goes_back_closes_nothing_twice),
        TEST(what_a_clock_that_was_ahead_told_is_told_anew),
        TEST(an_operator_begins_once),
        TEST(between_closes_nothing_changes),
        TEST(with_few_changes_a_month_is_let_pass),
        TEST(nobody_makes_enough_change_alone),
        TEST(the_open_month_does_not_count),
        TEST(old_victims_and_expiry_are_no_changes),
        TEST(what_is_too_small_goes),
        TEST(of_a_statistic_the_last_one_waits),
        TEST(a_new_topic_gets_all),
        TEST(a_topic_made_anew_gets_all),
        TEST(what_is_confirmed_twice_is_no_new_topic),
        TEST(a_topic_that_was_left_is_new_again),
        TEST(without_a_topic_nothing_waits_for_it),
        TEST(how_far_they_are_is_read_with_them),
        TEST(they_can_be_put_back),
        TEST(resolutions_must_fit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
