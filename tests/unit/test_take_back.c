// SPDX-License-Identifier: EUPL-1.2
// A ledger that is older than its topic. A backup is made at some moment; the ledger goes on and is
// lost; the backup is restored, and goes on without Kafka. Once the topic is seen, everything that
// anybody was promised is in both, once, and they count the same.
#include "codec/event_read.h"
#include "history_rig.h"
#include "ledger/take_back.h"

// --- the life of a backup ---

static void copy_store(const char *from, const char *to) {
    char command[3 * PATH_MAX];
    (void)snprintf(command, sizeof command, "mkdir -p %s && cp %s/data.mdb %s/", to, from, to);
    assert_int_equal(system(command), 0);
}

static const char *beside(const char *name) {
    static char path[2][PATH_MAX];
    static int which;
    which = !which;
    (void)snprintf(path[which], PATH_MAX, "%s/%s", scratch_dir, name);
    return path[which];
}

static struct publish_record record_of(const struct event *event) {
    struct publish_record record = event->record;
    record.key.data = event->key;
    record.value.data = event->value;
    return record;
}

static enum ledger_look look(struct ledger *ledger, const struct event *event) {
    struct publish_record record = record_of(event);
    return ledger_look_up(ledger, event->seq, publish_record_header(&record, "ce_id"),
                          publish_record_header(&record, "ce_time"));
}

static void stage(struct ledger *ledger, const struct topic *topic) {
    struct ledger_staging *staging = ledger_staging_begin(ledger);
    struct err err;
    for (size_t i = 0; i < topic->count; i++) {
        struct publish_record record = record_of(&topic->list[i]);
        struct ledger_found found;
        struct buf kept;
        if (look(ledger, &topic->list[i]) != LEDGER_LACKS)
            continue;
        buf_init(&kept, EVENT_VALUE_MAX + 1);
        if (!topic_event_read(&record, &kept, &found, &err))
            fail_msg("%s", err.text);
        assert_true(ledger_staging_add(staging, &found, &err));
        buf_free(&kept);
    }
    assert_true(ledger_staging_flush(staging, &err));
    ledger_staging_free(staging);
}

// With its index of names, which the rig's own has not.
static struct sources *load_sources(void) {
    char file[PATH_MAX];
    struct diagnostics faults;
    const struct config config = {.sources_file = file};
    (void)snprintf(file, sizeof file, "%s", scratch_path("sources.csv"));
    scratch_write("sources.csv", "name,kind,municipality\namsterdam,municipality,GM0363\n", 0644);
    diagnostics_init(&faults);
    struct sources *loaded = sources_load(&config, &faults);
    diagnostics_free(&faults);
    assert_non_null(loaded);
    return loaded;
}

static struct take_back_task take_back(struct ledger *ledger) {
    struct sources *known = load_sources();
    struct take_back_task back = {
        .task.run = ledger_take_back, .tables = &tables, .sources = known};
    struct ledger_group group = {.tasks = &back.task};
    commit_group(ledger, &group);
    ledger_group_free(&group);
    sources_unref(known);
    return back;
}

// As the publisher recovers: what is there is confirmed. Nothing may be lacking.
static void recover(struct ledger *ledger, const struct topic *topic) {
    for (size_t i = 0; i < topic->count; i++) {
        enum ledger_look found = look(ledger, &topic->list[i]);
        assert_true(found == LEDGER_HAS || found == LEDGER_AWAITS);
        if (found == LEDGER_AWAITS)
            confirm(ledger, topic->list[i].seq, topic->list[i].seq);
    }
}

static void send_waiting(void *ctx, const struct outbox_entry *entry) {
    send_line(ctx, entry);
}

// Everything that waits, also where what is confirmed stands in between.
static void publish_waiting(struct ledger *ledger, struct topic *topic) {
    size_t before = topic->count;
    each_unpublished(ledger, LEDGER_EVENTS, 0, send_waiting, topic);
    for (size_t i = before; i < topic->count; i++)
        confirm(ledger, topic->list[i].seq, topic->list[i].seq);
}

// --- what must hold ---

