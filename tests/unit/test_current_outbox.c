// SPDX-License-Identifier: EUPL-1.2
// What is told of signals as they stand: of each change its record, of what is gone a tombstone;
// all of them to a topic that is new; and a reader of the topic that finds what the ledger lacks.
#include "codec/current.h"
#include "ledger/current.h"
#include "ledger/verify.h"
#include "retention_rig.h"

static const char *topic_name = "signals-current";

static struct ledger *open_with_current(void) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 64 << 20,
                                     .topic = "signals",
                                     .current_topic = topic_name,
                                     .window_ms = 100 * day_ms};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static void see_topic(struct ledger *ledger) {
    struct ledger_group group = {0};
    group.confirmed[LEDGER_CURRENT].partitions = 2;
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

static void tell_pieces(struct ledger *ledger) {
    while (ledger_current_has_piece(ledger)) {
        struct commit_task task = {.run = ledger_tell_current};
        commit_task(ledger, &task);
    }
}

// A reader of the topic: what it holds.
struct reader {
    struct held {
        struct digest signal;
        bool stands;
        uint32_t version;
        char value[CURRENT_VALUE_MAX];
    } list[64];
    size_t count, told;
    uint64_t last; // number
};

static struct held *find_held(struct reader *reader, const struct digest *signal) {
    size_t i = 0;
    while (i < reader->count && !digest_equal(&reader->list[i].signal, signal))
        i++;
    if (i == reader->count)
        reader->list[reader->count++] = (struct held){.signal = *signal};
    return &reader->list[i];
}

static void on_told(void *ctx, const struct outbox_entry *entry) {
    struct reader *reader = ctx;
    struct held *held = find_held(reader, &entry->signal);
    struct buf value;
    assert_true(entry->seq > reader->last);
    reader->last = entry->seq;
    reader->told++;
    held->stands = entry->stands;
    if (!entry->stands)
        return;
    held->version = entry->event.entry.version;
    buf_init(&value, CURRENT_VALUE_MAX);
    assert_true(
        current_make_value(&value, &entry->event.entry, entry->event.kept, tables.municipalities));
    (void)snprintf(held->value, sizeof held->value, "%.*s", (int)value.len, value.data);
    buf_free(&value);
}

static void confirm_told(struct ledger *ledger, uint64_t from, uint64_t upto) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_CURRENT];
    confirmed->acks = calloc(upto - from + 1, sizeof *confirmed->acks);
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[confirmed->ack_count++] =
            (struct publish_ack){.seq = seq, .offset = (int64_t)seq};
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

// All that waits goes to the reader, and Kafka confirms it.
static void read_all(struct ledger *ledger, struct reader *reader) {
    uint64_t from = reader->last + 1;
    each_unpublished(ledger, LEDGER_CURRENT, reader->last, on_told, reader);
    if (reader->last >= from)
        confirm_told(ledger, from, reader->last);
    assert_int_equal(ledger_current_unpublished(ledger), 0);
}

static struct held *held_of(struct reader *reader, struct ledger *ledger, const char *id) {
    struct digest signal = identity_of(ledger, id);
    return find_held(reader, &signal);
}

static void nothing_is_written_before_the_topic_is_seen(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"},{\"id\":\"c1\"}]", false);
    deliver(ledger, "{\"id\":\"b1\",\"status\":\"confirmed\"}", false);
    (void)erase(ledger, "c1", false);
    assert_int_equal(ledger_current_unpublished(ledger), 0);
    assert_false(ledger_current_has_piece(ledger));
    see_topic(ledger);
    assert_int_equal(ledger_current_unpublished(ledger), 5); // lines that are to be told
    deliver(ledger, "{\"id\":\"d1\"}", false);
    ledger_close(ledger);
    ledger = open_with_current(); // it goes on with that
    tell_pieces(ledger);
    read_all(ledger, &reader);
    assert_true(held_of(&reader, ledger, "a1")->stands);
    assert_int_equal(held_of(&reader, ledger, "b1")->version, 2);
    assert_false(held_of(&reader, ledger, "c1")->stands);
    assert_true(held_of(&reader, ledger, "d1")->stands);
    ledger_close(ledger);
}

