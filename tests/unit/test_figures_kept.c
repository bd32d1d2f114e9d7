// SPDX-License-Identifier: EUPL-1.2
// Figures for outside in the books: made when a month has closed and enough has changed, and in
// between they stay, whatever arrives.
#include "retention_rig.h"

enum { SHOWN_MAX = 65536 };

static int64_t at_date(int year, int month, int day) {
    return time_from_amsterdam(time_day_from_civil(year, month, day), 0);
}

static struct batch_figures close_month(struct books *books, bool asked) {
    struct batch *batch = batch_create_task(NULL, &tables, BATCH_FIGURES);
    struct books_group group = {.batches = batch};
    batch->figures.now_ms = now;
    batch->figures.resolution = 10;
    batch->figures.asked = asked;
    commit_group(books, &group);
    struct batch_figures result = batch->figures;
    books_group_free(&group);
    batch_free(batch);
    return result;
}

// `count` signals with ids PREFIX0… of a day in 2024.
static void deliver_many(struct books *books, const char *prefix, int count, const char *rest) {
    struct buf text;
    buf_init(&text, SHOWN_MAX);
    for (int i = 0; i < count; i++)
        buf_printf(&text, "%c{\"id\":\"%s%d\",%s}", i ? ',' : '[', prefix, i, rest);
    buf_putc(&text, ']');
    char *body = buf_take(&text);
    deliver(books, body, false);
    free(body);
}

static bool put_figure(void *ctx, struct str key, const struct figure_record *figure) {
    struct buf *out = ctx;
    buf_printf(out, "%.*s=%d/%u/%u\n", (int)key.len, key.data, (int)figure->count,
               figure->resolution, figure->closed);
    return true;
}

static bool put_waiting(void *ctx, const struct books_figure_waiting *figure) {
    struct buf *out = ctx;
    buf_printf(out, "%d %.*s %.*s\n", (int)figure->seq, (int)figure->key.len, figure->key.data,
               (int)figure->value.len, figure->value.data ? figure->value.data : "");
    return true;
}

static char *shown(struct books *books) {
    struct buf out;
    struct figures_record state;
    buf_init(&out, SHOWN_MAX);
    books_each_figure(books, &state, put_figure, &out);
    return buf_take(&out);
}

static char *waiting(struct books *books) {
    struct buf out;
    buf_init(&out, SHOWN_MAX);
    books_each_figure_waiting(books, 0, 1000000, put_waiting, &out);
    return buf_take(&out);
}

static void assert_has(char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("%s is not in:\n%s", part, text);
    free(text);
}

static void assert_lacks(char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("%s is in:\n%s", part, text);
    free(text);
}

static void assert_still(struct books *books, const char *before) {
    char *now_shown = shown(books);
    assert_string_equal(now_shown, before);
    free(now_shown);
}

#define FEBRUARY "\"reported\":\"2024-02-03\",\"category\":\"prostitutie\""
#define MARCH "\"reported\":\"2024-03-03\",\"category\":\"prostitutie\""

static void the_first_close_begins(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 1);
    deliver_many(books, "a", 25, FEBRUARY);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY); // a new ledger
    assert_still(books, "");
    books = reopen(books);
    now = at_date(2024, 4, 1) - 1;
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    now++;
    struct batch_figures made = close_month(books, false);
    assert_int_equal(made.outcome, BATCH_FIGURES_MADE);
    assert_int_equal(made.closed, 24 * 12 + 2);
    assert_int_equal(made.gone, 0);
    assert_has(shown(books), "signals/month=2024-02=20/10/290\n");
    assert_int_equal(made.changed, books_figures_waiting(books));
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    char *before = shown(books);
    books = reopen(books);
    assert_still(books, before);
    assert_int_equal(books_figures_state(books)->closed, 24 * 12 + 2);
    assert_int_equal(books_figures_state(books)->seq, made.changed);
    assert_int_equal(books_figures_waiting(books), made.changed);
    free(before);
    books_close(books);
}