static int by_seq(const void *a, const void *b) {
    const struct event *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static struct str id_of(const struct event *event) {
    struct publish_record record = record_of(event);
    return publish_record_header(&record, "ce_id");
}

static int by_id(const void *a, const void *b) {
    struct str x = id_of(*(const struct event *const *)a),
               y = id_of(*(const struct event *const *)b);
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

// Neither a number nor an id, whatever was forgotten in between.
static void assert_used_once(struct topic *topic) {
    struct event **ids = calloc(topic->count, sizeof *ids);
    qsort(topic->list, topic->count, sizeof *topic->list, by_seq);
    for (size_t i = 0; i < topic->count; i++)
        ids[i] = &topic->list[i];
    qsort(ids, topic->count, sizeof *ids, by_id);
    for (size_t i = 1; i < topic->count; i++) {
        assert_true(topic->list[i].seq > topic->list[i - 1].seq);
        if (str_equal(id_of(ids[i - 1]), id_of(ids[i])))
            fail_msg("an id is used twice: %.*s", (int)id_of(ids[i]).len, id_of(ids[i]).data);
    }
    free(ids);
}

// What a consumer has counted.
static struct counts *tally(const struct topic *topic) {
    struct counts *counts = counts_create();
    for (size_t i = 0; i < topic->count; i++) {
        struct publish_record record = record_of(&topic->list[i]);
        struct ledger_entry type = {0};
        struct event_said said;
        struct err err;
        assert_true(event_read_type(publish_record_header(&record, "ce_type"), &type));
        if (type.kind != LEDGER_SIGNAL)
            continue;
        assert_true(event_read_signal(record.value, &said, &err));
        if (said.parts.has_previous)
            counts_add(counts, &said.parts.previous.cell, -1);
        if (type.counts)
            counts_add(counts, &said.entry.cell, 1);
    }
    return counts;
}

static void assert_agree(struct ledger *ledger, struct topic *topic) {
    assert_used_once(topic);
    assert_int_equal(ledger_unpublished(ledger), 0);
    struct counts *counted = tally(topic);
    assert_same_counts(counted, ledger_counts(ledger));
    counts_free(counted);
    assert_books_whole(ledger, 0);
}

// --- random histories ---

// What the last word of each id was, of those that the restored ledger took itself.
static void assert_known(struct ledger *ledger, const struct topic *topic) {
    for (int i = 0; i < IDS; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "%d", i);
        struct digest identity = identity_of(ledger, id);
        bool told = false;
        for (size_t k = 0; k < topic->count && !told; k++) {
            char name[DIGEST_HEX + 1];
            digest_to_hex(&identity, name);
            told = memcmp(id_of(&topic->list[k]).data, name, DIGEST_HEX) == 0;
        }
        if (!told)
            assert_int_equal(ledger_find(ledger, &identity), 0);
    }
}

static struct ledger *restore(void) {
    copy_store(beside("backup"), beside("anew"));
    return open_beside();
}

struct plan {
    int before, lost, meanwhile; // steps until the backup, until the loss, until Kafka is seen
    bool waits;                  // some wait for Kafka when the backup is made
    bool killed;                 // before what was taken is confirmed
};

static void check_history(const struct plan *plan, uint64_t *seed) {
    struct topic topic = {0};
    struct ledger *old = open_ledger();
    live(old, &topic, seed, plan->before);
    if (plan->waits)
        live(old, NULL, seed, 5);
    copy_store(scratch_dir, beside("backup"));
    live(old, &topic, seed, plan->lost);
    ledger_close(old);
    struct ledger *ledger = restore();
    keeps_lines = true; // until the topic has been seen
    live(ledger, NULL, seed, plan->meanwhile);
    keeps_lines = false;
    stage(ledger, &topic);
    struct take_back_task back = take_back(ledger);
    assert_int_equal(back.lost, 0);
    if (plan->killed) {
        ledger_close(ledger);
        ledger = open_beside();
        stage(ledger, &topic); // nothing
        assert_int_equal(take_back(ledger).taken, 0);
    }
    recover(ledger, &topic);
    publish_waiting(ledger, &topic);
    assert_agree(ledger, &topic);
    assert_known(ledger, &topic);
    live(ledger, NULL, seed, 20); // and goes on
    publish_waiting(ledger, &topic);
    assert_agree(ledger, &topic);
    ledger_close(ledger);
    free_topic(&topic);
}

static void check_histories(void **state, uint64_t seed) {
    for (size_t i = 0; i < unit_rounds(40); i++) {
        const struct plan plan = {.before = (int)(unit_random(&seed) % 60),
                                  .lost = (int)(unit_random(&seed) % 60),
                                  .meanwhile = (int)(unit_random(&seed) % 60),
                                  .waits = unit_random(&seed) % 2,
                                  .killed = unit_random(&seed) % 2};
        persons_stay = unit_random(&seed) % 2;
        check_history(&plan, &seed);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

static void random_histories_agree(void **state) {
    check_histories(state, unit_seed());
}

// In these a signal that was erased is forgotten with its age, and comes again.
static void forgotten_signals_come_again(void **state) {
    check_histories(state, 1795950920);
    check_histories(state, 1795951203);
    check_histories(state, 910002); // and had been erased on the other side
    check_histories(state, 910023); // or corrected and then erased
}

// --- single cases ---

// A backup of one signal; then `before` happens to the ledger that is lost, `after` to the
// restored.
static struct ledger *meet(struct topic *topic, const char *first,
                           void (*before)(struct ledger *ledger),
                           void (*after)(struct ledger *ledger)) {
    struct ledger *old = open_ledger();
    deliver(old, first, false);
    publish(old, topic);
    copy_store(scratch_dir, beside("backup"));
    before(old);
    publish(old, topic);
    ledger_close(old);
    struct ledger *ledger = restore();
    now += day_ms;
    after(ledger);
    stage(ledger, topic);
    (void)take_back(ledger);
    recover(ledger, topic);
    publish_waiting(ledger, topic);
    assert_agree(ledger, topic);
    return ledger;
}

static unsigned count_kind(const struct topic *topic, const char *type) {
    unsigned count = 0;
    for (size_t i = 0; i < topic->count; i++) {
        struct publish_record record = record_of(&topic->list[i]);
        struct str said = publish_record_header(&record, "ce_type");
        char text[128];
        (void)snprintf(text, sizeof text, "%.*s", (int)said.len, said.data);
        count += strstr(text, type) != NULL;
    }
    return count;
}

static void say_b(struct ledger *ledger) {
    deliver(ledger, "{\"id\":\"b\"}", false);
}

static bool is_silent(struct ledger *ledger) {
    struct feed_record feed;
    assert_true(ledger_feed(ledger, str_from(source_name), &feed));
    return feed.silent;
}

// Silent in the topic, and then it brought something to the restored ledger: it resumed.
static void a_source_resumes(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"a\"}", fall_silent, say_b);
    assert_int_equal(count_kind(&topic, "source.silent"), 1);
    assert_int_equal(count_kind(&topic, "source.resumed"), 1);
    assert_false(is_silent(ledger));
    ledger_close(ledger);
    free_topic(&topic);
}

// What the restored ledger took for silence was not: the topic has a signal since.
static void a_source_was_not_silent(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"a\"}", say_b, fall_silent);
    assert_int_equal(count_kind(&topic, "source.silent"), 0);
    assert_false(is_silent(ledger));
    ledger_close(ledger);
    free_topic(&topic);
}

// Silent on both sides: told once.
static void silence_is_told_once(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"a\"}", fall_silent, fall_silent);
    assert_int_equal(count_kind(&topic, "source.silent"), 1);
    assert_true(is_silent(ledger));
    ledger_close(ledger);
    free_topic(&topic);
}

