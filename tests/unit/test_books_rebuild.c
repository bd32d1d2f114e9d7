// SPDX-License-Identifier: EUPL-1.2
// Books made anew from the events that a topic has of others: whatever happened to those, the new
// ones count and know the same.
#include "books_rebuild.h"
#include "rebuild_private.h"

#include "recount_rig.h"

#include <librdkafka/rdkafka.h>

static const char oin[] = "00000099000000001000";
enum { LATE_MAX = 3, PARTITION_COUNT = 4 };

// A topic without a broker.
struct topic {
    struct event {
        struct publish_record record;
        uint64_t seq;
        char key[EVENT_TEXT_MAX];
        char value[EVENT_VALUE_MAX];
    } * list;
    size_t count, cap;
};

static bool send_line(void *ctx, const struct books_line *line) {
    struct topic *topic = ctx;
    struct event_attributes attributes;
    char seq[24];
    topic->list = books_grow(topic->list, topic->count, &topic->cap, sizeof *topic->list);
    struct event *event = &topic->list[topic->count++];
    event->seq = line->row.seq;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(20);
    event_attributes(&line->row, oin, &attributes);
    for (size_t i = 0; i < attributes.count; i++)
        (void)rd_kafka_header_add(headers, attributes.list[i].header, -1, attributes.list[i].value,
                                  attributes.list[i].len);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)line->row.seq);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, seq, -1);
    memcpy(event->key, attributes.key.data, attributes.key.len);
    memcpy(event->value, line->event.data, line->event.len);
    event->record = (struct publish_record){.partition = (int32_t)(event->seq % PARTITION_COUNT),
                                            .offset = (int64_t)event->seq,
                                            .key = {NULL, attributes.key.len},
                                            .value = {NULL, line->event.len},
                                            .headers = headers};
    return true;
}

// Kafka gets and confirms all that waits.
static void publish(struct books *books, struct topic *topic) {
    uint64_t last = books_last_seq(books);
    size_t before = topic->count;
    books_each_waiting(books, 0, UINT64_MAX, send_line, topic);
    if (topic->count > before)
        confirm(books, topic->list[before].seq, last);
}

static void free_topic(struct topic *topic) {
    for (size_t i = 0; i < topic->count; i++)
        rd_kafka_headers_destroy((rd_kafka_headers_t *)(uintptr_t)topic->list[i].record.headers);
    free(topic->list);
}

static enum books_add add(struct books_rebuild *rebuild, const struct event *event) {
    struct books_found found;
    struct err err;
    struct publish_record record = event->record;
    record.key.data = event->key;
    record.value.data = event->value;
    if (!rebuild_read(&record, &found, &err))
        fail_msg("%s", err.text);
    return books_rebuild_add(rebuild, &found, &err);
}

static struct batch_link link_all(struct books *books) {
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_LINK);
    do {
        struct books_group group = {.batches = batch};
        commit_group(books, &group);
        books_group_free(&group);
    } while (batch->link.more);
    struct batch_link link = batch->link;
    batch_free(batch);
    return link;
}

// Beside the first ones, with their keys.
static struct books *open_beside(void) {
    static char dir[PATH_MAX], identity[PATH_MAX], person[PATH_MAX];
    struct err err;
    (void)snprintf(dir, sizeof dir, "%s/anew", scratch_dir);
    (void)snprintf(identity, sizeof identity, "%s/identity.key", scratch_dir);
    (void)snprintf(person, sizeof person, "%s/person.key", scratch_dir);
    (void)mkdir(dir, 0700);
    struct books_options options = {.dir = dir,
                                    .bytes_max = 64 << 20,
                                    .identity_key_file = identity,
                                    .person_key_file = person,
                                    .topic = "signals",
                                    .counts_topic = "signal-counts",
                                    .window_ms = 100 * day_ms};
    struct books *books = books_open(&options, &err);
    if (!books)
        fail_msg("%s", err.text);
    return books;
}

static struct books *rebuild_from(const struct topic *topic, const char *origin, uint64_t *seed,
                                  struct batch_link *link) {
    struct books *books = open_beside();
    struct books_rebuild *rebuild = books_rebuild_begin(books);
    struct err err;
    static int64_t offsets[PUBLISH_PARTITIONS_MAX];
    memset(offsets, 0xff, sizeof offsets);      // each -1
    for (size_t i = topic->count; i > 1; i--) { // in any order
        size_t k = unit_random(seed) % i;
        struct event event = topic->list[i - 1];
        topic->list[i - 1] = topic->list[k];
        topic->list[k] = event;
    }
    for (size_t i = 0; i < topic->count; i++)
        assert_int_equal(add(rebuild, &topic->list[i]), BOOKS_ADDED);
    assert_true(books_rebuild_named(rebuild, origin, offsets, &err));
    books_rebuild_free(rebuild);
    *link = link_all(books);
    return books;
}

