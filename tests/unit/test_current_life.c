// SPDX-License-Identifier: EUPL-1.2
// Random lives of a ledger beside its topic of current signals: signals that change, go and come
// again, crashes with records on their way of which one may not arrive, a topic that is made anew
// or left for a while, and an older copy of the ledger put back. In the end the topic always has
// what the ledger has.
#include "codec/current.h"
#include "ledger/current.h"
#include "ledger/verify.h"
#include "retention_rig.h"

enum { SIGNALS = 6, RECORDS_MAX = 20000, STEPS = 150 };

struct life {
    struct ledger *ledger;
    uint64_t random;
    struct record {
        struct digest signal;
        uint64_t number;
        char *value; // NULL: a tombstone
    } topic[RECORDS_MAX];
    size_t count;
    size_t upto; // how many are to be published now
    bool recovered, named;
};

static uint64_t below(struct life *life, uint64_t n) {
    return unit_random(&life->random) % n;
}

static void open_life(struct life *life) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 64 << 20,
                                     .topic = "signals",
                                     .current_topic = life->named ? "signals-current" : NULL,
                                     .window_ms = IDENTITY_DAYS * day_ms};
    life->ledger = ledger_open(&options, &err);
    if (!life->ledger)
        fail_msg("%s", err.text);
    life->recovered = false;
}

static void crash(struct life *life) {
    ledger_close(life->ledger);
    open_life(life);
}

// --- Kafka ---

static struct str value_of(const struct record *record) {
    return record->value ? str_from(record->value) : (struct str){NULL, 0};
}

static void on_told(void *ctx, const struct outbox_entry *entry) {
    struct life *life = ctx;
    struct buf value;
    if (life->upto == 0)
        return;
    life->upto--;
    assert_true(life->count < RECORDS_MAX);
    for (size_t i = 0; i < life->count; i++) // a number is one signal's
        assert_true(life->topic[i].number != entry->seq ||
                    digest_equal(&life->topic[i].signal, &entry->signal));
    struct record *record = &life->topic[life->count++];
    *record = (struct record){.signal = entry->signal, .number = entry->seq};
    if (!entry->stands)
        return;
    buf_init(&value, CURRENT_VALUE_MAX);
    assert_true(
        current_make_value(&value, &entry->event.entry, entry->event.kept, tables.municipalities));
    record->value = strndup(value.data, value.len);
    buf_free(&value);
}

static void confirm_records(struct life *life, const struct record *from, size_t count) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_CURRENT];
    confirmed->acks = calloc(count + 1, sizeof *confirmed->acks);
    for (; confirmed->ack_count < count; from++)
        confirmed->acks[confirmed->ack_count++] =
            (struct publish_ack){.seq = from->number, .offset = from - life->topic};
    commit_group(life->ledger, &group);
    ledger_group_free(&group);
}

static void make_anew(struct life *life) {
    for (size_t i = 0; i < life->count; i++)
        free(life->topic[i].value);
    life->count = 0;
    life->recovered = false;
}

// --- the job ---

// What a reading from there on has found.
static void take(struct life *life, size_t from, struct current_take asked) {
    struct current_key *keys = calloc(life->count + 1, sizeof *keys);
    for (size_t i = from; i < life->count; i++) {
        keys[asked.count++].identity = life->topic[i].signal;
        if (life->topic[i].number > asked.last)
            asked.last = life->topic[i].number;
    }
    asked.keys = keys;
    asked.task.run = ledger_take_current;
    ledger_digest_names(tables.municipalities, &asked.names);
    commit_task(life->ledger, &asked.task);
    free(keys);
}

static void see_anew(struct life *life) {
    struct ledger_group group = {0};
    group.confirmed[LEDGER_CURRENT].partitions = 1;
    commit_group(life->ledger, &group);
    ledger_group_free(&group);
}

static void recover(struct life *life) {
    const struct publish_ack last = ledger_last_known(life->ledger, LEDGER_CURRENT, 0);
    size_t from = (size_t)(last.offset + 1);
    bool lacks = false, other = last.offset >= 0 &&
                                (from > life->count || life->topic[from - 1].number != last.seq);
    if (other || ledger_partitions(life->ledger, LEDGER_CURRENT) == 0) {
        see_anew(life);
        from = 0;
    }
    for (size_t i = from; i < life->count && !lacks; i++) {
        const struct record *record = &life->topic[i];
        char key[DIGEST_HEX + 1];
        digest_to_hex(&record->signal, key);
        enum ledger_look look =
            ledger_look_up_current(life->ledger, record->number, str_from(key), value_of(record));
        if (look == LEDGER_AWAITS)
            confirm_records(life, record, 1);
        lacks = look == LEDGER_LACKS;
    }
    take(life, lacks ? 0 : from, (struct current_take){.partitions = lacks});
    life->recovered = !lacks;
}

static void lose_one(struct life *life, size_t from) {
    size_t lost = from + below(life, life->count - from);
    free(life->topic[lost].value);
    memmove(&life->topic[lost], &life->topic[lost + 1],
            (--life->count - lost) * sizeof *life->topic);
}