static void each_change_is_told(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"},{\"id\":\"c1\"}]", false);
    read_all(ledger, &reader);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\",\"withdrawn\":true}]", false);
    assert_int_equal(ledger_current_unpublished(ledger), 1); // a duplicate is none
    read_all(ledger, &reader);
    assert_non_null(strstr(held_of(&reader, ledger, "b1")->value, "\"counts\":false"));
    confirm(ledger, 1, 4);
    (void)erase(ledger, "c1", true);
    read_all(ledger, &reader);
    assert_false(held_of(&reader, ledger, "c1")->stands);
    assert_int_equal(reader.told, 5);
    ledger_close(ledger);
}

// What has been told since is not told as it was, once its line says nothing more.
static void what_was_erased_before_it_was_told(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "{\"id\":\"a1\",\"status\":\"confirmed\"}", false);
    (void)erase(ledger, "a1", false);
    read_all(ledger, &reader);
    assert_false(held_of(&reader, ledger, "a1")->stands);
    assert_int_equal(held_of(&reader, ledger, "a1")->version, 0); // nor was it ever
    ledger_close(ledger);
}

// Its version waits for the topic of events, where it has to go first, and so still says something.
static void what_was_erased_while_its_event_waits(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    deliver(ledger, "[{\"id\":\"a1\",\"age\":30},{\"id\":\"b1\",\"status\":\"confirmed\"}]", false);
    assert_int_equal(erase(ledger, "a1", true).waiting, 1);
    read_all(ledger, &reader);
    assert_int_equal(held_of(&reader, ledger, "a1")->version, 0); // it was never told
    assert_false(held_of(&reader, ledger, "a1")->stands);
    assert_int_equal(held_of(&reader, ledger, "b1")->version, 2);
    ledger_close(ledger);
}

// An entry whose record did not arrive, though the one behind it did.
static void what_goes_late_says_nothing_old(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "{\"id\":\"a1\"}", false);
    deliver(ledger, "{\"id\":\"a1\",\"status\":\"confirmed\"}", false);
    confirm_told(ledger, 2, 2);
    each_unpublished(ledger, LEDGER_CURRENT, 0, on_told, &reader);
    assert_int_equal(reader.told, 1);
    assert_int_equal(held_of(&reader, ledger, "a1")->version, 2);
    ledger_close(ledger);
}

static void what_expires_gets_a_tombstone(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    now += 50 * day_ms;
    deliver(ledger, "{\"id\":\"b1\",\"status\":\"confirmed\"}", false);
    confirm(ledger, 1, 3);
    read_all(ledger, &reader);
    now += 60 * day_ms;
    expire(ledger);
    read_all(ledger, &reader);
    assert_false(held_of(&reader, ledger, "a1")->stands);
    assert_true(held_of(&reader, ledger, "b1")->stands); // its older version goes without a word
    assert_int_equal(held_of(&reader, ledger, "b1")->version, 2);
    assert_int_equal(reader.told, 4);
    ledger_close(ledger);
}

static enum ledger_look look(struct ledger *ledger, uint64_t seq, const char *id,
                             struct str value) {
    char key[DIGEST_HEX + 1];
    struct digest signal = identity_of(ledger, id);
    digest_to_hex(&signal, key);
    return ledger_look_up_current(ledger, seq, str_from(key), value);
}

