// SPDX-License-Identifier: EUPL-1.2
// What a commit keeps beside signals: sources that fall silent and come back, cursors, and the
// quarantine.
#include "ingest/delivery.h"
#include "ingest/feed_plan.h"
#include "ledger/ledger.h"

#include "codec/event.h"
#include "core_tables.h"
#include "scratch.h"

enum { DAY = 86400000 };
static const int64_t start_ms = 1709204400000;

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363};
static struct sources sources = {.list = &source, .count = 1, .references = 1000000};
static struct tables tables = {.references = 1000000};

static struct ledger *open_ledger(void) {
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 64 << 20, .topic = "signals", .window_ms = 1000LL * DAY};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

// The poll that a batch is of, as daemon/ingest has one: a list without order.
static const struct template list_template = {.native = true, .paging = TEMPLATE_PAGING_LINK};
static struct feed_plan feed_plan;
static bool has_next;

static void plan_page(struct delivery *delivery) {
    const struct page *content = &delivery->content;
    const struct feed_page page = {.count = content->decoded.items,
                                   .all_refused =
                                       content->item_count > 0 && content->signal_count == 0,
                                   .has_next = has_next,
                                   .watermark = content->decoded.cursor,
                                   .received_ms = delivery->received_ms};
    feed_plan_page(&feed_plan, &page, &delivery->poll->feed);
    delivery->poll->cursor_tentative = feed_plan.cursor_tentative;
}

static struct delivery *new_batch(const char *text, int64_t received_ms, bool polled) {
    struct delivery *delivery =
        delivery_create(&sources, &source, &tables, DECODE_JSON, strdup(text), strlen(text));
    delivery->received_ms = received_ms;
    if (polled) {
        delivery_set_polled(delivery, &(struct feed_record){0});
        delivery->poll->plan = plan_page;
        (void)snprintf(delivery->poll->begin, sizeof delivery->poll->begin, "2017-01-01");
    }
    feed_plan_begin(&feed_plan, &list_template, "", received_ms);
    has_next = false;
    return delivery;
}

static void commit_group(struct ledger *ledger, struct ledger_group *group, int64_t now_ms) {
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 100, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    for (struct commit_task *task = group->tasks; task; task = task->next)
        if (task->prepare)
            delivery_decode((struct delivery *)task, &options);
    ledger_commit(ledger, group, now_ms);
    assert_int_equal(group->err.kind, ERR_NONE);
    ledger_apply(ledger, group);
    while (group->tasks) {
        struct commit_task *next = group->tasks->next;
        delivery_free((struct delivery *)group->tasks);
        group->tasks = next;
    }
    ledger_group_free(group);
}

static void commit_one(struct ledger *ledger, struct delivery *delivery) {
    struct ledger_group group = {.tasks = &delivery->task};
    commit_group(ledger, &group, delivery->received_ms);
}

static void commit_task(struct ledger *ledger, struct commit_task *task) {
    struct ledger_group group = {.tasks = task};
    ledger_commit(ledger, &group, start_ms);
    assert_int_equal(group.err.kind, ERR_NONE);
    ledger_apply(ledger, &group);
    ledger_group_free(&group);
}

static void drop_quarantined(struct ledger *ledger, uint64_t number) {
    struct quarantine_drop_task drop = {.task.run = ledger_drop_quarantined, .number = number};
    commit_task(ledger, &drop.task);
}

static void change_source(struct ledger *ledger, struct source_task change) {
    change.task.run = ledger_change_source;
    commit_task(ledger, &change.task);
}

static bool put_type(void *ctx, const struct ledger_event *line) {
    char text[512];
    (void)snprintf(text, sizeof text, "%s %.*s", strrchr(event_type(&line->entry), '.') - 10,
                   (int)(line->event.len < 300 ? line->event.len : 0), line->event.data);
    buf_puts(ctx, text);
    buf_putc(ctx, '\n');
    return true;
}

static char *all_lines(struct ledger *ledger) {
    struct buf text;
    buf_init(&text, 1 << 16);
    ledger_each_event(ledger, 1, 100, put_type, &text);
    return buf_take(&text);
}

static void fall_silent(struct ledger *ledger, int64_t now_ms) {
    struct delivery *delivery = delivery_create(&sources, &source, &tables, DECODE_JSON, NULL, 0);
    delivery->task.run = ledger_tell_silence;
    delivery->task.prepare = NULL;
    delivery->received_ms = now_ms;
    commit_one(ledger, delivery);
}

