// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside after a rebuild: as they were told, and nothing tells more than before.
#include "core/cube/statistics.h"
#include "rebuild_rig.h"

enum { SHOWN_MAX = 65536, STATISTICS = 200 };

static struct statistics_task close_month(struct ledger *ledger) {
    return make_statistics(ledger, !ledger_statistics_state(ledger)->made, 10);
}

static void deliver_many(struct ledger *ledger, const char *prefix, int count) {
    for (int i = 0; i < count; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"%s%d\",\"category\":\"dwang\"}", prefix, i);
        be_source(i);
        deliver(ledger, text, false);
    }
    be_source(-1);
}

struct statistic_list {
    struct restored_statistic list[STATISTICS];
    char keys[STATISTICS][STATISTIC_KEY_MAX];
    size_t count;
};

static bool take_statistic(void *ctx, struct str key, const struct statistic_record *statistic) {
    struct statistic_list *statistics = ctx;
    assert_true(statistics->count < STATISTICS);
    memcpy(statistics->keys[statistics->count], key.data, key.len);
    statistics->list[statistics->count] =
        (struct restored_statistic){{statistics->keys[statistics->count], key.len}, *statistic};
    statistics->count++;
    return true;
}

static void put_waiting(void *ctx, const struct outbox_entry *statistic) {
    struct buf *out = ctx;
    buf_printf(out, "%d %.*s %.*s\n", (int)statistic->seq, (int)statistic->key.len,
               statistic->key.data, (int)statistic->value.len,
               statistic->value.data ? statistic->value.data : "");
}

static char *waiting_after(struct ledger *ledger, uint64_t seq) {
    struct buf out;
    buf_init(&out, SHOWN_MAX);
    each_unpublished(ledger, LEDGER_STATISTICS, seq, put_waiting, &out);
    return buf_take(&out);
}

// As they were told, nothing is told again, and the next close tells what it would have told.
static void statistics_come_back(void **state) {
    (void)state;
    struct topic topic = {0};
    struct link_task link;
    static struct statistic_list statistics, back;
    struct statistics_record state_of;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, STATISTICS_MADE);
    publish(old, &topic);
    ledger_each_statistic(old, &state_of, take_statistic, &statistics);
    assert_true(statistics.count > 10);
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
    struct restore_task batch = {.task.run = ledger_restore};
    struct publish_ack ack = {
        .seq = ledger_statistics_state(old)->seq, .partition = 1, .offset = 99};
    struct ledger_group group = {.tasks = &batch.task};
    batch = (struct restore_task){.task.run = ledger_restore,
                                  .statistics = statistics.list,
                                  .statistic_count = statistics.count,
                                  .state = *ledger_statistics_state(old),
                                  .partitions = 3};
    group.confirmed[LEDGER_STATISTICS].acks = calloc(1, sizeof ack);
    group.confirmed[LEDGER_STATISTICS].acks[0] = ack;
    group.confirmed[LEDGER_STATISTICS].ack_count = 1;
    commit_group(anew, &group);
    ledger_group_free(&group);
    assert_int_equal(ledger_partitions(anew, LEDGER_STATISTICS), 3);
    assert_int_equal(ledger_last_known(anew, LEDGER_STATISTICS, 1).offset, 99);
    ledger_close(anew);
    anew = open_beside();
    ledger_each_statistic(anew, &state_of, take_statistic, &back);
    assert_int_equal(back.count, statistics.count);
    for (size_t i = 0; i < back.count; i++) {
        assert_string_equal(back.keys[i], statistics.keys[i]);
        assert_memory_equal(&back.list[i].statistic, &statistics.list[i].statistic,
                            sizeof back.list[i].statistic);
    }
    assert_int_equal(ledger_statistics_unpublished(anew), 0);
    assert_int_equal(ledger_partitions(anew, LEDGER_STATISTICS), 3);
    assert_int_equal(ledger_last_known(anew, LEDGER_STATISTICS, 1).offset, 99);
    uint64_t told = ledger_statistics_state(old)->seq;
    assert_int_equal(ledger_statistics_state(anew)->seq, told);
    struct ledger *both[] = {old, anew};
    char *next[COUNT(both)];
    for (size_t i = 0; i < COUNT(both); i++) {
        deliver_many(both[i], "b", 5);
        now += 31 * day_ms;
        assert_int_equal(close_month(both[i]).outcome, STATISTICS_TOO_FEW);
        deliver_many(both[i], "c", 15);
        now += 31 * day_ms;
        assert_int_equal(close_month(both[i]).outcome, STATISTICS_MADE);
        now -= 62 * day_ms;
        next[i] = waiting_after(both[i], told);
    }
    assert_true(strlen(next[0]) > 100);
    assert_string_equal(next[0], next[1]);
    free(next[0]);
    free(next[1]);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

// A making that changed no statistic leaves no trace in their topic. So it is supposed that there
// was one at the last close: what it told must not make the next one due.
static void what_closed_before_counts_as_told(void **state) {
    (void)state;
    struct topic topic = {0};
    struct link_task link;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, STATISTICS_MADE);
    deliver_many(old, "b", 12);
    publish(old, &topic);
    now += 31 * day_ms;
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
    struct restore_task batch = {.task.run = ledger_restore};
    struct ledger_group group = {.tasks = &batch.task};
    batch.state = *ledger_statistics_state(old);
    batch.state.tried++;
    commit_group(anew, &group);
    ledger_group_free(&group);
    deliver_many(anew, "c", 9);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, STATISTICS_TOO_FEW);
    deliver_many(anew, "d", 3);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, STATISTICS_MADE);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

// Without a topic of them nobody knows which were told.
static void what_may_have_been_told_counts_as_told(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *old = open_ledger();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, STATISTICS_MADE);
    publish(old, &topic);
    struct ledger *anew = rebuild_all(&topic, old);
    struct restore_task batch = {.task.run = ledger_restore};
    struct ledger_group group = {.tasks = &batch.task};
    batch.state.tried = ledger_statistics_state(old)->tried;
    commit_group(anew, &group);
    ledger_group_free(&group);
    ledger_close(anew);
    anew = open_beside();
    assert_false(ledger_statistics_state(anew)->made);
    assert_int_equal(ledger_partitions(anew, LEDGER_STATISTICS), 0);
    deliver_many(anew, "b", 9);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, STATISTICS_TOO_FEW);
    deliver_many(anew, "c", 1);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, STATISTICS_MADE);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(statistics_come_back),
        TEST(what_closed_before_counts_as_told),
        TEST(what_may_have_been_told_counts_as_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