// --- histories ---

static void say(struct books *books, uint64_t *seed) {
    static const char *const words[] = {"prostitutie", "dwang", "iets"};
    char text[TEXT], person[128] = "";
    unsigned id = (unsigned)(unit_random(seed) % IDS);
    if (unit_random(seed) % 2)
        (void)snprintf(person, sizeof person,
                       ",\"person\":{\"name\":\"Eva Jansen\",\"birthDate\":\"1980-01-%02u\"}",
                       (unsigned)(1 + unit_random(seed) % PERSONS));
    if (unit_random(seed) % 4 == 0)
        (void)snprintf(text, sizeof text, "{\"id\":\"%u\",\"withdrawn\":true}", id);
    else
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"%u\",\"category\":\"%s\",\"reported\":\"20%02u-0%u-11\","
            "\"municipality\":\"%s\"%s}",
            id, words[unit_random(seed) % COUNT(words)], (unsigned)(10 + unit_random(seed) % 12),
            (unsigned)(1 + unit_random(seed) % 9), unit_random(seed) % 3 ? "Weesp" : "?", person);
    deliver(books, text, unit_random(seed) % 2);
}

// Erased while there was no Kafka, versions leave the house as stubs: which verdict they had is
// gone.
static bool stubs_leave;

static void live(struct books *books, struct topic *topic, uint64_t *seed, int steps) {
    char id[8];
    for (int i = 0; i < steps; i++) {
        now += (int64_t)(unit_random(seed) % (uint64_t)(2 * day_ms));
        say(books, seed);
        if (unit_random(seed) % 3 == 0)
            publish(books, topic);
        if (unit_random(seed) % 25 == 0) {
            (void)snprintf(id, sizeof id, "%u", (unsigned)(unit_random(seed) % IDS));
            (void)erase(books, id, !stubs_leave || unit_random(seed) % 2);
        }
        if (unit_random(seed) % 20 == 0)
            (void)expire(books);
    }
    publish(books, topic);
}

// --- comparing ---

static void assert_same_row(const struct ledger_row *a, const struct ledger_row *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->erased, b->erased);
    assert_int_equal(a->previous, b->previous);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->renormalised, b->renormalised);
    assert_int_equal(a->logged_ms, b->logged_ms);
    assert_int_equal(a->key_municipality, b->key_municipality);
    assert_int_equal(a->municipality_today, b->municipality_today);
    assert_int_equal(a->reported, b->reported);
    assert_int_equal(a->occurred, b->occurred);
    assert_int_equal(a->updated_ms, b->updated_ms);
    assert_memory_equal(&a->identity, &b->identity, sizeof a->identity);
    assert_memory_equal(&a->content, &b->content, sizeof a->content);
    assert_memory_equal(&a->cell, &b->cell, sizeof a->cell);
    assert_string_equal(a->source, b->source);
    if (!stubs_leave)
        assert_int_equal(a->verdict, b->verdict);
    if (!a->erased) { // of one that is erased nobody asks
        assert_int_equal(a->verdict, b->verdict);
        assert_int_equal(a->counts, b->counts);
        assert_int_equal(a->received_ms, b->received_ms);
    }
}

static void assert_same_line(struct books *a, struct books *b, uint64_t seq) {
    struct line x = line_at(a, seq), y = line_at(b, seq);
    assert_same_row(&x.row, &y.row);
    assert_string_equal(x.event, y.event);
}

static bool same_feed(void *ctx, struct str name, const struct feed_record *feed) {
    struct feed_record other;
    assert_true(books_feed(ctx, name, &other));
    assert_int_equal(feed->silent, other.silent);
    assert_int_equal(feed->signal_ms, other.signal_ms);
    return true;
}

static uint64_t said(const struct totals *totals) {
    return totals->verdicts[VERDICT_REGISTERED] + totals->verdicts[VERDICT_CORRECTED] +
           totals->verdicts[VERDICT_WITHDRAWN];
}

