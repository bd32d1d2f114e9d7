// SPDX-License-Identifier: EUPL-1.2
// Books made anew from the events that a topic has of others: whatever happened to those, the new
// ones count and know the same.
#include "history_rig.h"

// --- comparing ---

static void assert_same_row(const struct ledger_entry *a, const struct ledger_entry *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->erased, b->erased);
    assert_int_equal(a->previous, b->previous);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->remapped, b->remapped);
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

static void assert_same_line(struct ledger *a, struct ledger *b, uint64_t seq) {
    struct line x = line_at(a, seq), y = line_at(b, seq);
    assert_same_row(&x.entry, &y.entry);
    assert_string_equal(x.event, y.event);
}

static bool is_of_erased(struct ledger *ledger, struct str name, int64_t received_ms) {
    for (uint64_t seq = ledger_first_seq(ledger); seq <= ledger_last_seq(ledger); seq++) {
        struct line line = line_at(ledger, seq);
        if (line.entry.erased && line.entry.received_ms == received_ms &&
            str_equal(str_from(line.entry.source), name))
            return true;
    }
    return false;
}

static bool same_feed(void *ctx, struct str name, struct str value) {
    struct ledger *const *pair = ctx;
    struct feed_record feed, other;
    assert_true(record_get_feed(value, &feed, &pair[0]->identity_key));
    assert_true(ledger_feed(pair[1], name, &other));
    assert_int_equal(feed.silent, other.silent);
    // Of news that were erased before Kafka had them no topic tells that they were news.
    if (feed.signal_ms != other.signal_ms)
        assert_true(other.signal_ms < feed.signal_ms &&
                    is_of_erased(pair[0], name, feed.signal_ms));
    return true;
}

static void assert_same_feeds(struct ledger *old, struct ledger *anew) {
    struct ledger *pair[] = {old, anew};
    struct store_txn txn;
    store_begin_read(old->store, &txn);
    store_each(&txn, STORE_FEEDS, same_feed, pair);
    store_abort(&txn);
}

static uint64_t said(const struct totals *totals) {
    return totals->verdicts[VERDICT_REGISTERED] + totals->verdicts[VERDICT_CORRECTED] +
           totals->verdicts[VERDICT_WITHDRAWN];
}

static void assert_same(struct ledger *old, struct ledger *anew) {
    assert_int_equal(ledger_last_seq(anew), ledger_last_seq(old));
    assert_int_equal(ledger_unpublished(anew), 0);
    assert_string_equal(ledger_id(anew), ledger_id(old));
    for (uint64_t seq = ledger_first_seq(old); seq <= ledger_last_seq(old); seq++)
        assert_same_line(old, anew, seq);
    assert_same_counts(ledger_counts(old), ledger_counts(anew));
    // Events no longer name a signal that has expired: who was linked with such a one may be one
    // more; and who is another person since may still be taken for the old one.
    if (ledger_totals(old)->expired == 0) {
        assert_int_equal(persons_of(anew), persons_of(old));
        assert_true(persons_members(anew->persons) <= persons_members(old->persons));
    } else if (persons_stay)
        assert_true(persons_of(anew) >= persons_of(old));
    const struct totals *a = ledger_totals(old), *b = ledger_totals(anew);
    assert_int_equal(said(b), said(a));
    for (int v = 0; v < VERDICT_COUNT && !stubs_leave; v++)
        if (v != VERDICT_DUPLICATE && v != VERDICT_REFUSED)
            assert_int_equal(b->verdicts[v], a->verdicts[v]);
    assert_int_equal(b->erased, a->erased);
    assert_same_feeds(old, anew);
}

static void check_history(uint64_t *seed, int steps) {
    struct topic topic = {0};
    struct link_task link;
    struct ledger *old = open_ledger();
    live(old, &topic, seed, steps);
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), seed, &link);
    assert_int_equal(link.lost, 0);
    assert_same(old, anew);
    assert_books_whole(anew, 0);
    // what is too old goes again, and both say the same of what comes then
    (void)expire(old);
    (void)expire(anew);
    assert_same(old, anew);
    assert_int_equal(ledger_first_seq(anew), ledger_first_seq(old));
    ledger_close(anew);
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
    assert_same_counts(ledger_counts(old), ledger_counts(anew));
    assert_int_equal(ledger_last_seq(anew), ledger_last_seq(old));
    assert_books_whole(anew, 0);
    ledger_close(old);
    ledger_close(anew);
    free_topic(&topic);
}