static void correct_a(struct ledger *ledger) {
    deliver(ledger, "{\"id\":\"a\",\"category\":\"dwang\"}", false);
}

#define WORD_A "{\"id\":\"a\",\"category\":\"iets\"}"

// Both sides got the same new table: one version of it. What the source has corrected since is not
// remapped to what it said before.
static void tables_are_applied_once(void **state) {
    (void)state;
    struct topic both = {0}, one = {0};
    struct ledger *ledger = meet(&both, WORD_A, remap, remap);
    assert_int_equal(both.count, 2);
    assert_int_equal(ledger_totals(ledger)->remapped, 1);
    ledger_close(ledger);
    free_topic(&both);
    assert_int_equal(scratch_teardown(state), 0);
    assert_int_equal(test_set_up(state), 0);
    ledger = meet(&one, WORD_A, correct_a, remap);
    assert_int_equal(one.count, 2);
    assert_int_equal(ledger_totals(ledger)->remapped, 0);
    assert_int_equal(line_at(ledger, seq_of(ledger, "a")).entry.cell.categories,
                     1u << CATEGORY_FORCED_LABOUR);
    ledger_close(ledger);
    free_topic(&one);
}

static void say_two_of_jan(struct ledger *ledger) {
    deliver(ledger, "[{\"id\":\"b\"," JAN "},{\"id\":\"c\"," JAN "}]", false);
}