static void publish(struct life *life, size_t most) {
    size_t from = life->count;
    while (life->named && !life->recovered)
        recover(life);
    if (ledger_current_has_piece(life->ledger)) {
        struct commit_task task = {.run = ledger_tell_current};
        commit_task(life->ledger, &task);
    }
    if (!life->named)
        return;
    life->upto = most;
    each_unpublished(life->ledger, LEDGER_CURRENT, 0, on_told, life);
    size_t told = life->count - from;
    size_t confirmed = most == SIZE_MAX ? told : below(life, told + 1);
    confirm_records(life, &life->topic[from], confirmed);
    if (confirmed == told)
        return;
    if (below(life, 2))
        lose_one(life, from + confirmed);
    crash(life);
}

// --- what happens ---

static void put_back(struct life *life) {
    char command[3 * PATH_MAX];
    ledger_close(life->ledger);
    (void)snprintf(command, sizeof command,
                   below(life, 2) ? "cp %s/data.mdb %s/older"
                                  : "cp %s/older %s/data.mdb 2>/dev/null",
                   scratch_dir, scratch_dir);
    (void)!system(command);
    open_life(life);
}

static void leave_topic(struct life *life) {
    life->named = !life->named;
    crash(life);
}

static void change(struct life *life) {
    static const char *const rests[] = {"\"status\":\"confirmed\"", "\"withdrawn\":true",
                                        "\"category\":\"dwang\"", "\"category\":\"prostitutie\"",
                                        "\"status\":\"rejected\""};
    char text[TEXT];
    (void)snprintf(text, sizeof text, "{\"id\":\"a%d\",%s}", (int)below(life, SIGNALS),
                   rests[below(life, COUNT(rests))]);
    struct delivery *delivery = make_batch(life->ledger, text, false);
    struct ledger_group group = {.tasks = &delivery->task};
    ledger_commit(life->ledger, &group, now);
    if (group.err.kind == ERR_NONE)
        ledger_apply(life->ledger, &group);
    ledger_group_free(&group);
    delivery_free(delivery);
}

static void erase_one(struct life *life) {
    char id[8];
    (void)snprintf(id, sizeof id, "a%d", (int)below(life, SIGNALS));
    (void)erase(life->ledger, id, below(life, 2));
}

static void step(struct life *life) {
    uint64_t kind = below(life, 100);
    if (kind < 50)
        change(life);
    else if (kind < 54)
        erase_one(life);
    else if (kind < 76)
        publish(life, below(life, 8));
    else if (kind < 82)
        now += (int64_t)below(life, IDENTITY_DAYS) * day_ms;
    else if (kind < 90)
        (void)expire(life->ledger);
    else if (kind < 91)
        leave_topic(life);
    else if (kind < 94)
        put_back(life);
    else if (kind < 95)
        make_anew(life);
    else
        crash(life);
}

// --- the end ---

static bool on_read(void *ctx, struct verify *verify, struct err *err) {
    const struct life *life = ctx;
    (void)err;
    for (size_t i = 0; i < life->count; i++) {
        char key[DIGEST_HEX + 1];
        digest_to_hex(&life->topic[i].signal, key);
        verify_topic_note(verify->topic, str_from(key), value_of(&life->topic[i]),
                          life->topic[i].number);
    }
    return true;
}

static void assert_same(struct life *life, uint64_t seed) {
    static struct verify_topic topic;
    topic = (struct verify_topic){
        .municipalities = tables.municipalities, .read = on_read, .ctx = life};
    struct verify verify = {.topic = &topic};
    store_begin_snapshot(life->ledger->store, &verify.txn);
    verify_run(&verify);
    if (topic.waiting || verify.checks[VERIFY_TOPIC].differs ||
        verify.checks[VERIFY_OUTBOX].differs)
        fail_msg("SIGNAALD_SEED=%" PRIu64 ": %" PRIu64 " differ, %" PRIu64 " wait, %s: %s", seed,
                 verify.checks[VERIFY_TOPIC].differs, topic.waiting,
                 topic.different_count ? topic.different[0].signal : "",
                 topic.different_count ? topic.different[0].what : "");
    verify_free(&verify);
}

static void live(uint64_t seed) {
    struct life *life = calloc(1, sizeof *life);
    life->random = seed;
    life->named = true;
    open_life(life);
    for (int i = 0; i < STEPS; i++)
        step(life);
    if (!life->named)
        leave_topic(life);
    do
        publish(life, SIZE_MAX);
    while (!life->recovered || ledger_current_unpublished(life->ledger) > 0);
    assert_same(life, seed);
    make_anew(life);
    ledger_close(life->ledger);
    free(life);
}

static void the_topic_has_what_the_ledger_has(void **state) {
    uint64_t seed = unit_seed();
    no_kafka = true;
    for (size_t i = 0; i < unit_rounds(20); i++) {
        (void)scratch_teardown(state);
        assert_int_equal(test_set_up(state), 0);
        live(seed + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_topic_has_what_the_ledger_has, test_set_up,
                                        scratch_teardown),
    };
    scratch_base = "/dev/shm";
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
