// SPDX-License-Identifier: EUPL-1.2
// Random batches through the real pipeline (worker threads, a store on disk) against a model that a
// child could check: for each id what it last said, and whether it was taken back.
#include "ingest/pipeline.h"

#include "core_tables.h"
#include "scratch.h"

#include <signal.h>
#include <sys/resource.h>

enum { IDS = 150, CONTENTS = 4, BATCHES = 600, ITEMS_MAX = 12 };

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363};
static struct sources sources = {.list = &source, .count = 1, .references = 1000000};
static struct tables tables = {.references = 1000000};

// What an id said last: 0 never seen, 1..CONTENTS, negative once withdrawn.
struct model {
    int said[IDS];
    int64_t counting;
    uint64_t lines;
    uint64_t verdicts[VERDICT_COUNT];
};

struct expected {
    enum verdict verdicts[ITEMS_MAX];
    size_t count;
};

struct rig {
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct loop_timer *timer;
    struct model model;
    uint64_t seed;
    unsigned submitted, answered, commits;
    int told; // of waiters for notes
    struct loop_deferred meanwhile;
    bool may_fail;   // a commit, since the disk did
    unsigned failed; // commits
};

static enum verdict expect(struct model *model, size_t id, int content) {
    int *said = &model->said[id];
    enum verdict verdict = VERDICT_DUPLICATE;
    if (content == 0) { // "withdrawn"
        if (*said >= 0) {
            model->counting -= *said > 0;
            *said = *said > 0 ? -*said : -1000;
            verdict = VERDICT_WITHDRAWN;
        }
    } else if (*said == 0) {
        *said = content;
        model->counting++;
        verdict = VERDICT_REGISTERED;
    } else if (*said != content && *said != -content) {
        model->counting += *said < 0;
        *said = content;
        verdict = VERDICT_CORRECTED;
    }
    model->verdicts[verdict]++;
    model->lines += verdict != VERDICT_DUPLICATE;
    return verdict;
}

static void on_done(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    struct expected *expected = task->ctx;
    assert_int_equal(task->err.kind, ERR_NONE);
    assert_int_equal(delivery->content.item_count, expected->count);
    for (size_t i = 0; i < expected->count; i++)
        assert_int_equal(delivery->content.items[i].verdict, expected->verdicts[i]);
    free(expected);
    delivery_free(delivery);
}

static void submit_one(struct rig *rig) {
    struct expected *expected = calloc(1, sizeof *expected);
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_putc(&body, '[');
    expected->count = (size_t)unit_random(&rig->seed) % (ITEMS_MAX + 1);
    size_t first = (size_t)unit_random(&rig->seed) % IDS; // an id is there once in a batch
    for (size_t i = 0; i < expected->count; i++) {
        size_t id = (first + i * 7) % IDS;
        int content = (int)(unit_random(&rig->seed) % (CONTENTS + 1));
        buf_printf(&body, "%s{\"id\":\"n%zu\",", i ? "," : "", id);
        if (content)
            buf_printf(&body, "\"reported\":\"2017-0%d-01\"}", content);
        else
            buf_puts(&body, "\"withdrawn\":true}");
        expected->verdicts[i] = expect(&rig->model, id, content);
    }
    buf_putc(&body, ']');
    size_t len = body.len;
    struct delivery *delivery =
        delivery_create(&sources, &source, &tables, DECODE_JSON, buf_take(&body), len);
    delivery->received_ms = 1709204400000;
    delivery->task.done = on_done;
    delivery->task.ctx = expected;
    pipeline_deliver(rig->pipeline, delivery);
    rig->submitted++;
}

static void on_idle(void *ctx) {
    struct rig *rig = ctx;
    loop_timer_free(rig->timer);
    loop_stop(rig->loop);
}

// A few batches each turn, so that groups of all sizes come about; now and then confirmations from
// Kafka.
static void on_turn(void *ctx) {
    struct rig *rig = ctx;
    uint64_t n = unit_random(&rig->seed) % 20;
    for (uint64_t i = 0; i < n && rig->submitted < BATCHES; i++)
        submit_one(rig);
    if (rig->submitted < BATCHES)
        return;
    loop_timer_stop(rig->timer);
    pipeline_when_idle(rig->pipeline, on_idle, rig);
}