static void silence_and_return_are_events_once(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct feed_record feed;
    commit_one(ledger, new_batch("{\"id\":\"a\"}", start_ms, false));
    fall_silent(ledger, start_ms + 40LL * DAY);
    fall_silent(ledger, start_ms + 41LL * DAY);
    assert_int_equal(ledger_last_seq(ledger), 2);
    assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
    assert_true(feed.silent);
    // a duplicate is no sign of life: nothing new came
    commit_one(ledger, new_batch("{\"id\":\"a\"}", start_ms + 42LL * DAY, false));
    assert_int_equal(ledger_last_seq(ledger), 2);
    commit_one(ledger, new_batch("[{\"id\":\"b\"},{\"id\":\"c\"}]", start_ms + 43LL * DAY, false));
    commit_one(ledger, new_batch("{\"id\":\"d\"}", start_ms + 44LL * DAY, false));
    assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
    assert_false(feed.silent);
    assert_int_equal(feed.signal_ms, start_ms + 44LL * DAY);
    char *lines = all_lines(ledger);
    assert_non_null(
        strstr(lines, "silent.v1 {\"source\":{\"name\":\"amsterdam\",\"kind\":\"municipality\"},"
                      "\"municipality\":{\"code\":\"GM0363\""));
    assert_non_null(strstr(lines, "\"lastSignal\":\"2024-02-29T11:00:00.000Z\",\"days\":40}"));
    assert_non_null(strstr(lines, "\"lastSignal\":\"2024-02-29T11:00:00.000Z\",\"days\":43}"));
    assert_null(strstr(strstr(lines, "resumed.v1") + 1, "resumed.v1"));
    free(lines);
    assert_int_equal(ledger_last_seq(ledger), 6);
    assert_int_equal(counts_total(ledger_counts(ledger)), 4);
    ledger_close(ledger);
    ledger = open_ledger(); // lines about sources are not signals to the index
    assert_int_equal(counts_total(ledger_counts(ledger)), 4);
    commit_one(ledger, new_batch("{\"id\":\"d\"}", start_ms + 45LL * DAY, false));
    assert_int_equal(ledger_last_seq(ledger), 6);
    ledger_close(ledger);
}

struct entries {
    struct quarantine_record list[8];
    size_t count;
};

static bool on_entry(void *ctx, const struct quarantine_record *entry) {
    struct entries *entries = ctx;
    entries->list[entries->count++] = *entry;
    return entries->count < COUNT(entries->list);
}

static struct entries quarantine(struct ledger *ledger) {
    struct entries entries = {.count = 0};
    ledger_each_quarantined(ledger, on_entry, &entries);
    assert_int_equal(entries.count, ledger_quarantined(ledger));
    return entries;
}

static void what_a_page_could_not_give_is_quarantined_once(void **state) {
    (void)state;
    static const char page[] =
        "[{\"id\":\"2017-1\",\"reported\":\"yesterday\",\"naam\":\"Jan Jansen\"},"
        "{\"id\":\"good\",\"reported\":\"2017-05-01\"},"
        "{\"id\":\"Jan Jansen\",\"reported\":\"1970-01-01\"},"
        "{\"id\":\"06-12345678\",\"reported\":\"1971-01-01\"}]";
    struct ledger *ledger = open_ledger();
    commit_one(ledger, new_batch(page, start_ms, true));
    commit_one(ledger,
               new_batch(page, start_ms + DAY, true)); // the page is read again: the same entries
    struct entries entries = quarantine(ledger);
    assert_int_equal(entries.count, 3);
    assert_string_equal(entries.list[0].id, "2017-1");
    assert_string_equal(entries.list[1].id, ""); // a name
    assert_string_equal(entries.list[2].id, ""); // a telephone number
    assert_int_equal(entries.list[0].times, 2);
    assert_int_equal(entries.list[0].index, 0);
    assert_int_equal(entries.list[1].index, 2);
    assert_int_equal(entries.list[0].first_ms, start_ms);
    assert_int_equal(entries.list[0].last_ms, start_ms + DAY);
    assert_string_equal(entries.list[0].cursor, "2017-01-01");
    assert_int_equal(entries.list[0].reasons[0].code, FAULT_BAD_DATE);
    assert_string_equal(entries.list[0].reasons[0].pointer, "/reported");
    // a page that is broken as a whole
    commit_one(ledger, new_batch("[{", start_ms + 2LL * DAY, true));
    commit_one(ledger, new_batch("[{", start_ms + 3LL * DAY, true));
    entries = quarantine(ledger);
    assert_int_equal(entries.count, 4);
    assert_true(entries.list[3].page);
    assert_int_equal(entries.list[3].times, 2);
    // a poster gets its answer at once, so nothing of it is kept
    commit_one(ledger, new_batch("{\"id\":\"x\",\"reported\":\"never\"}", start_ms, false));
    assert_int_equal(ledger_quarantined(ledger), 4);
    uint64_t number = entries.list[1].number;
    drop_quarantined(ledger, number);
    drop_quarantined(ledger, 999);
    assert_int_equal(ledger_quarantined(ledger), 3);
    ledger_close(ledger);
    ledger = open_ledger();
    entries = quarantine(ledger);
    assert_int_equal(entries.count, 3);
    commit_one(ledger, new_batch("[{\"id\":\"new-1\",\"reported\":\"?\"}]", start_ms, true));
    entries = quarantine(ledger);
    assert_int_equal(entries.list[3].number, 5); // numbers are not given twice
    ledger_close(ledger);
}