static void say_d_of_jan(struct ledger *ledger) {
    deliver(ledger, "{\"id\":\"d\"," JAN "}", false);
}

// Links that the topic tells, and those of a person that the backup knew.
static void links_come_back(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"a\"," JAN "}", say_two_of_jan, say_d_of_jan);
    assert_int_equal(counts_total(ledger_counts(ledger)), 4);
    assert_int_equal(persons_of(ledger), 1);
    ledger_close(ledger);
    free_topic(&topic);
}

static void erase_a(struct ledger *ledger) {
    (void)erase(ledger, "a", true);
}

// Erased in the topic: nothing of the person stays, and what was posted again does not come back.
static void what_was_erased_stays_erased(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"a\"," JAN "}", erase_a, correct_a);
    assert_int_equal(counts_total(ledger_counts(ledger)), 0);
    assert_int_equal(pseudonyms(ledger), 0);
    assert_true(line_at(ledger, seq_of(ledger, "a")).entry.erased);
    ledger_close(ledger);
    free_topic(&topic);
}

#define DATED_A "{\"id\":\"a\",\"reported\":\"2017-03-05\",\"municipality\":\"Weesp\"}"

static void say_a_dated(struct ledger *ledger) {
    deliver(ledger, DATED_A, false);
}

static void say_a_undated(struct ledger *ledger) {
    deliver(ledger, "{\"id\":\"a\",\"municipality\":\"Weesp\",\"status\":\"confirmed\"}", false);
}

// What the backup took for a new signal of today corrects one of which the topic knows the day.
static void a_known_day_is_kept(void **state) {
    (void)state;
    struct topic topic = {0};
    struct ledger *ledger = meet(&topic, "{\"id\":\"x\"}", say_a_dated, say_a_undated);
    struct ledger_entry entry = line_at(ledger, seq_of(ledger, "a")).entry;
    assert_int_equal(entry.version, 2);
    assert_int_equal(entry.cell.status, STATUS_CONFIRMED);
    assert_int_equal(entry.reported, time_day_from_civil(2017, 3, 5));
    assert_int_equal(entry.cell.month, 17 * 12 + 2);
    assert_int_equal(entry.cell.municipality, 457); // which is a part of Amsterdam today
    ledger_close(ledger);
    free_topic(&topic);
}

static void forget_a_and_say_it_again(struct ledger *ledger) {
    now += (IDENTITY_DAYS + 1) * day_ms;
    (void)expire(ledger);
    correct_a(ledger);
}

static void correct_and_erase_a(struct ledger *ledger) {
    deliver(ledger, "{\"id\":\"a\",\"status\":\"confirmed\"}", false);
    erase_a(ledger);
}

// Erased here, while in the topic it had been forgotten and came again: what was forgotten goes on
// counting, and what came again is erased. No id is used twice though both begin with version 1.
static void check_forgotten(void (*after)(struct ledger *ledger)) {
    struct topic topic = {0};
    struct ledger *ledger =
        meet(&topic, "{\"id\":\"a\"," JAN "}", forget_a_and_say_it_again, after);
    assert_int_equal(counts_total(ledger_counts(ledger)), 1);
    assert_int_equal(count_kind(&topic, "signal.registered"), 2);
    assert_int_equal(count_kind(&topic, "signal.erased"), 1);
    assert_true(line_at(ledger, seq_of(ledger, "a")).entry.erased);
    ledger_close(ledger);
    free_topic(&topic);
}

static void what_was_forgotten_counts_once(void **state) {
    check_forgotten(erase_a);
    assert_int_equal(scratch_teardown(state), 0);
    assert_int_equal(test_set_up(state), 0);
    check_forgotten(correct_and_erase_a);
}

int main(void) {
    scratch_base = "/dev/shm";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_histories_agree, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(forgotten_signals_come_again, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_source_resumes, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_source_was_not_silent, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(silence_is_told_once, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(tables_are_applied_once, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(links_come_back, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_known_day_is_kept, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_was_erased_stays_erased, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_was_forgotten_counts_once, test_set_up,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