static void on_committed(void *ctx) {
    struct rig *rig = ctx;
    rig->commits++;
}

static void let_disk_fail(struct rig *rig, bool fails) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = fails ? 0 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rig->may_fail |= fails;
}

static void on_failed(void *ctx, const struct err *err) {
    struct rig *rig = ctx;
    if (!rig->may_fail)
        fail_msg("%s", err->text);
    let_disk_fail(rig, false);
    rig->failed++;
}

static void open_rig(struct rig *rig) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 256 << 20,
                                     .topic = "signals",
                                     .counts_topic = "signal-counts"};
    rig->loop = loop_create(&err);
    rig->ledger = ledger_open(&options, &err);
    if (!rig->loop || !rig->ledger)
        fail_msg("%s", err.text);
    struct pipeline_options pipeline = {
        .delivery = {.limits = {.item_bytes_max = 65536, .items_max = 1000, .depth_max = 32},
                     .identity_key = ledger_identity_key(rig->ledger),
                     .person_keys = ledger_person_keys(rig->ledger)},
        .on_committed = on_committed,
        .on_failed = on_failed,
        .ctx = rig};
    rig->pipeline = pipeline_create(rig->loop, rig->ledger, &pipeline);
}

static void close_rig(struct rig *rig) {
    pipeline_free(rig->pipeline);
    ledger_close(rig->ledger);
    loop_free(rig->loop);
}

static void check_books(const struct rig *rig) {
    const struct model *model = &rig->model;
    assert_int_equal(ledger_last_seq(rig->ledger), model->lines);
    assert_int_equal(counts_total(ledger_counts(rig->ledger)), model->counting);
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(ledger_totals(rig->ledger)->verdicts[v], model->verdicts[v]);
}

static void random_batches_come_out_as_the_model_says(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed()};
    open_rig(&rig);
    rig.timer = loop_timer_create(rig.loop, on_turn, &rig);
    loop_timer_start(rig.timer, 0, 1);
    loop_run(rig.loop);
    struct pipeline_status status;
    pipeline_get_status(rig.pipeline, &status);
    assert_int_equal(status.queued_bytes, 0);
    assert_true(rig.commits > 1);
    assert_true(status.largest_commit > 1); // batches did share commits
    check_books(&rig);
    assert_int_equal(ledger_unpublished(rig.ledger), rig.model.lines);
    close_rig(&rig);
    // what a restart finds is what memory held
    open_rig(&rig);
    check_books(&rig);
    assert_int_equal(ledger_unpublished(rig.ledger), rig.model.lines);
    close_rig(&rig);
}

static void stop_loop(void *ctx) {
    struct rig *rig = ctx;
    loop_stop(rig->loop);
}

static void on_line(void *ctx, const struct ledger_event *line) {
    *(struct ledger_event *)ctx = *line;
}

// Ten lines at least; how many wait then.
static uint64_t submit_ten(struct rig *rig) {
    while (rig->model.lines < 10)
        submit_one(rig);
    pipeline_when_idle(rig->pipeline, stop_loop, rig);
    loop_run(rig->loop);
    return ledger_unpublished(rig->ledger);
}

static void confirmations_empty_the_outbox(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed()};
    struct ledger_event line;
    open_rig(&rig);
    uint64_t waiting = submit_ten(&rig);
    const struct publish_ack acks[] = {{1, 2, 40}, {3, 2, 41}, {2, 2, -1}, {3, 2, 41}, {2, 2, -1}};
    pipeline_set_partitions(rig.pipeline, LEDGER_EVENTS, 3);
    pipeline_add_acks(rig.pipeline, LEDGER_EVENTS, acks, COUNT(acks));
    pipeline_after_notes(rig.pipeline, LEDGER_EVENTS, stop_loop, &rig);
    loop_run(rig.loop);
    for (int again = 0; again < 2; again++) { // now, and after a restart
        assert_int_equal(ledger_unpublished(rig.ledger),
                         waiting - 3); // a confirmation told twice counts once
        assert_int_equal(ledger_last_known(rig.ledger, LEDGER_EVENTS, 2).offset, 41);
        assert_int_equal(ledger_last_known(rig.ledger, LEDGER_EVENTS, 0).offset, -1);
        assert_int_equal(ledger_partitions(rig.ledger, LEDGER_EVENTS), 3);
        assert_true(ledger_event_at(rig.ledger, 1, on_line, &line));
        assert_true(line.published);
        assert_int_equal(line.partition, 2);
        assert_int_equal(line.offset, 40);
        assert_true(ledger_event_at(rig.ledger, 4, on_line, &line));
        assert_false(line.published);
        close_rig(&rig);
        open_rig(&rig);
    }
    close_rig(&rig);
}

