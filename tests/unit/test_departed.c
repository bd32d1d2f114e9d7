// SPDX-License-Identifier: EUPL-1.2
// What departs from its trend, in the ledger: told once, in the commit that keeps it; the same
// after a crash, in a ledger that is made anew, and in one that is older than its topic.
#include "ledger/take_back.h"
#include "rebuild_rig.h"

enum { WAIT_MS = 3600 * 1000 };

static int64_t at_date(int year, int month, int day) {
    return time_from_amsterdam(time_day_from_civil(year, month, day), 0);
}

static void deliver_many(struct ledger *ledger, const char *prefix, int count, const char *rest) {
    for (int i = 0; i < count; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"%s%d\",%s}", prefix, i, rest);
        deliver(ledger, text, false);
    }
}

#define OF_2022 "\"reported\":\"2022-06-03\",\"category\":\"dwang\""
#define SEX "\"category\":\"prostitutie\""
#define OF_2023 "\"reported\":\"2023-06-03\",\"category\":\"dwang\""

// Worked out as of now, and not yet told.
static struct departed_task begin(struct ledger *ledger) {
    struct departed_task task = {
        .task.run = ledger_begin_departed, .tables = &tables, .now_ms = now, .wait_ms = WAIT_MS};
    commit_task(ledger, &task.task);
    if (task.work)
        ledger_work_out_departed(&task);
    assert_int_equal(task.task.err.kind, ERR_NONE);
    task.task.run = ledger_tell_departed;
    return task;
}

static struct departed_task close_month(struct ledger *ledger) {
    struct departed_task task = begin(ledger);
    if (task.work)
        commit_task(ledger, &task.task);
    ledger_free_departed(&task);
    return task;
}

// The close is seen, and the wait is over.
static struct departed_task close_at(struct ledger *ledger, int year, int month) {
    now = at_date(year, month, 1);
    struct departed_task seen = close_month(ledger);
    assert_int_equal(seen.tested, 0);
    now += WAIT_MS;
    return close_month(ledger);
}

static bool count_one(void *ctx, uint16_t since, struct str value) {
    (void)since;
    assert_true(value.len > 0);
    ++*(size_t *)ctx;
    return true;
}

static size_t departed(struct ledger *ledger) {
    struct departed_state state;
    size_t count = 0;
    ledger_each_departed(ledger, &state, count_one, &count);
    return count;
}

static bool count_event(void *ctx, const struct ledger_event *line) {
    *(size_t *)ctx += line->entry.kind == LEDGER_TREND_DEPARTED;
    return true;
}

static size_t told(struct ledger *ledger) {
    size_t count = 0;
    ledger_each_event(ledger, 1, UINT64_MAX, count_event, &count);
    return count;
}

static struct ledger *ledger_of_2023(int before, int after) {
    struct ledger *ledger = open_ledger();
    now = at_date(2023, 12, 20);
    assert_int_equal(close_month(ledger).tested, 0); // a new ledger: history is on its way in
    deliver_many(ledger, "a", before, OF_2022);
    deliver_many(ledger, "b", after, OF_2023);
    return ledger;
}