static void ids_that_are_safe_to_keep(void **state) {
    (void)state;
    static const struct {
        const char *id;
        bool kept;
    } cases[] = {
        {"2017-000123", true},   {"SIG-5021", true},
        {"638344", true},        {"a1", true},
        {"ZK_2018.7", true},     {"0d9a5f4e-6f0b-4b62-9b0e-5f1f6f0f7c11", true},
        {"123456782", false},    {"123.456.782", false},
        {"06-1234-5678", false}, {"0612345678", false},
        {"1990-01-01", false},   {"AB-123-C", false},
        {"jansen", false},       {"Jan1", true},
        {"19900101", false},     {"NL91ABNA0417164300", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ledger *ledger = open_ledger();
        char page[200];
        (void)snprintf(page, sizeof page, "[{\"id\":\"%s\",\"reported\":\"?\"}]", cases[i].id);
        commit_one(ledger, new_batch(page, start_ms, true));
        struct entries entries = quarantine(ledger);
        assert_int_equal(entries.count, 1);
        if ((entries.list[0].id[0] != '\0') != cases[i].kept)
            fail_msg("%s", cases[i].id);
        ledger_close(ledger);
        assert_int_equal(scratch_teardown(NULL), 0);
        assert_int_equal(scratch_setup(NULL), 0);
    }
}

static void one_source_does_not_fill_the_quarantine(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    for (int page = 0; page < 12; page++) {
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int i = 0; i < 99; i++)
            buf_printf(&text, "%c{\"id\":\"%d-%d\",\"reported\":\"?\"}", i ? ',' : '[', page, i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        commit_one(ledger, new_batch(body, start_ms, true));
        free(body);
    }
    assert_int_equal(ledger_quarantined(ledger), LEDGER_QUARANTINE_SOURCE_MAX);
    assert_int_equal(ledger_totals(ledger)->not_quarantined,
                     12 * 99 - LEDGER_QUARANTINE_SOURCE_MAX);
    ledger_close(ledger);
}

static void the_cursor_moves_with_its_page(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct feed_record feed;
    char field[] = "updated";
    source.cursor_field = field;
    struct delivery *delivery = new_batch(
        "[{\"id\":\"a\",\"reported\":\"2017-05-01\",\"updated\":\"2017-05-01\"}]", start_ms, true);
    (void)snprintf(delivery->poll->feed.etag, sizeof delivery->poll->feed.etag, "\"e1\"");
    commit_one(ledger, delivery);
    assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
    assert_string_equal(feed.cursor, "2017-05-01");
    assert_string_equal(feed.etag, ""); // it was another URL's
    // a page that is not the last of an unordered poll keeps the watermark to itself
    delivery = new_batch("[{\"id\":\"b\",\"reported\":\"2017-05-01\",\"updated\":\"2017-09-01\"}]",
                         start_ms, true);
    delivery->poll->feed = feed;
    has_next = true;
    commit_one(ledger, delivery);
    assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
    assert_string_equal(feed.cursor, "2017-05-01");
    // nor does the last page of a poll that brought something new: it may have missed what slipped
    // between pages
    for (int poll = 0; poll < 2; poll++) {
        delivery =
            new_batch("[{\"id\":\"c\",\"reported\":\"2017-05-01\",\"updated\":\"2017-06-01\"}]",
                      start_ms, true);
        delivery->poll->feed = feed;
        feed_plan.pages = 1;
        (void)snprintf(feed_plan.watermark, sizeof feed_plan.watermark,
                       "2017-09-01"); // the highest of the poll
        commit_one(ledger, delivery);
        assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
        assert_string_equal(feed.cursor, poll == 0 ? "2017-05-01" : "2017-09-01");
    }
    change_source(ledger, (struct source_task){
                              .what = SOURCE_SET_CURSOR, .source = "amsterdam", .cursor = "2016"});
    change_source(ledger, (struct source_task){.what = SOURCE_PAUSE, .source = "amsterdam"});
    assert_true(ledger_feed(ledger, STR("amsterdam"), &feed));
    assert_string_equal(feed.cursor, "2016");
    assert_true(feed.paused);
    source.cursor_field = NULL;
    ledger_close(ledger);
}

// The cursor after a page, from "2017-01-01" on.
static void check_cursor(const char *page, const char *cursor) {
    struct ledger *ledger = open_ledger();
    struct feed_record feed;
    struct delivery *delivery = new_batch(page, start_ms, true);
    (void)snprintf(delivery->poll->feed.cursor, sizeof delivery->poll->feed.cursor, "2017-01-01");
    (void)snprintf(delivery->poll->feed.etag, sizeof delivery->poll->feed.etag, "\"e\"");
    commit_one(ledger, delivery);
    if (!ledger_feed(ledger, STR("amsterdam"), &feed))
        feed.cursor[0] = '\0';
    assert_string_equal(feed.cursor, cursor);
    ledger_close(ledger);
    assert_int_equal(scratch_teardown(NULL), 0);
    assert_int_equal(scratch_setup(NULL), 0);
}

static void a_page_that_misleads_does_not_move_the_cursor(void **state) {
    (void)state;
    char field[] = "updated";
    source.cursor_field = field;
    check_cursor("[{\"id\":\"a\",\"reported\":\"2017-05-01\",\"updated\":\"2017-05-01\"}]",
                 "2017-05-01");
    // a slip in one item: all that lies before it would never be asked for
    check_cursor("[{\"id\":\"a\",\"reported\":\"2017-05-01\",\"updated\":\"9999-12-31\"}]",
                 "2017-01-01");
    check_cursor(
        "[{\"id\":\"a\",\"reported\":\"2017-05-01\",\"updated\":\"2024-03-02T11:00:00Z\"}]",
        "2017-01-01");
    check_cursor("[{\"id\":\"\",\"reported\":\"2017-05-01\",\"updated\":\"2017-05-01\"}]",
                 "2017-01-01");                                    // nothing of it was good
    check_cursor("{\"items\":[],\"updated\":\"2017-05-01\"}", ""); // no list: not taken at all
    source.cursor_field = NULL;
}

static void a_dry_run_writes_nothing(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct delivery *delivery = new_batch("[{\"id\":\"a\"},{\"id\":\"\"}]", start_ms, false);
    delivery->dry_run = true;
    commit_one(ledger, delivery);
    assert_int_equal(ledger_last_seq(ledger), 0);
    assert_int_equal(ledger_totals(ledger)->verdicts[VERDICT_REGISTERED], 0);
    assert_int_equal(ledger_totals(ledger)->verdicts[VERDICT_REFUSED], 0);
    ledger_close(ledger);
}

static int set_up(void **state) {
    (void)state;
    tables.municipalities = tables_municipalities();
    tables.categories = tables_categories();
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
        TEST(silence_and_return_are_events_once),
        TEST(what_a_page_could_not_give_is_quarantined_once),
        TEST(ids_that_are_safe_to_keep),
        TEST(one_source_does_not_fill_the_quarantine),
        TEST(the_cursor_moves_with_its_page),
        TEST(a_page_that_misleads_does_not_move_the_cursor),
        TEST(a_dry_run_writes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