static void assert_same(struct books *old, struct books *anew) {
    assert_int_equal(books_last_seq(anew), books_last_seq(old));
    assert_int_equal(books_waiting(anew), 0);
    assert_string_equal(books_origin(anew), books_origin(old));
    for (uint64_t seq = books_first_seq(old); seq <= books_last_seq(old); seq++)
        assert_same_line(old, anew, seq);
    assert_same_counts(books_counts(old), books_counts(anew));
    // Events no longer name a signal that has expired: who was linked with such a one may be one
    // more.
    if (books_totals(old)->expired == 0) {
        assert_int_equal(persons_of(anew), persons_of(old));
        assert_true(persons_members(anew->persons) <= persons_members(old->persons));
    } else
        assert_true(persons_of(anew) >= persons_of(old));
    const struct totals *a = books_totals(old), *b = books_totals(anew);
    assert_int_equal(said(b), said(a));
    for (int v = 0; v < VERDICT_COUNT && !stubs_leave; v++)
        if (v != VERDICT_DUPLICATE && v != VERDICT_REFUSED)
            assert_int_equal(b->verdicts[v], a->verdicts[v]);
    assert_int_equal(b->erased, a->erased);
    books_each_feed(old, same_feed, anew);
}

static void check_history(uint64_t *seed, int steps) {
    struct topic topic = {0};
    struct batch_link link;
    struct books *old = open_books();
    live(old, &topic, seed, steps);
    struct books *anew = rebuild_from(&topic, books_origin(old), seed, &link);
    assert_int_equal(link.lost + link.orphans, 0);
    assert_same(old, anew);
    assert_books_whole(anew, 0);
    // what is too old goes again, and both say the same of what comes then
    (void)expire(old);
    (void)expire(anew);
    assert_same(old, anew);
    assert_int_equal(books_first_seq(anew), books_first_seq(old));
    books_close(anew);
    anew = open_beside(); // as a start finds it
    assert_same(old, anew);
    uint64_t same = *seed;
    int64_t then = now;
    struct topic no_more = {0};
    live(old, &no_more, seed, 20);
    free_topic(&no_more);
    now = then;
    no_more = (struct topic){0};
    live(anew, &no_more, &same, 20);
    free_topic(&no_more);
    assert_same_counts(books_counts(old), books_counts(anew));
    assert_int_equal(books_last_seq(anew), books_last_seq(old));
    assert_books_whole(anew, 0);
    books_close(old);
    books_close(anew);
    free_topic(&topic);
}