struct outbox_watch {
    struct rig *rig;
    uint64_t wanted;
    int looks;
};

enum { LOOK_MS = 10, LOOKS_MAX = 1000 }; // some ten times as long as it takes when all is slow

static void look_at_outbox(void *ctx) {
    struct outbox_watch *watch = ctx;
    if (ledger_unpublished(watch->rig->ledger) == watch->wanted || ++watch->looks == LOOKS_MAX)
        loop_stop(watch->rig->loop);
}

// Nothing else is committed and nobody asks for it: the confirmations' own timers see to it, also
// after a commit that failed.
static void confirmations_alone_do_not_wait_long(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed()};
    open_rig(&rig);
    struct outbox_watch watch = {&rig, submit_ten(&rig), 0};
    rig.timer = loop_timer_create(rig.loop, look_at_outbox, &watch);
    loop_timer_start(rig.timer, LOOK_MS, LOOK_MS);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        const struct publish_ack ack = {seq, 0, (int64_t)seq};
        watch.wanted--;
        if (seq == 2)
            let_disk_fail(&rig, true);
        pipeline_add_acks(rig.pipeline, LEDGER_EVENTS, &ack, 1);
        loop_run(rig.loop);
        assert_int_equal(ledger_unpublished(rig.ledger), watch.wanted);
    }
    assert_int_equal(rig.failed, 1);
    loop_timer_free(rig.timer);
    close_rig(&rig);
}

static void count_told(void *ctx) {
    struct rig *rig = ctx;
    if (++rig->told == LEDGER_TOPICS)
        loop_stop(rig->loop);
}

static void each_topic_has_its_own(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed()};
    open_rig(&rig);
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        const struct publish_ack ack = {1, 2, 40 + i};
        pipeline_set_partitions(rig.pipeline, (enum ledger_topic)i, 3 + i);
        pipeline_add_acks(rig.pipeline, (enum ledger_topic)i, &ack, 1);
        pipeline_after_notes(rig.pipeline, (enum ledger_topic)i, count_told, &rig);
    }
    loop_run(rig.loop);
    assert_int_equal(rig.told, LEDGER_TOPICS);
    close_rig(&rig);
    open_rig(&rig);
    assert_int_equal(ledger_partitions(rig.ledger, LEDGER_EVENTS), 3);
    assert_int_equal(ledger_partitions(rig.ledger, LEDGER_STATISTICS), 4);
    assert_int_equal(ledger_last_known(rig.ledger, LEDGER_EVENTS, 2).offset, 40);
    assert_int_equal(ledger_last_known(rig.ledger, LEDGER_STATISTICS, 2).offset, 41);
    close_rig(&rig);
}

static void told_before_the_others(void *ctx) {
    struct rig *rig = ctx;
    rig->told++;
    assert_int_equal(ledger_last_known(rig->ledger, LEDGER_EVENTS, 2).offset, -1);
    loop_stop(rig->loop);
}

// Confirmations of events come all the time while there are many.
static void no_topic_waits_for_the_other(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed()};
    const struct publish_ack ack = {1, 2, 40};
    open_rig(&rig);
    pipeline_add_acks(rig.pipeline, LEDGER_EVENTS, &ack, 1);
    pipeline_after_notes(rig.pipeline, LEDGER_STATISTICS, told_before_the_others, &rig);
    loop_run(rig.loop);
    assert_int_equal(rig.told, 1);
    pipeline_when_idle(rig.pipeline, stop_loop, &rig);
    loop_run(rig.loop);
    close_rig(&rig);
}

static void on_changed(struct commit_task *task) {
    assert_int_equal(task->err.kind, ERR_NONE);
    free(task);
}

static void change(struct rig *rig, const char *name, enum source_change what) {
    struct source_task *asked = calloc(1, sizeof *asked);
    asked->task.run = ledger_change_source;
    asked->task.done = on_changed;
    asked->what = what;
    (void)snprintf(asked->source, sizeof asked->source, "%s", name);
    pipeline_ride(rig->pipeline, &asked->task);
}