static void a_clock_that_was_ahead_stops_nothing(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    now = at_date(2034, 3, 15);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW);
    now = at_date(2024, 3, 16);
    deliver_many(books, "a", 25, FEBRUARY);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    books = reopen(books);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=20/10/290\n");
    books_close(books);
}

// It comes by the end of the same month twice, and that is one close.
static void a_clock_that_goes_back_closes_nothing_twice(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    (void)close_month(books, true);
    deliver_many(books, "b", 25, FEBRUARY);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    char *before = shown(books);
    deliver_many(books, "c", 25, FEBRUARY);
    now = at_date(2024, 3, 31);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    now = at_date(2024, 4, 2);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    assert_still(books, before);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=70/10/291\n");
    free(before);
    books_close(books);
}

// Told too early, and the same again when it is time.
static void what_a_clock_that_was_ahead_told_is_told_anew(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    (void)close_month(books, true);
    deliver_many(books, "b", 25, MARCH);
    now = at_date(2034, 3, 15);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    now = at_date(2024, 3, 16);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    deliver_many(books, "c", 25, MARCH);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-03=50/10/290\n");
    books_close(books);
}

static void an_operator_begins_once(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 9, FEBRUARY);
    deliver_many(books, "b", 9, MARCH);
    assert_int_equal(close_month(books, true).outcome, BATCH_FIGURES_TOO_FEW);
    assert_still(books, "");
    deliver_many(books, "c", 1, FEBRUARY);
    assert_int_equal(close_month(books, true).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=10/10/289\n");
    deliver_many(books, "d", 100, FEBRUARY);
    char *before = shown(books);
    assert_int_equal(close_month(books, true).outcome, BATCH_FIGURES_THERE);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
    assert_still(books, before);
    free(before);
    books_close(books);
}

static void between_closes_nothing_changes(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 30, FEBRUARY);
    assert_int_equal(close_month(books, true).outcome, BATCH_FIGURES_MADE);
    char *before = shown(books);
    deliver_many(books, "late", 30, FEBRUARY);
    deliver_many(books, "a", 15, "\"withdrawn\":true");
    deliver_many(books, "late", 5, "\"reported\":\"2024-02-03\",\"category\":\"dwang\"");
    (void)erase(books, "late7", false);
    for (; now < at_date(2024, 4, 1); now += day_ms) {
        assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY);
        assert_still(books, before);
    }
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=40/10/290\n");
    free(before);
    books_close(books);
}

// What is told must never be the work of fewer signals than the resolution, so they wait for more.
static void with_few_changes_a_month_is_let_pass(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 38, FEBRUARY);
    (void)close_month(books, true);
    char *before = shown(books);
    deliver_many(books, "b", 9, FEBRUARY);
    for (int i = 0; i < 20; i++) // one signal is one, however often it comes and goes
        deliver(books, i % 2 ? "{\"id\":\"c\",\"withdrawn\":true}" : "{\"id\":\"c\"," FEBRUARY "}",
                false);
    deliver_many(books, "a", 12, FEBRUARY ",\"victim\":{\"gender\":\"man\"}");
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW);
    assert_still(books, before);
    deliver_many(books, "d", 20, FEBRUARY);
    books = reopen(books);
    now = at_date(2024, 4, 30);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_EARLY); // not until the next
    assert_still(books, before);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=60/10/291\n");
    assert_has(shown(books), "signals/year=2024/gender=Masculine=10/10/291\n");
    free(before);
    books_close(books);
}

// The month that goes on is not in it, so its signals are no changes either.
static void the_open_month_does_not_count(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 10, FEBRUARY);
    (void)close_month(books, true);
    now = at_date(2024, 5, 2);
    deliver_many(books, "b", 9, MARCH);
    deliver_many(books, "c", 50, "\"reported\":\"2024-05-01\"");
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW);
    now = at_date(2024, 6, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-05=50/10/292\n");
    books_close(books);
}