static void what_a_record_is(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    struct str none = {NULL, 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    each_unpublished(ledger, LEDGER_CURRENT, 0, on_told, &reader);
    struct str a1 = str_from(held_of(&reader, ledger, "a1")->value);
    struct str b1 = str_from(held_of(&reader, ledger, "b1")->value);
    assert_int_equal(look(ledger, 1, "a1", a1), LEDGER_AWAITS);
    assert_int_equal(look(ledger, 1, "a1", b1), LEDGER_HAS); // another life: it is told again
    assert_int_equal(look(ledger, 1, "a1", none), LEDGER_HAS);
    assert_int_equal(look(ledger, 1, "b1", b1), LEDGER_LACKS); // the topic is ahead
    assert_int_equal(look(ledger, 3, "b1", b1), LEDGER_LACKS);
    confirm_told(ledger, 1, 1);
    assert_int_equal(look(ledger, 1, "a1", a1), LEDGER_HAS);
    (void)erase(ledger, "b1", false);
    assert_int_equal(look(ledger, 2, "b1", none), LEDGER_AWAITS);
    assert_int_equal(ledger_look_up_current(ledger, 9, STR("no key of ours"), b1), LEDGER_HAS);
    ledger_close(ledger);
}

static struct current_take take(struct ledger *ledger, struct current_take asked) {
    asked.task.run = ledger_take_current;
    ledger_digest_names(tables.municipalities, &asked.names);
    commit_task(ledger, &asked.task);
    return asked;
}

static void what_a_reading_finds(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    (void)take(ledger, (struct current_take){.count = 0}); // names that nobody had told
    tell_pieces(ledger);
    read_all(ledger, &reader);
    reader.told = 0;
    const struct current_key keys[] = {{identity_of(ledger, "a1"), false},
                                       {identity_of(ledger, "b1"), true},
                                       {identity_of(ledger, "gone"), false}};
    assert_int_equal(take(ledger, (struct current_take){.keys = keys, .count = 3}).gone, 1);
    read_all(ledger, &reader);
    assert_int_equal(reader.told, 2); // what another wrote, and what is not there
    assert_false(held_of(&reader, ledger, "gone")->stands);
    assert_int_equal(take(ledger, (struct current_take){.last = 1000, .partitions = 2}).gone, 0);
    tell_pieces(ledger);
    read_all(ledger, &reader);
    assert_int_equal(reader.told, 4);
    assert_int_equal(reader.last, 1002); // no number is given twice
    ledger_close(ledger);
}

// In the commit that keeps how many partitions a new topic has, behind what its reading has found.
static void what_is_erased_as_the_topic_is_seen(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    const struct current_key key = {identity_of(ledger, "a1"), false};
    struct erase_task erasing = {
        .task.run = ledger_erase, .tables = &tables, .identity = key.identity};
    struct current_take asked = {
        .task = {.run = ledger_take_current, .next = &erasing.task}, .keys = &key, .count = 1};
    struct ledger_group group = {.tasks = &asked.task};
    group.confirmed[LEDGER_CURRENT].partitions = 2;
    commit_group(ledger, &group);
    ledger_group_free(&group);
    tell_pieces(ledger);
    held_of(&reader, ledger, "a1")->stands = true; // as the topic has it
    read_all(ledger, &reader);
    assert_false(held_of(&reader, ledger, "a1")->stands);
    assert_true(held_of(&reader, ledger, "b1")->stands);
    ledger_close(ledger);
}

static void a_topic_that_was_made_anew_while_we_were_idle(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    read_all(ledger, &reader);
    deliver(ledger, "{\"id\":\"c1\"}", false);
    struct ledger_group group = {0};
    struct publish_ack ack = {.seq = 3, .offset = 0}; // a place that was taken
    group.confirmed[LEDGER_CURRENT] =
        (struct ledger_confirmed){.acks = malloc(sizeof ack), .ack_count = 1, .ack_cap = 1};
    *group.confirmed[LEDGER_CURRENT].acks = ack;
    commit_group(ledger, &group);
    ledger_group_free(&group);
    reader = (struct reader){.last = 3};
    tell_pieces(ledger);
    read_all(ledger, &reader);
    assert_int_equal(reader.told, 3);
    ledger_close(ledger);
}

// Another name, or none: what changes meanwhile is not noted, so the first one is told all again.
static void another_topic(void **state) {
    (void)state;
    static const char *const names[] = {"other", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct ledger *ledger = open_with_current();
        see_topic(ledger);
        tell_pieces(ledger);
        ledger_close(ledger);
        ledger = open_with_current();
        assert_int_equal(ledger_partitions(ledger, LEDGER_CURRENT), 2);
        ledger_close(ledger);
        topic_name = names[i];
        ledger = open_with_current();
        assert_int_equal(ledger_partitions(ledger, LEDGER_CURRENT), 0);
        deliver(ledger, i ? "{\"id\":\"b1\"}" : "{\"id\":\"a1\"}", false);
        assert_int_equal(ledger_current_unpublished(ledger), 0);
        ledger_close(ledger);
        topic_name = "signals-current";
        ledger = open_with_current();
        assert_int_equal(ledger_partitions(ledger, LEDGER_CURRENT), 0);
        ledger_close(ledger);
    }
}

// --- verify ---

struct read_topic {
    const struct reader *reader;
    const char *fault;
};

static bool on_read(void *ctx, struct verify *verify, struct err *err) {
    const struct read_topic *topic = ctx;
    char key[DIGEST_HEX + 1];
    for (size_t i = 0; i < topic->reader->count; i++) {
        const struct held *held = &topic->reader->list[i];
        digest_to_hex(&held->signal, key);
        verify_topic_note(verify->topic, str_from(key),
                          held->stands ? str_from(held->value) : (struct str){NULL, 0}, i + 1);
    }
    return !topic->fault || err_set(err, ERR_RETRY, "%s", topic->fault);
}

static void check(struct ledger *ledger, struct read_topic read, uint64_t compared,
                  uint64_t differs, uint64_t waiting) {
    static struct verify_topic topic;
    topic = (struct verify_topic){
        .municipalities = tables.municipalities, .read = on_read, .ctx = &read};
    struct verify verify = {.topic = &topic};
    store_begin_snapshot(ledger->store, &verify.txn);
    verify_run(&verify);
    assert_true(verify.checks[VERIFY_TOPIC].looked);
    assert_int_equal(verify.checks[VERIFY_TOPIC].compared, compared);
    assert_int_equal(verify.checks[VERIFY_TOPIC].differs, differs);
    assert_int_equal(verify.checks[VERIFY_OUTBOX].differs, 0);
    assert_int_equal(topic.waiting, waiting);
    assert_int_equal(verify_is_whole(&verify), differs == 0);
    verify_free(&verify);
}

static void a_verify_compares_the_topic(void **state) {
    (void)state;
    struct ledger *ledger = open_with_current();
    struct reader reader = {.count = 0};
    see_topic(ledger);
    tell_pieces(ledger);
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"},{\"id\":\"c1\"}]", false);
    (void)erase(ledger, "c1", false);
    read_all(ledger, &reader);
    check(ledger, (struct read_topic){&reader, NULL}, 3, 0, 0);
    deliver(ledger, "{\"id\":\"d1\"}", false);
    check(ledger, (struct read_topic){&reader, NULL}, 3, 0, 1);
    check(ledger, (struct read_topic){&reader, "no broker answers"}, 0, 1, 0);
    read_all(ledger, &reader);
    struct held *a1 = held_of(&reader, ledger, "a1"), *b1 = held_of(&reader, ledger, "b1");
    struct held *c1 = held_of(&reader, ledger, "c1"), *d1 = held_of(&reader, ledger, "d1");
    a1->value[strlen(a1->value) - 2] ^= 1;
    check(ledger, (struct read_topic){&reader, NULL}, 4, 1, 0);
    b1->stands = false;
    c1->stands = true;
    check(ledger, (struct read_topic){&reader, NULL}, 4, 3, 0);
    *d1 = reader.list[--reader.count]; // it is not there at all
    check(ledger, (struct read_topic){&reader, NULL}, 4, 4, 0);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_written_before_the_topic_is_seen),
        TEST(each_change_is_told),
        TEST(what_was_erased_before_it_was_told),
        TEST(what_was_erased_while_its_event_waits),
        TEST(what_goes_late_says_nothing_old),
        TEST(what_expires_gets_a_tombstone),
        TEST(what_a_record_is),
        TEST(what_a_reading_finds),
        TEST(what_is_erased_as_the_topic_is_seen),
        TEST(a_topic_that_was_made_anew_while_we_were_idle),
        TEST(another_topic),
        TEST(a_verify_compares_the_topic),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