// While the commit that will fail is under way.
static void confirm_more(void *ctx) {
    struct rig *rig = ctx;
    const struct publish_ack acks[] = {{2, 2, 41}, {3, 1, 7}};
    pipeline_add_acks(rig->pipeline, LEDGER_EVENTS, acks, COUNT(acks));
    change(rig, "amsterdam", SOURCE_RESUME);
}

static void check_confirmed(struct rig *rig, uint64_t waiting) {
    struct feed_record feed;
    assert_int_equal(ledger_unpublished(rig->ledger), waiting);
    assert_int_equal(ledger_last_known(rig->ledger, LEDGER_EVENTS, 1).offset, 7);
    assert_int_equal(ledger_last_known(rig->ledger, LEDGER_EVENTS, 2).offset, 41);
    assert_int_equal(ledger_last_known(rig->ledger, LEDGER_STATISTICS, 0).offset, 5);
    assert_int_equal(ledger_partitions(rig->ledger, LEDGER_EVENTS), 3);
    assert_true(ledger_feed(rig->ledger, STR("amsterdam"), &feed));
    assert_false(feed.paused); // what was asked later holds
    assert_true(ledger_feed(rig->ledger, STR("coa"), &feed));
    assert_true(feed.paused);
}

// Kafka says it once, and so does an operator. It is tried again without anybody asking.
static void what_was_confirmed_outlives_a_commit_that_fails(void **state) {
    (void)state;
    struct rig rig = {.seed = unit_seed(), .meanwhile = {.fn = confirm_more, .ctx = &rig}};
    const struct publish_ack ack = {1, 2, 40}, statistic = {1, 0, 5};
    open_rig(&rig);
    uint64_t waiting = submit_ten(&rig);
    let_disk_fail(&rig, true);
    pipeline_set_partitions(rig.pipeline, LEDGER_EVENTS, 3);
    pipeline_set_partitions(rig.pipeline, LEDGER_STATISTICS, 1);
    pipeline_add_acks(rig.pipeline, LEDGER_EVENTS, &ack, 1);
    pipeline_add_acks(rig.pipeline, LEDGER_STATISTICS, &statistic, 1);
    change(&rig, "amsterdam", SOURCE_PAUSE);
    change(&rig, "coa", SOURCE_PAUSE);
    loop_defer(rig.loop, &rig.meanwhile); // behind the pipeline, which begins a commit first
    pipeline_after_notes(rig.pipeline, LEDGER_EVENTS, stop_loop, &rig);
    loop_run(rig.loop);
    assert_in_range(rig.failed, 1, 2); // the next one may have begun before the first was told
    check_confirmed(&rig, waiting - 3);
    close_rig(&rig);
    open_rig(&rig);
    check_confirmed(&rig, waiting - 3);
    close_rig(&rig);
}

static void on_any(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    assert_int_equal(task->err.kind, ERR_NONE);
    delivery_free(delivery);
}

static void submit_text(struct rig *rig, const char *text, void (*done)(struct commit_task *task)) {
    struct delivery *delivery =
        delivery_create(&sources, &source, &tables, DECODE_JSON, strdup(text), strlen(text));
    delivery->received_ms = 1709204400000;
    delivery->task.done = done;
    pipeline_deliver(rig->pipeline, delivery);
    pipeline_when_idle(rig->pipeline, stop_loop, rig);
    loop_run(rig->loop);
}

static void a_cell_that_empties_is_empty_after_a_restart(void **state) {
    (void)state;
    struct rig rig = {.seed = 1};
    open_rig(&rig);
    submit_text(&rig, "{\"id\":\"a\"}", on_any);
    assert_int_equal(counts_total(ledger_counts(rig.ledger)), 1);
    submit_text(&rig, "{\"id\":\"a\",\"withdrawn\":true}", on_any);
    close_rig(&rig);
    open_rig(&rig);
    assert_int_equal(counts_total(ledger_counts(rig.ledger)), 0);
    close_rig(&rig);
}

static void on_refused(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    assert_int_equal(task->err.kind, ERR_NONE);
    assert_true(delivery->content.decoded.failed);
    assert_int_equal(delivery->content.item_count, 0);
    delivery_free(delivery);
}