static void old_victims_and_expiry_are_no_changes(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 40, FEBRUARY ",\"victim\":{\"gender\":\"man\"}");
    (void)close_month(books, true);
    assert_has(shown(books), "gender=Masculine=40/10/289");
    no_kafka = true;
    now += (CELLS_DAYS + 60) * day_ms;
    expire(books);
    expire(books);
    no_kafka = false;
    assert_int_equal(books_totals(books)->expired, 40);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW);
    deliver_many(books, "b", 10, FEBRUARY);
    now += 31 * day_ms;
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_lacks(shown(books), "Masculine");
    assert_has(shown(books), "gender=Unknown=50/");
    books_close(books);
}

static void what_is_too_small_goes(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    deliver_many(books, "b", 12, "\"reported\":\"2024-01-03\",\"category\":\"dwang\"");
    (void)close_month(books, true);
    deliver_many(books, "a", 16, "\"withdrawn\":true");
    now = at_date(2024, 4, 1);
    struct batch_figures made = close_month(books, false);
    assert_int_equal(made.outcome, BATCH_FIGURES_MADE);
    assert_true(made.gone > 0 && made.changed > 0);
    assert_lacks(shown(books), "2024-02");
    assert_has(shown(books), "signals/month=2024-01=10/10/289\n"); // as it was
    assert_has(shown(books), "signals/year=2024=20/10/290\n");
    deliver_many(books, "b", 12, "\"withdrawn\":true");
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_still(books, "");
    now = at_date(2024, 6, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW); // nothing since
    books_close(books);
}

// --- the outbox ---

static void confirm_figures_at(struct books *books, uint64_t from, uint64_t upto, int64_t offset) {
    struct books_group group = {0};
    struct books_confirmed *confirmed = &group.confirmed[BOOKS_FIGURES];
    confirmed->ack_count = upto + 1 - from;
    confirmed->acks = calloc(confirmed->ack_count, sizeof *confirmed->acks);
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[seq - from] =
            (struct publish_ack){.seq = seq, .partition = 1, .offset = offset++};
    commit_group(books, &group);
    books_group_free(&group);
}

static void confirm_figures(struct books *books, uint64_t from, uint64_t upto, int32_t partitions) {
    struct books_group group = {0};
    struct books_confirmed *confirmed = &group.confirmed[BOOKS_FIGURES];
    confirmed->ack_count = upto + 1 - from;
    confirmed->acks = calloc(confirmed->ack_count + 1, sizeof *confirmed->acks);
    confirmed->partitions = partitions;
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[seq - from] =
            (struct publish_ack){.seq = seq, .partition = 1, .offset = (int64_t)seq + 100};
    commit_group(books, &group);
    books_group_free(&group);
}

static void of_a_figure_the_last_one_waits(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    uint64_t first = close_month(books, true).changed;
    assert_has(waiting(books), "1 signals/month=2024-02 {\"measure\":\"signals\","
                               "\"month\":\"2024-02\",\"count\":20,\"resolution\":10,"
                               "\"closed\":\"2024-02\"}\n");
    deliver_many(books, "a", 20, "\"withdrawn\":true");
    deliver_many(books, "b", 30, MARCH);
    now = at_date(2024, 4, 1);
    struct batch_figures made = close_month(books, false);
    assert_int_equal(books_figures_state(books)->seq, first + made.changed + made.gone);
    assert_has(waiting(books), " signals/month=2024-02 \n"); // a tombstone
    assert_lacks(waiting(books), "1 signals/month=2024-02 {");
    char *left = waiting(books);
    size_t keys = 0;
    for (char *line = left; (line = strchr(line, '\n')); line++)
        keys++;
    assert_int_equal(keys, books_figures_waiting(books));
    assert_int_equal(keys, made.changed + made.gone); // all of the first ones changed
    free(left);
    confirm_figures(books, first + 1, first + 2, 0);
    assert_int_equal(books_figures_waiting(books), keys - 2);
    assert_int_equal(books_known_offset(books, BOOKS_FIGURES, 1), (int64_t)first + 102);
    assert_int_equal(books_known_offset(books, BOOKS_EVENTS, 1), -1);
    assert_int_equal(books_waiting(books), 75); // events are not concerned
    books_close(books);
}