static void it_is_told_once(void **state) {
    (void)state;
    struct ledger *ledger = ledger_of_2023(4, 30);
    struct departed_task made = close_at(ledger, 2024, 1);
    assert_int_equal(made.closed, 23 * 12 + 11);
    assert_int_equal(made.tested, 4); // country, province, police unit, safety region
    assert_int_equal(made.departed, 4);
    assert_int_equal(made.told, 4);
    assert_int_equal(told(ledger), 4);
    struct line line = line_at(ledger, 35);
    assert_string_equal(event_type(&line.entry), "trend.departed.v1");
    assert_non_null(strstr(line.event,
                           "{\"event\":\"departed\",\"counts\":false,\"region\":{\"kind\":"
                           "\"country\",\"code\":\"NL\",\"name\":\"Nederland\"},"
                           "\"category\":\"ForcedLabour\",\"before\":{\"from\":"
                           "\"2022-01\",\"to\":\"2022-12\",\"signals\":4,"));
    assert_int_equal(close_month(ledger).told, 0);
    assert_int_equal(close_at(ledger, 2024, 2).departed, 4); // still, and nothing is said of it
    assert_int_equal(told(ledger), 4);
    ledger = reopen(ledger);
    assert_int_equal(departed(ledger), 4);
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static void it_waits_over_a_restart(void **state) {
    (void)state;
    struct ledger *ledger = ledger_of_2023(4, 30);
    now = at_date(2024, 1, 1);
    assert_int_equal(close_month(ledger).tested, 0);
    now += WAIT_MS - 1;
    ledger = reopen(ledger);
    assert_int_equal(close_month(ledger).tested, 0);
    now++;
    assert_int_equal(close_month(ledger).tested, 4);
    ledger_close(ledger);
}

// What would have been told and never reached the disk is told after the start, all of it.
static void a_crash_tells_all_or_nothing(void **state) {
    (void)state;
    struct ledger *ledger = ledger_of_2023(4, 30);
    now = at_date(2024, 1, 1);
    (void)close_month(ledger);
    now += WAIT_MS;
    for (int i = 0; i < 3; i++) { // killed when it is worked out
        struct departed_task lost = begin(ledger);
        assert_non_null(lost.work);
        ledger_free_departed(&lost);
        ledger = reopen(ledger);
        assert_int_equal(told(ledger), 0);
        assert_int_equal(departed(ledger), 0);
    }
    struct departed_task made = close_month(ledger);
    assert_int_equal(made.told, 4);
    ledger = reopen(ledger); // killed behind the commit
    assert_int_equal(close_month(ledger).tested, 0);
    assert_int_equal(told(ledger), 4);
    assert_int_equal(ledger_unpublished(ledger), 38);
    ledger_close(ledger);
}

static void a_clock_that_was_ahead_stops_nothing(void **state) {
    (void)state;
    struct ledger *ledger = ledger_of_2023(4, 30);
    assert_int_equal(close_at(ledger, 2034, 1).tested, 0); // nothing was reported in those years
    now = at_date(2023, 12, 21);
    assert_int_equal(close_month(ledger).told, 0);
    assert_int_equal(close_at(ledger, 2024, 1).told, 4);
    now = at_date(2023, 12, 30); // back, and by the end of the month once more
    assert_int_equal(close_month(ledger).told, 0);
    assert_int_equal(close_at(ledger, 2024, 1).told, 0);
    assert_int_equal(told(ledger), 4);
    ledger_close(ledger);
}

// Many other tests make the adjusted p of this one larger than the level; by itself it departs
// still, so it is not told again when they are gone.
static void others_do_not_make_it_new(void **state) {
    (void)state;
    struct ledger *ledger = ledger_of_2023(4, 15); // p 0.019
    assert_int_equal(close_at(ledger, 2024, 1).told, 4);
    deliver_many(ledger, "c", 3, "\"municipality\":\"Utrecht\",\"reported\":\"2022-06-03\"," SEX);
    deliver_many(ledger, "d", 3, "\"municipality\":\"Utrecht\",\"reported\":\"2023-06-03\"," SEX);
    deliver_many(ledger, "g", 3, "\"municipality\":\"Rotterdam\",\"reported\":\"2022-06-03\"," SEX);
    deliver_many(ledger, "h", 3, "\"municipality\":\"Rotterdam\",\"reported\":\"2023-06-03\"," SEX);
    struct departed_task made = close_at(ledger, 2024, 2);
    assert_int_equal(made.tested, 11); // 0.019 * 11 / 4 is 0.053
    assert_int_equal(made.told, 0);
    assert_int_equal(made.departed, 4);
    deliver_many(ledger, "e", 1, OF_2022); // 0.041
    assert_int_equal(close_at(ledger, 2024, 3).departed, 4);
    deliver_many(ledger, "f", 1, OF_2022); // 0.078
    assert_int_equal(close_at(ledger, 2024, 4).departed, 0);
    assert_int_equal(told(ledger), 4);
    ledger_close(ledger);
}

static void a_ledger_made_anew_tells_nothing_again(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = ledger_of_2023(4, 30);
    assert_int_equal(close_at(ledger, 2024, 1).told, 4);
    publish(ledger, &topic);
    struct ledger *anew = rebuild_all(&topic, ledger);
    assert_int_equal(departed(anew), 4);
    assert_int_equal(told(anew), 4);
    for (uint64_t seq = 1; seq <= ledger_last_seq(ledger); seq++) {
        struct line line = line_at(ledger, seq), again = line_at(anew, seq);
        assert_string_equal(again.event, line.event);
        assert_true(digest_equal(&again.entry.identity, &line.entry.identity));
        assert_string_equal(again.entry.source, line.entry.source);
    }
    // that month is tested once more, and nothing is new
    assert_int_equal(close_month(anew).tested, 0);
    now += WAIT_MS;
    struct departed_task made = close_month(anew);
    assert_int_equal(made.tested, 4);
    assert_int_equal(made.told, 0);
    assert_books_whole(anew, 0);
    ledger_close(anew);
    ledger_close(ledger);
    free_topic(&topic);
}

// What the topic has from `from` on comes back into a ledger that lacks it.
static void take_back(struct ledger *ledger, const struct topic *topic, size_t from, size_t count) {
    struct ledger_staging *staging = ledger_staging_begin(ledger);
    struct err err;
    for (size_t i = from; i < from + count; i++) {
        struct publish_record record = topic->list[i].record;
        struct ledger_found found;
        struct buf kept;
        record.key.data = topic->list[i].key;
        record.value.data = topic->list[i].value;
        buf_init(&kept, EVENT_VALUE_MAX + 1);
        assert_true(topic_event_read(&record, &kept, &found, &err));
        assert_true(ledger_staging_add(staging, &found, &err));
        buf_free(&kept);
    }
    assert_true(ledger_staging_flush(staging, &err));
    ledger_staging_free(staging);
    struct take_back_task back = {
        .task.run = ledger_take_back, .tables = &tables, .sources = &sources};
    commit_task(ledger, &back.task);
    assert_int_equal(back.taken, count);
}

// The topic has two of the four: they are taken back, and the others follow.
static void a_ledger_that_is_older_tells_the_rest(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = ledger_of_2023(4, 30);
    publish(ledger, &topic);
    struct ledger *older = rebuild_all(&topic, ledger);
    size_t before = topic.count;
    assert_int_equal(close_at(ledger, 2024, 1).told, 4);
    publish(ledger, &topic);
    take_back(older, &topic, before, 2);
    assert_int_equal(departed(older), 2);
    (void)close_month(older);
    now += WAIT_MS;
    assert_int_equal(close_month(older).told, 2);
    assert_int_equal(departed(older), 4);
    assert_int_equal(told(older), 4);
    ledger_close(older);
    ledger_close(ledger);
    free_topic(&topic);
}

// Its own lines were not published, and the topic has something else in their place.
static void a_fork_tells_it_anew(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = ledger_of_2023(4, 30);
    publish(ledger, &topic);
    struct ledger *other = rebuild_all(&topic, ledger);
    assert_int_equal(close_month(other).tested, 0);
    assert_int_equal(close_at(other, 2024, 1).told, 4);
    size_t before = topic.count;
    deliver(ledger, "{\"id\":\"z\"}", false);
    publish(ledger, &topic);
    take_back(other, &topic, before, 1);
    assert_int_equal(told(other), 0);
    assert_int_equal(departed(other), 0);
    assert_int_equal(close_month(other).told, 4);
    assert_int_equal(ledger_last_seq(other), 39);
    ledger_close(other);
    ledger_close(ledger);
    free_topic(&topic);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_set_up, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_is_told_once),
        TEST(it_waits_over_a_restart),
        TEST(a_crash_tells_all_or_nothing),
        TEST(a_clock_that_was_ahead_stops_nothing),
        TEST(others_do_not_make_it_new),
        TEST(a_ledger_made_anew_tells_nothing_again),
        TEST(a_ledger_that_is_older_tells_the_rest),
        TEST(a_fork_tells_it_anew),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
