// SPDX-License-Identifier: EUPL-1.2
// Figures for outside after a rebuild: as they were told, and nothing tells more than before.
#include "rebuild_rig.h"

enum { SHOWN_MAX = 65536, FIGURES = 200 };

static struct batch_figures close_month(struct books *books) {
    struct batch *batch = batch_create_task(NULL, &tables, BATCH_FIGURES);
    struct books_group group = {.batches = batch};
    batch->figures.now_ms = now;
    batch->figures.resolution = 10;
    batch->figures.asked = !books_figures_state(books)->made;
    commit_group(books, &group);
    struct batch_figures result = batch->figures;
    books_group_free(&group);
    batch_free(batch);
    return result;
}

static void deliver_many(struct books *books, const char *prefix, int count) {
    for (int i = 0; i < count; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"%s%d\",\"category\":\"dwang\"}", prefix, i);
        deliver(books, text, false);
    }
}

struct figure_list {
    struct batch_figure list[FIGURES];
    char keys[FIGURES][FIGURE_KEY_MAX];
    size_t count;
};

static bool take_figure(void *ctx, struct str key, const struct figure_record *figure) {
    struct figure_list *figures = ctx;
    assert_true(figures->count < FIGURES);
    memcpy(figures->keys[figures->count], key.data, key.len);
    figures->list[figures->count] =
        (struct batch_figure){{figures->keys[figures->count], key.len}, *figure};
    figures->count++;
    return true;
}

static bool put_waiting(void *ctx, const struct books_figure_waiting *figure) {
    struct buf *out = ctx;
    buf_printf(out, "%d %.*s %.*s\n", (int)figure->seq, (int)figure->key.len, figure->key.data,
               (int)figure->value.len, figure->value.data ? figure->value.data : "");
    return true;
}

static char *waiting_after(struct books *books, uint64_t seq) {
    struct buf out;
    buf_init(&out, SHOWN_MAX);
    books_each_figure_waiting(books, seq, UINT64_MAX, put_waiting, &out);
    return buf_take(&out);
}

// As they were told, nothing is told again, and the next close tells what it would have told.
static void figures_come_back(void **state) {
    (void)state;
    struct topic topic = {0};
    struct batch_link link;
    static struct figure_list figures, back;
    struct figures_record state_of;
    uint64_t seed = 1;
    struct books *old = open_books();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, BATCH_FIGURES_MADE);
    publish(old, &topic);
    books_each_figure(old, &state_of, take_figure, &figures);
    assert_true(figures.count > 10);
    struct books *anew = rebuild_from(&topic, books_origin(old), &seed, &link);
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_RESTORE);
    struct publish_ack ack = {.seq = books_figures_state(old)->seq, .partition = 1, .offset = 99};
    struct books_group group = {.batches = batch};
    batch->restore = (struct batch_restore){.figures = figures.list,
                                            .figure_count = figures.count,
                                            .state = *books_figures_state(old),
                                            .partitions = 3};
    group.confirmed[BOOKS_FIGURES].acks = calloc(1, sizeof ack);
    group.confirmed[BOOKS_FIGURES].acks[0] = ack;
    group.confirmed[BOOKS_FIGURES].ack_count = 1;
    commit_group(anew, &group);
    books_group_free(&group);
    batch_free(batch);
    books_close(anew);
    anew = open_beside();
    books_each_figure(anew, &state_of, take_figure, &back);
    assert_int_equal(back.count, figures.count);
    for (size_t i = 0; i < back.count; i++) {
        assert_string_equal(back.keys[i], figures.keys[i]);
        assert_memory_equal(&back.list[i].figure, &figures.list[i].figure,
                            sizeof back.list[i].figure);
    }
    assert_int_equal(books_figures_waiting(anew), 0);
    assert_int_equal(books_partitions(anew, BOOKS_FIGURES), 3);
    assert_int_equal(books_known_offset(anew, BOOKS_FIGURES, 1), 99);
    uint64_t told = books_figures_state(old)->seq;
    assert_int_equal(books_figures_state(anew)->seq, told);
    struct books *both[] = {old, anew};
    char *next[COUNT(both)];
    for (size_t i = 0; i < COUNT(both); i++) {
        deliver_many(both[i], "b", 5);
        now += 31 * day_ms;
        assert_int_equal(close_month(both[i]).outcome, BATCH_FIGURES_TOO_FEW);
        deliver_many(both[i], "c", 15);
        now += 31 * day_ms;
        assert_int_equal(close_month(both[i]).outcome, BATCH_FIGURES_MADE);
        now -= 62 * day_ms;
        next[i] = waiting_after(both[i], told);
    }
    assert_true(strlen(next[0]) > 100);
    assert_string_equal(next[0], next[1]);
    free(next[0]);
    free(next[1]);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

// A making that changed no figure leaves no trace in their topic. So it is supposed that there was
// one at the last close: what it told must not make the next one due.
static void what_closed_before_counts_as_told(void **state) {
    (void)state;
    struct topic topic = {0};
    struct batch_link link;
    uint64_t seed = 1;
    struct books *old = open_books();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, BATCH_FIGURES_MADE);
    deliver_many(old, "b", 12);
    publish(old, &topic);
    now += 31 * day_ms;
    struct books *anew = rebuild_from(&topic, books_origin(old), &seed, &link);
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_RESTORE);
    struct books_group group = {.batches = batch};
    batch->restore.state = *books_figures_state(old);
    batch->restore.state.tried++;
    commit_group(anew, &group);
    books_group_free(&group);
    batch_free(batch);
    deliver_many(anew, "c", 9);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, BATCH_FIGURES_TOO_FEW);
    deliver_many(anew, "d", 1);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, BATCH_FIGURES_MADE);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

// Without a topic of them nobody knows which were told.
static void what_may_have_been_told_counts_as_told(void **state) {
    (void)state;
    struct topic topic = {0};
    struct books *old = open_books();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, BATCH_FIGURES_MADE);
    publish(old, &topic);
    struct books *anew = rebuild_all(&topic, old);
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_RESTORE);
    struct books_group group = {.batches = batch};
    batch->restore.state.tried = books_figures_state(old)->tried;
    commit_group(anew, &group);
    books_group_free(&group);
    batch_free(batch);
    books_close(anew);
    anew = open_beside();
    assert_false(books_figures_state(anew)->made);
    assert_int_equal(books_partitions(anew, BOOKS_FIGURES), 0);
    deliver_many(anew, "b", 9);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, BATCH_FIGURES_TOO_FEW);
    deliver_many(anew, "c", 1);
    now += 31 * day_ms;
    assert_int_equal(close_month(anew).outcome, BATCH_FIGURES_MADE);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(figures_come_back),
        TEST(what_closed_before_counts_as_told),
        TEST(what_may_have_been_told_counts_as_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