static void a_new_topic_gets_all(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    uint64_t count = close_month(books, true).changed;
    confirm_figures(books, 1, count, 0);
    assert_int_equal(books_figures_waiting(books), 0);
    confirm_figures(books, 1, 0, 3);
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 3);
    assert_int_equal(books_partitions(books, BOOKS_EVENTS), 0);
    assert_int_equal(books_figures_waiting(books), count);
    assert_int_equal(books_figures_state(books)->seq, 2 * count);
    assert_has(waiting(books), "\"count\":20");
    confirm_figures(books, 1, 0, 3);
    assert_int_equal(books_figures_waiting(books), count);
    books_close(books);
    books = open_books();
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 3);
    assert_int_equal(books_figures_waiting(books), count);
    assert_int_equal(books_figures_state(books)->seq, 3 * count);
    books_close(books);
}

// Nothing is sent for months, so it shows only by the places of what is sent next.
static void a_topic_made_anew_gets_all(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    deliver_many(books, "b", 12, "\"reported\":\"2023-01-03\",\"category\":\"dwang\"");
    uint64_t count = close_month(books, true).changed;
    confirm_figures_at(books, 1, count, 5);
    assert_int_equal(books_figures_waiting(books), 0);
    deliver_many(books, "c", 30, MARCH);
    now = at_date(2024, 4, 1);
    uint64_t more = close_month(books, false).changed;
    assert_lacks(waiting(books), "2023"); // did not change
    confirm_figures_at(books, count + 1, count + more, 0);
    assert_has(waiting(books), " signals/year=2023 {");
    assert_has(waiting(books), " signals/year=2024 {");
    uint64_t all = books_figures_waiting(books), seq = books_figures_state(books)->seq;
    assert_int_equal(seq, count + more + all);
    confirm_figures_at(books, seq - all + 1, seq, (int64_t)more);
    assert_int_equal(books_figures_waiting(books), 0);
    confirm_figures(books, 1, 0, 3); // seen at a start, too
    assert_int_equal(books_figures_waiting(books), all);
    assert_int_equal(books_known_offset(books, BOOKS_FIGURES, 1), -1);
    books = reopen(books);
    assert_int_equal(books_known_offset(books, BOOKS_FIGURES, 1), -1);
    confirm_figures_at(books, seq + 1, seq + all, 0);
    assert_int_equal(books_figures_waiting(books), 0); // and only once
    books_close(books);
}

static struct books *reopen_with(struct books *books, const char *counts_topic) {
    const struct books_options options = {.dir = scratch_dir,
                                          .bytes_max = 64 << 20,
                                          .topic = "signals",
                                          .counts_topic = counts_topic,
                                          .window_ms = 100 * day_ms};
    struct err err;
    books_close(books);
    books = books_open(&options, &err);
    assert_non_null(books);
    return books;
}

// What went to the other topic is not in the first one.
static void a_topic_that_was_left_is_new_again(void **state) {
    (void)state;
    struct books *books = reopen_with(open_books(), "one");
    confirm_figures(books, 1, 0, 3);
    books = reopen_with(reopen_with(books, NULL), "one");
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 3);
    books = reopen_with(books, "other");
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 0);
    books = reopen_with(books, "one"); // nothing went there
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 3);
    books = reopen_with(books, "other");
    confirm_figures(books, 1, 0, 2);
    books = reopen_with(books, "one");
    assert_int_equal(books_partitions(books, BOOKS_FIGURES), 0);
    books_close(books);
}

// Without one they are kept for the next, and nobody is told that they wait.
static void without_a_topic_nothing_waits_for_it(void **state) {
    (void)state;
    struct books *books = reopen_with(open_books(), NULL);
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    uint64_t count = close_month(books, true).changed;
    assert_true(count > 0);
    assert_int_equal(books_figures_waiting(books), 0);
    books = reopen_with(books, NULL);
    assert_int_equal(books_figures_waiting(books), 0);
    books = reopen_with(books, "one");
    assert_int_equal(books_figures_waiting(books), count);
    books_close(books);
}