static void a_broken_body_changes_nothing(void **state) {
    (void)state;
    struct rig rig = {.seed = 1};
    open_rig(&rig);
    submit_text(&rig, "[{\"id\":\"a\"},{\"id\":\"b\"}", on_refused);
    assert_int_equal(ledger_last_seq(rig.ledger), 0);
    close_rig(&rig);
}

static void a_ledger_without_its_key_is_not_opened(void **state) {
    (void)state;
    struct rig rig = {.seed = 1};
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 256 << 20, .topic = "signals"};
    open_rig(&rig);
    while (rig.model.lines == 0)
        submit_one(&rig);
    pipeline_when_idle(rig.pipeline, stop_loop, &rig);
    loop_run(rig.loop);
    close_rig(&rig);
    assert_int_equal(remove(scratch_path("identity.key")), 0);
    assert_null(ledger_open(&options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void a_ledger_with_another_key_is_not_opened(void **state) {
    (void)state;
    struct rig rig = {.seed = 1};
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 256 << 20, .topic = "signals"};
    open_rig(&rig);
    submit_text(&rig, "{\"id\":\"a\"}", on_any);
    close_rig(&rig);
    scratch_write("identity.key", "another key, also of 32 bytes ..", 0600);
    assert_null(ledger_open(&options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

// Which keys a start gives, in their order, and whether it is let.
struct key_start {
    const char *key, *previous;
    bool fine;
};

static void start_with_keys(const struct key_start *start) {
    struct err err;
    char previous[PATH_MAX];
    (void)snprintf(previous, sizeof previous, "%s", scratch_path("person-previous.key"));
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 256 << 20,
                                     .topic = "signals",
                                     .person_previous_key_file = start->previous ? previous : NULL};
    scratch_write("person.key", start->key, 0600);
    if (start->previous)
        scratch_write("person-previous.key", start->previous, 0600);
    struct ledger *ledger = ledger_open(&options, &err);
    assert_int_equal(ledger != NULL, start->fine);
    if (!ledger) {
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, "give it as person.previous_key"));
        assert_null(strstr(err.text, start->key));
    }
    ledger_close(ledger);
}

// Persons would double, and nothing would say so.
static void the_person_key_changes_only_beside_the_one_before(void **state) {
    static const char a[] = "a person key, also of 32 bytes a",
                      b[] = "b person key, also of 32 bytes b",
                      c[] = "c person key, also of 32 bytes c",
                      d[] = "d person key, also of 32 bytes d";
    static const struct key_start starts[] = {
        {a, NULL, true}, {b, NULL, false}, {b, c, false},   {a, NULL, true},
        {a, b, true},    {b, a, true},     {b, NULL, true}, {a, NULL, false},
        {c, d, false},   {c, b, true},     {b, c, true}, // back again
        {c, a, true},                                    // one that was in force long ago
    };
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        start_with_keys(&starts[i]);
    char key[] = "C person key, also of 32 bytes ?",
         previous[] = "c person key, also of 32 bytes c";
    for (int i = 0; i < 20; i++) {
        key[sizeof key - 2] = (char)('a' + i);
        start_with_keys(&(struct key_start){key, previous, true});
        memcpy(previous, key, sizeof key);
    }
    start_with_keys(&(struct key_start){d, a, false}); // too long ago
}

static int set_up(void **state) {
    (void)state;
    tables.municipalities = tables_municipalities();
    tables.categories = tables_categories();
    (void)signal(SIGXFSZ, SIG_IGN); // a write over the limit then fails with an error
    return hash_init() ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(tables.municipalities);
    categories_free(tables.categories);
    return 0;
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(random_batches_come_out_as_the_model_says),
        TEST(confirmations_alone_do_not_wait_long),
        TEST(confirmations_empty_the_outbox),
        TEST(each_topic_has_its_own),
        TEST(no_topic_waits_for_the_other),
        TEST(what_was_confirmed_outlives_a_commit_that_fails),
        TEST(a_cell_that_empties_is_empty_after_a_restart),
        TEST(a_broken_body_changes_nothing),
        TEST(a_ledger_without_its_key_is_not_opened),
        TEST(a_ledger_with_another_key_is_not_opened),
        TEST(the_person_key_changes_only_beside_the_one_before),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