static void random_histories_come_back(void **state) {
    uint64_t seed = unit_seed();
    for (int i = 0; i < 8; i++) {
        stubs_leave = i % 2;
        persons_stay = i / 2 % 2;
        check_history(&seed, 40 + i * 20);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

static bool count_line(void *ctx, const struct ledger_event *line) {
    assert_int_not_equal(line->entry.kind, LEDGER_LOST);
    ++*(uint64_t *)ctx;
    return true;
}

// Events that are not there leave lines that nobody sees, and ledger that are whole.
static void gaps_are_filled(void **state) {
    uint64_t seed = unit_seed();
    for (int i = 0; i < 6; i++) {
        struct topic topic = {0};
        struct link_task link;
        uint64_t shown = 0;
        struct ledger *old = open_ledger();
        live(old, &topic, &seed, 120);
        size_t kept = 0;
        for (size_t k = 0; k < topic.count; k++)
            if (unit_random(&seed) % 6 == 0)
                rd_kafka_headers_destroy(
                    (rd_kafka_headers_t *)(uintptr_t)topic.list[k].record.headers);
            else
                topic.list[kept++] = topic.list[k];
        topic.count = kept;
        struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
        ledger_each_event(anew, 1, UINT64_MAX, count_line, &shown);
        assert_int_equal(shown, topic.count);
        assert_int_equal(link.lost,
                         ledger_last_seq(anew) + 1 - ledger_first_seq(anew) - topic.count);
        assert_int_equal(ledger_totals(anew)->never_published, link.lost);
        assert_books_whole(anew, 0);
        (void)expire(anew);
        assert_books_whole(anew, 0);
        ledger_close(anew);
        ledger_close(old);
        free_topic(&topic);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

static bool is_taken_away(uint64_t seq) {
    return (seq >= 2 && seq <= 4) || (seq > 10 && seq % 2);
}

static bool on_kept(void *ctx, const struct ledger_event *line) {
    assert_false(is_taken_away(line->entry.seq));
    ++*(uint64_t *)ctx;
    return true;
}

static void gaps_are_counted(void **state) {
    (void)state;
    struct topic topic = {0}, left = {0};
    struct link_task link;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    for (int i = 0; i < 60; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"g%d\"}", i);
        deliver(old, text, false);
    }
    publish(old, &topic);
    // 1 is there, then 3 lines in a row are not, and later each second one
    for (size_t i = 0; i < topic.count; i++) {
        uint64_t seq = topic.list[i].seq;
        if (is_taken_away(seq))
            rd_kafka_headers_destroy((rd_kafka_headers_t *)(uintptr_t)topic.list[i].record.headers);
        else {
            left.list = mem_grow(left.list, left.count, &left.cap, sizeof *left.list);
            left.list[left.count++] = topic.list[i];
        }
    }
    topic.count = 0;
    struct ledger *anew = rebuild_from(&left, ledger_id(old), &seed, &link);
    assert_int_equal(link.lost, 3 + 25);
    assert_int_equal(ledger_totals(anew)->never_published, link.lost);
    assert_int_equal(counts_total(ledger_counts(anew)), 60 - (3 + 25));
    uint64_t kept = 0;
    ledger_each_event(anew, 1, 100, on_kept, &kept);
    assert_int_equal(kept, 60 - (3 + 25));
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
    free_topic(&left);
}

// A partition with one record, which is at offset 0, and one with none.
static void the_first_place_is_known(void **state) {
    (void)state;
    struct topic topic = {0};
    struct err err;
    static struct publish_ack last[PUBLISH_PARTITIONS_MAX];
    memset(last, 0xff, sizeof last); // each -1
    last[0] = (struct publish_ack){.seq = 1};
    struct ledger *old = open_ledger();
    deliver(old, "{\"id\":\"a\"}", false);
    publish(old, &topic);
    topic.list[0].record.partition = 0;
    topic.list[0].record.offset = 0;
    struct ledger *anew = open_beside();
    struct ledger_rebuild *rebuild = ledger_rebuild_begin(anew);
    assert_int_equal(add(rebuild, &topic.list[0]), LEDGER_ADDED);
    assert_true(ledger_rebuild_named(rebuild, ledger_id(old), last, &err));
    ledger_rebuild_free(rebuild);
    (void)link_all(anew);
    struct ledger_group group = {0};
    group.confirmed[LEDGER_EVENTS].partitions = 2;
    commit_group(anew, &group);
    ledger_group_free(&group);
    ledger_close(anew);
    anew = open_beside();
    assert_int_equal(ledger_last_known(anew, LEDGER_EVENTS, 0).offset, 0);
    assert_int_equal(ledger_last_known(anew, LEDGER_EVENTS, 1).offset, -1);
    struct store_txn txn;
    struct ledger_event line;
    store_begin_read(anew->store, &txn);
    assert_true(ledger_read_event(&txn, 1, &line));
    assert_true(line.published);
    assert_int_equal(line.partition, 0);
    assert_int_equal(line.offset, 0);
    store_abort(&txn);
    assert_books_whole(anew, 0);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

static void send_as_first(void *ctx, const struct outbox_entry *entry) {
    struct outbox_entry other = *entry;
    other.event.entry.seq = 1;
    send_line(ctx, &other);
}

static void the_first_of_two_stays(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *old = open_ledger();
    deliver(old, "{\"id\":\"a\"}", false);
    publish(old, &topic);
    deliver(old, "{\"id\":\"b\"}", false);
    each_unpublished(old, LEDGER_EVENTS, 0, send_as_first, &topic);
    struct ledger *anew = open_beside();
    struct ledger_rebuild *rebuild = ledger_rebuild_begin(anew);
    assert_int_equal(add(rebuild, &topic.list[0]), LEDGER_ADDED);
    assert_int_equal(add(rebuild, &topic.list[0]), LEDGER_AGAIN);
    assert_int_equal(add(rebuild, &topic.list[1]), LEDGER_ANOTHER);
    ledger_rebuild_free(rebuild);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

// A line says when its source changed the signal: what is older and comes late changes nothing.
static void what_is_older_stays_older(void **state) {
    (void)state;
    struct topic topic = {0};
    struct link_task link;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    deliver(old, "{\"id\":\"a\",\"updated\":\"2020-05-05T10:00:00Z\",\"status\":\"confirmed\"}",
            false);
    publish(old, &topic);
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
    deliver(anew, "{\"id\":\"a\",\"updated\":\"2020-05-04T10:00:00Z\",\"status\":\"rejected\"}",
            false);
    assert_int_equal(ledger_last_seq(anew), 1);
    deliver(anew, "{\"id\":\"a\",\"updated\":\"2020-05-06T10:00:00Z\",\"status\":\"rejected\"}",
            false);
    assert_int_equal(ledger_last_seq(anew), 2);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

static void assert_persons(const struct topic *topic, struct ledger *old, int64_t persons) {
    struct ledger *anew = rebuild_all(topic, old);
    assert_int_equal(persons_of(old), persons);
    assert_int_equal(persons_of(anew), persons);
    assert_books_whole(anew, 0);
    (void)expire(anew);
    assert_int_equal(persons_of(anew), persons);
    ledger_close(anew);
}

// What is said of a signal when the other one about its person has expired does not part them.
static void a_partner_that_had_expired_is_one_still(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *old = open_ledger();
    deliver(old, "{\"id\":\"a\"," JAN "}", false);
    now += 60 * day_ms;
    deliver(old, "[{\"id\":\"b\"," JAN "},{\"id\":\"p\"," PIET "}]", false);
    publish(old, &topic);
    now += 41 * day_ms;
    (void)expire(old);
    assert_int_equal(ledger_first_seq(old), 2);
    deliver(old, "{\"id\":\"b\",\"status\":\"confirmed\"," JAN "}", false);
    deliver(old, "{\"id\":\"c\"," JAN "}", false);
    publish(old, &topic);
    assert_persons(&topic, old, 2);
    ledger_close(old);
    free_topic(&topic);
}

// A signal had expired and came again, and of its new life the first event is missing: the next one
// does not move the old one.
static void what_moves_from_elsewhere_is_another_life(void **state) {
    (void)state;
    struct topic topic = {0};
    struct link_task link;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    deliver(old, "[{\"id\":\"x\"},{\"id\":\"a\",\"category\":\"dwang\"}]", false);
    publish(old, &topic);
    now += (IDENTITY_DAYS + 1) * day_ms;
    (void)expire(old);
    deliver(old, "{\"id\":\"a\",\"category\":\"prostitutie\"}", false); // 3
    deliver(old, "{\"id\":\"a\",\"category\":\"iets\"}", false);
    publish(old, &topic);
    assert_int_equal(topic.list[2].seq, 3);
    rd_kafka_headers_destroy((rd_kafka_headers_t *)(uintptr_t)topic.list[2].record.headers);
    topic.list[2] = topic.list[--topic.count];
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
    assert_int_equal(link.lost, 1);
    assert_same_counts(ledger_counts(old), ledger_counts(anew));
    assert_books_whole(anew, 0);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

// While it could be named, an event that names nobody means it.
static void who_names_nobody_leaves(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *old = open_ledger();
    deliver(old, "[{\"id\":\"a\"," JAN "},{\"id\":\"b\"," JAN "}]", false);
    now += IDENTITY_DAYS * day_ms;
    deliver(old, "{\"id\":\"b\",\"status\":\"confirmed\"}", false);
    publish(old, &topic);
    assert_persons(&topic, old, 2);
    ledger_close(old);
    free_topic(&topic);
}

// Erased where there was no Kafka: what left the house later says nothing, and is counted all the
// same.
static void stubs_are_counted(void **state) {
    (void)state;
    struct topic topic = {0};
    struct link_task link;
    uint64_t seed = 1;
    struct ledger *old = open_ledger();
    deliver(old, "[{\"id\":\"a\"},{\"id\":\"b\"}]", false);
    deliver(old, "{\"id\":\"a\",\"status\":\"confirmed\"}", false);
    (void)erase(old, "a", false);
    publish(old, &topic);
    struct ledger *anew = rebuild_from(&topic, ledger_id(old), &seed, &link);
    assert_same(old, anew);
    assert_int_equal(ledger_totals(anew)->verdicts[VERDICT_REGISTERED], 2);
    assert_int_equal(ledger_totals(anew)->verdicts[VERDICT_CORRECTED], 1);
    assert_int_equal(ledger_totals(anew)->verdicts[VERDICT_WITHDRAWN], 0);
    assert_int_equal(ledger_totals(anew)->erased, 1);
    struct line line = line_at(anew, 1); // nobody knows any more when it came
    assert_int_equal(line.entry.received_ms, line.entry.logged_ms);
    ledger_close(anew);
    ledger_close(old);
    free_topic(&topic);
}

// Lines that are dropped since they are not of this ledger, one or many: after the next start
// nothing of them is in the file.
static void what_is_dropped_is_not_in_the_file(void **state) {
    static const size_t dropped[] = {1, 400};
    enum { KEPT = 3, IDS_MAX = 403 };
    static struct digest ids[IDS_MAX];
    for (size_t t = 0; t < COUNT(dropped); t++) {
        struct topic topic = {0};
        struct err err;
        static struct publish_ack last[PUBLISH_PARTITIONS_MAX];
        memset(last, 0xff, sizeof last); // each -1
        struct ledger *old = open_ledger();
        for (size_t i = 0; i < KEPT + dropped[t]; i++) {
            char text[TEXT];
            (void)snprintf(text, sizeof text, "{\"id\":\"d%zu\"}", i);
            deliver(old, text, false);
            ids[i] = line_at(old, i + 1).entry.identity;
        }
        publish(old, &topic);
        struct ledger *anew = open_beside();
        struct ledger_rebuild *rebuild = ledger_rebuild_begin(anew);
        for (size_t i = 0; i < topic.count; i++)
            assert_int_equal(add(rebuild, &topic.list[i]), LEDGER_ADDED);
        // as a rebuild that is killed here leaves it
        assert_true(ledger_rebuild_named(rebuild, ledger_id(old), last, &err));
        assert_int_equal(count_in_file("anew/data.mdb", ids, topic.count), topic.count);
        assert_true(ledger_rebuild_drop(rebuild, KEPT + 1, &err));
        assert_true(ledger_rebuild_named(rebuild, ledger_id(old), last, &err));
        ledger_rebuild_free(rebuild);
        assert_int_equal(link_all(anew).lost, 0);
        ledger_close(anew);
        anew = open_beside();
        assert_int_equal(ledger_last_seq(anew), KEPT);
        assert_books_whole(anew, 0);
        assert_int_equal(count_in_file("anew/data.mdb", ids, KEPT), KEPT);
        assert_int_equal(count_in_file("anew/data.mdb", ids + KEPT, dropped[t]), 0);
        ledger_close(anew);
        ledger_close(old);
        free_topic(&topic);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_histories_come_back, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(gaps_are_filled, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(gaps_are_counted, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_dropped_is_not_in_the_file, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(the_first_place_is_known, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(the_first_of_two_stays, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_older_stays_older, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_partner_that_had_expired_is_one_still, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_moves_from_elsewhere_is_another_life, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(who_names_nobody_leaves, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(stubs_are_counted, test_set_up, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