// The disk has new ones a moment before the memory does.
static void how_far_they_are_is_read_with_them(void **state) {
    (void)state;
    struct books *books = open_books();
    struct figures_record told;
    struct buf rows;
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 25, FEBRUARY);
    (void)close_month(books, true);
    deliver_many(books, "b", 30, FEBRUARY);
    now = at_date(2024, 4, 1);
    struct batch *batch = batch_create_task(NULL, &tables, BATCH_FIGURES);
    struct books_group group = {.batches = batch};
    batch->figures.now_ms = now;
    batch->figures.resolution = 5;
    books_commit(books, &group, now);
    assert_int_equal(batch->figures.outcome, BATCH_FIGURES_MADE);
    buf_init(&rows, SHOWN_MAX);
    books_each_figure(books, &told, put_figure, &rows);
    assert_has(buf_take(&rows), "signals/month=2024-02=55/5/290\n");
    assert_int_equal(told.closed, 290);
    assert_int_equal(told.resolution, 5);
    assert_int_equal(books_figures_state(books)->closed, 289);
    books_apply(books, &group);
    assert_int_equal(books_figures_state(books)->closed, 290);
    books_group_free(&group);
    batch_free(batch);
    books_close(books);
}

// As a rebuild does it: what was told outside stays, and what has changed since is not known.
static void they_can_be_put_back(void **state) {
    (void)state;
    struct books *books = open_books();
    now = at_date(2024, 3, 15);
    deliver_many(books, "a", 38, FEBRUARY);
    struct books_change change = {0};
    struct books_commit commit = {.books = books, .change = &change};
    const struct figure_record told = {30, 10, 24 * 12};
    const struct figures_record back = {
        .made = true, .tried = 24 * 12 + 1, .closed = 24 * 12, .resolution = 10, .seq = 700};
    struct err err;
    buf_init(&change.record, 1000);
    store_begin(books->store, &commit.txn);
    books_put_figure(&commit, STR("signals/month=2024-02"), &told);
    books_put_figures_state(&commit, &back);
    books_flush_figures(&commit);
    assert_true(store_commit(&commit.txn, &err));
    buf_free(&change.record);
    books = reopen(books);
    assert_still(books, "signals/month=2024-02=30/10/288\n");
    deliver_many(books, "b", 9, FEBRUARY);
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_TOO_FEW);
    assert_int_equal(close_month(books, true).outcome, BATCH_FIGURES_THERE);
    deliver_many(books, "c", 3, FEBRUARY);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(books, false).outcome, BATCH_FIGURES_MADE);
    assert_has(shown(books), "signals/month=2024-02=50/10/291\n");
    assert_true(books_figures_state(books)->seq > 700);
    books_close(books);
}

static void resolutions_must_fit(void **state) {
    (void)state;
    struct books *books = open_books();
    struct err err;
    now = at_date(2024, 3, 15);
    assert_true(books_figures_fit(books, 7, &err));
    deliver_many(books, "a", 25, FEBRUARY);
    (void)close_month(books, true);
    assert_true(books_figures_fit(books, 10, &err));
    assert_true(books_figures_fit(books, 5, &err));
    assert_true(books_figures_fit(books, 30, &err));
    assert_false(books_figures_fit(books, 15, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    books_close(books);
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
        TEST(the_open_month_does_not_count),
        TEST(old_victims_and_expiry_are_no_changes),
        TEST(what_is_too_small_goes),
        TEST(of_a_figure_the_last_one_waits),
        TEST(a_new_topic_gets_all),
        TEST(a_topic_made_anew_gets_all),
        TEST(a_topic_that_was_left_is_new_again),
        TEST(without_a_topic_nothing_waits_for_it),
        TEST(how_far_they_are_is_read_with_them),
        TEST(they_can_be_put_back),
        TEST(resolutions_must_fit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