static void random_histories_come_back(void **state) {
    uint64_t seed = unit_seed();
    for (int i = 0; i < 8; i++) {
        stubs_leave = i % 2;
        check_history(&seed, 40 + i * 20);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

static bool count_line(void *ctx, const struct books_line *line) {
    assert_int_not_equal(line->row.kind, LEDGER_LOST);
    ++*(uint64_t *)ctx;
    return true;
}

// Events that are not there leave lines that nobody sees, and books that are whole.
static void gaps_are_filled(void **state) {
    uint64_t seed = unit_seed();
    for (int i = 0; i < 6; i++) {
        struct topic topic = {0};
        struct batch_link link;
        uint64_t shown = 0;
        struct books *old = open_books();
        live(old, &topic, &seed, 120);
        size_t kept = 0;
        for (size_t k = 0; k < topic.count; k++)
            if (unit_random(&seed) % 6 == 0)
                rd_kafka_headers_destroy(
                    (rd_kafka_headers_t *)(uintptr_t)topic.list[k].record.headers);
            else
                topic.list[kept++] = topic.list[k];
        topic.count = kept;
        struct books *anew = rebuild_from(&topic, books_origin(old), &seed, &link);
        books_each(anew, 1, UINT64_MAX, count_line, &shown);
        assert_int_equal(shown, topic.count);
        assert_int_equal(link.lost, books_last_seq(anew) + 1 - books_first_seq(anew) - topic.count);
        assert_int_equal(books_totals(anew)->never_published, link.lost);
        assert_books_whole(anew, 0);
        (void)expire(anew);
        assert_books_whole(anew, 0);
        books_close(anew);
        books_close(old);
        free_topic(&topic);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

static void gaps_are_told(void **state) {
    (void)state;
    struct topic topic = {0}, left = {0};
    struct batch_link link;
    uint64_t seed = 1;
    struct books *old = open_books();
    for (int i = 0; i < 60; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"g%d\"}", i);
        deliver(old, text, false);
    }
    publish(old, &topic);
    // 1 is there, then 3 lines in a row are not, and later each second one
    for (size_t i = 0; i < topic.count; i++) {
        uint64_t seq = topic.list[i].seq;
        if ((seq >= 2 && seq <= 4) || (seq > 10 && seq % 2))
            rd_kafka_headers_destroy((rd_kafka_headers_t *)(uintptr_t)topic.list[i].record.headers);
        else {
            left.list = books_grow(left.list, left.count, &left.cap, sizeof *left.list);
            left.list[left.count++] = topic.list[i];
        }
    }
    topic.count = 0;
    struct books *anew = rebuild_from(&left, books_origin(old), &seed, &link);
    assert_int_equal(link.lost, 3 + 25);
    assert_int_equal(link.gap_count, 26);
    assert_int_equal(link.gaps[0].first, 2);
    assert_int_equal(link.gaps[0].last, 4);
    for (uint64_t i = 1; i < BATCH_GAPS_MAX; i++) {
        assert_int_equal(link.gaps[i].first, 9 + 2 * i);
        assert_int_equal(link.gaps[i].last, 9 + 2 * i);
    }
    books_close(anew);
    books_close(old);
    free_topic(&topic);
    free_topic(&left);
}

static void the_first_of_two_stays(void **state) {
    (void)state;
    struct topic topic = {0};
    struct books *old = open_books();
    deliver(old, "[{\"id\":\"a\"},{\"id\":\"b\"}]", false);
    publish(old, &topic);
    struct books *anew = open_beside();
    struct books_rebuild *rebuild = books_rebuild_begin(anew);
    assert_int_equal(add(rebuild, &topic.list[0]), BOOKS_ADDED);
    assert_int_equal(add(rebuild, &topic.list[0]), BOOKS_AGAIN);
    struct event other = topic.list[1];
    other.record.headers = topic.list[0].record.headers; // and so its sequence
    assert_int_equal(add(rebuild, &other), BOOKS_ANOTHER);
    books_rebuild_free(rebuild);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

// A line says when its source changed the signal: what is older and comes late changes nothing.
static void what_is_older_stays_older(void **state) {
    (void)state;
    struct topic topic = {0};
    struct batch_link link;
    uint64_t seed = 1;
    struct books *old = open_books();
    deliver(old, "{\"id\":\"a\",\"updated\":\"2020-05-05T10:00:00Z\",\"status\":\"confirmed\"}",
            false);
    publish(old, &topic);
    struct books *anew = rebuild_from(&topic, books_origin(old), &seed, &link);
    deliver(anew, "{\"id\":\"a\",\"updated\":\"2020-05-04T10:00:00Z\",\"status\":\"rejected\"}",
            false);
    assert_int_equal(books_last_seq(anew), 1);
    deliver(anew, "{\"id\":\"a\",\"updated\":\"2020-05-06T10:00:00Z\",\"status\":\"rejected\"}",
            false);
    assert_int_equal(books_last_seq(anew), 2);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

// Erased where there was no Kafka: what left the house later says nothing, and is counted all the
// same.
static void stubs_are_counted(void **state) {
    (void)state;
    struct topic topic = {0};
    struct batch_link link;
    uint64_t seed = 1;
    struct books *old = open_books();
    deliver(old, "[{\"id\":\"a\"},{\"id\":\"a\",\"status\":\"confirmed\"},{\"id\":\"b\"}]", false);
    (void)erase(old, "a", false);
    publish(old, &topic);
    struct books *anew = rebuild_from(&topic, books_origin(old), &seed, &link);
    assert_same(old, anew);
    assert_int_equal(books_totals(anew)->verdicts[VERDICT_REGISTERED], 2);
    assert_int_equal(books_totals(anew)->verdicts[VERDICT_CORRECTED], 1);
    assert_int_equal(books_totals(anew)->verdicts[VERDICT_WITHDRAWN], 0);
    assert_int_equal(books_totals(anew)->erased, 1);
    struct line line = line_at(anew, 1); // nobody knows any more when it came
    assert_int_equal(line.row.received_ms, line.row.logged_ms);
    books_close(anew);
    books_close(old);
    free_topic(&topic);
}

// --- figures for outside ---

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
    uint64_t seed = 1;
    struct books *old = open_books();
    deliver_many(old, "a", 25);
    now += 31 * day_ms;
    assert_int_equal(close_month(old).outcome, BATCH_FIGURES_MADE);
    publish(old, &topic);
    books_each_figure(old, take_figure, &figures);
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
    books_each_figure(anew, take_figure, &back);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_histories_come_back, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(gaps_are_filled, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(gaps_are_told, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(the_first_of_two_stays, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_older_stays_older, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(stubs_are_counted, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(figures_come_back, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_closed_before_counts_as_told, test_set_up,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
