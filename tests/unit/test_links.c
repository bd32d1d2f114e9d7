// SPDX-License-Identifier: EUPL-1.2
// Signals about one person are linked, never merged: what the events say of it, how many persons
// are counted, and what is left when keys change or the ledger is opened anew.
#include "ingest/delivery.h"
#include "ledger/ledger.h"

#include "codec/event.h"
#include "core_tables.h"
#include "scratch.h"

enum { DAY = 86400000, WINDOW_DAYS = 100 };
static const int64_t start_ms = 1709204400000;

static char amsterdam[] = "amsterdam", coa[] = "coa";
static struct source list[] = {
    {.name = amsterdam, .kind = SOURCE_MUNICIPALITY, .municipality = 363},
    {.name = coa, .kind = SOURCE_COA},
};
static struct sources sources = {.list = list, .count = 2, .references = 1000000};
static struct tables tables = {.references = 1000000};

static struct ledger *open_with(const char *key_file, const char *previous_file) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 64 << 20,
                                     .topic = "signals",
                                     .person_key_file = key_file,
                                     .person_previous_key_file = previous_file,
                                     .window_ms = (int64_t)WINDOW_DAYS * DAY};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

// All in one group: a group's own signals are linked too.
static void deliver(struct ledger *ledger, struct source *source, const char *text, int64_t day) {
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 1000, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    struct delivery *delivery =
        delivery_create(&sources, source, &tables, DECODE_JSON, strdup(text), strlen(text));
    struct ledger_group group = {.tasks = &delivery->task};
    delivery->received_ms = start_ms + day * DAY;
    delivery_decode(delivery, &options);
    if (delivery->content.decoded.failed || delivery->content.fault_count)
        fail_msg("%s: %s", text,
                 delivery->content.fault_count ? delivery->content.faults[0].pointer : "broken");
    ledger_commit(ledger, &group, delivery->received_ms + 1);
    assert_int_equal(group.err.kind, ERR_NONE);
    ledger_apply(ledger, &group);
    ledger_group_free(&group);
    delivery_free(delivery);
}

static int64_t persons_of(const struct ledger *ledger) {
    static const struct counts_query all;
    struct counts_answer answer;
    counts_run(ledger_counts(ledger), ledger_persons(ledger), tables.municipalities, &all, &answer);
    free(answer.lines);
    return answer.persons;
}

static void expect_counts(const struct ledger *ledger, int64_t signals, int64_t persons) {
    assert_int_equal(counts_total(ledger_counts(ledger)), signals);
    assert_int_equal(persons_of(ledger), persons);
}

struct seen {
    char ours[DIGEST_HEX + 1];
    char event[EVENT_VALUE_MAX + 1];
};

static void copy_line(void *ctx, const struct ledger_event *line) {
    struct seen *seen = ctx;
    digest_to_hex(&line->entry.identity, seen->ours);
    (void)snprintf(seen->event, sizeof seen->event, "%.*s", (int)line->event.len, line->event.data);
}

static struct seen latest(struct ledger *ledger) {
    struct seen seen;
    assert_true(ledger_event_at(ledger, ledger_last_seq(ledger), copy_line, &seen));
    return seen;
}

// The last event names exactly these, in any order.
static void expect_linked(struct ledger *ledger, const struct seen *const *others, size_t count) {
    struct seen seen = latest(ledger);
    const char *linked = strstr(seen.event, "\"linked\":[");
    assert_non_null(linked);
    const char *end = strchr(linked, ']');
    size_t expected = strlen("\"linked\":[") + (count ? count * (DIGEST_HEX + 3) - 1 : 0);
    if ((size_t)(end - linked) != expected)
        fail_msg("%zu wanted: %s", count, linked);
    for (size_t i = 0; i < count; i++)
        if (!strstr(linked, others[i]->ours))
            fail_msg("%s not in %s", others[i]->ours, linked);
}

#define JAN "\"person\":{\"name\":\"Jan de Vries\",\"birthDate\":\"1990-05-17\"}"
#define JAN_V                                                                                      \
    "\"person\":{\"name\":\"Jan de "                                                               \
    "Vries\",\"birthDate\":\"1990-05-17\",\"vNumber\":\"2790123456\"}"
#define V "\"person\":{\"vNumber\":\"2790123456\"}"
#define PIET "\"person\":{\"name\":\"Piet de Vries\",\"birthDate\":\"1990-05-17\"}"

static void signals_about_one_person_are_linked(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 0);
    expect_linked(ledger, NULL, 0);
    struct seen a = latest(ledger);
    deliver(ledger, &list[1], "{\"id\":\"1\"," JAN_V "}", 1); // another source
    expect_linked(ledger, (const struct seen *[]){&a}, 1);
    struct seen b = latest(ledger);
    deliver(ledger, &list[1], "{\"id\":\"2\"," V "}", 2); // by its other attribute
    expect_linked(ledger, (const struct seen *[]){&a, &b}, 2);
    deliver(ledger, &list[0], "{\"id\":\"3\"," PIET "}", 2);
    expect_linked(ledger, NULL, 0);
    deliver(ledger, &list[0], "{\"id\":\"4\"}", 2);
    expect_counts(ledger, 5, 3);
    ledger_close(ledger);
    ledger = open_with(NULL, NULL);
    expect_counts(ledger, 5, 3);
    ledger_close(ledger);
}

static void signals_of_one_group_are_linked(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    deliver(ledger, &list[0],
            "[{\"id\":\"1\"," JAN "},{\"id\":\"2\"," JAN "},{\"id\":\"3\"," PIET "}]", 0);
    expect_counts(ledger, 3, 2);
    deliver(ledger, &list[0], "{\"id\":\"2\",\"withdrawn\":true}", 0);
    deliver(ledger, &list[0], "{\"id\":\"4\"," JAN "}", 0);
    deliver(ledger, &list[0], "{\"id\":\"4\"," PIET "}", 0);
    expect_counts(ledger, 3, 2);
    ledger_close(ledger);
}

static void corrections_and_withdrawals_change_links(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 0);
    struct seen a = latest(ledger);
    deliver(ledger, &list[0], "{\"id\":\"2\"," JAN "}", 0);
    struct seen b = latest(ledger);
    expect_counts(ledger, 2, 1);
    deliver(ledger, &list[0], "{\"id\":\"2\"," PIET "}", 1); // it was somebody else
    expect_linked(ledger, NULL, 0);
    expect_counts(ledger, 2, 2);
    deliver(ledger, &list[0], "{\"id\":\"2\"," JAN ",\"category\":\"gedwongen sekswerk\"}", 2);
    expect_linked(ledger, (const struct seen *[]){&a}, 1);
    expect_counts(ledger, 2, 1);
    deliver(ledger, &list[0], "{\"id\":\"1\",\"withdrawn\":true}", 3);
    expect_linked(ledger, NULL, 0);
    expect_counts(ledger, 1, 1);
    deliver(ledger, &list[0], "{\"id\":\"3\"," JAN "}", 3); // not with what is withdrawn
    expect_linked(ledger, (const struct seen *[]){&b}, 1);
    struct seen c = latest(ledger);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN ",\"category\":\"gedwongen sekswerk\"}",
            4); // it is back
    expect_linked(ledger, (const struct seen *[]){&b, &c}, 2);
    expect_counts(ledger, 3, 1);
    deliver(ledger, &list[0], "{\"id\":\"3\"}", 5); // its person is not said any more
    expect_counts(ledger, 3, 2);
    ledger_close(ledger);
    ledger = open_with(NULL, NULL);
    expect_counts(ledger, 3, 2);
    ledger_close(ledger);
}

static void a_v_number_decides_and_nothing_is_joined(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 0);
    deliver(ledger, &list[1], "{\"id\":\"1\"," V "}", 0);
    struct seen v = latest(ledger);
    expect_counts(ledger, 2, 2);
    deliver(ledger, &list[1], "{\"id\":\"2\"," JAN_V "}", 1); // says that they are one
    expect_linked(ledger, (const struct seen *[]){&v}, 1);
    expect_counts(ledger, 3, 2);
    ledger_close(ledger);
}

static void expire(struct ledger *ledger, int64_t day) {
    static const struct retention ages = {.identity_ms = (int64_t)WINDOW_DAYS * DAY,
                                          .quarantine_ms = INT64_MAX / 4,
                                          .unmapped_ms = INT64_MAX / 4,
                                          .audit_ms = INT64_MAX / 4,
                                          .cells_ms = INT64_MAX / 4};
    struct expire_task delivery = {.task.run = ledger_expire};
    struct ledger_group group = {.tasks = &delivery.task};
    delivery.retention = &ages;
    delivery.now_ms = start_ms + day * DAY;
    ledger_commit(ledger, &group, delivery.now_ms);
    assert_int_equal(group.err.kind, ERR_NONE);
    assert_false(delivery.more);
    ledger_apply(ledger, &group);
    ledger_group_free(&group);
}

static void a_person_is_linked_within_the_window(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 0);
    deliver(ledger, &list[0], "{\"id\":\"2\"," JAN "}", WINDOW_DAYS); // just
    expect_counts(ledger, 2, 1);
    struct seen second = latest(ledger);
    expire(ledger, 2 * WINDOW_DAYS);
    deliver(ledger, &list[0], "{\"id\":\"3\"," JAN "}", 2 * WINDOW_DAYS); // the first has gone
    expect_linked(ledger, (const struct seen *[]){&second}, 1);
    expect_counts(ledger, 3, 1); // and still counts as this person
    expire(ledger, 3 * WINDOW_DAYS + 1);
    deliver(ledger, &list[0], "{\"id\":\"4\"," JAN "}", 3 * WINDOW_DAYS + 1);
    expect_linked(ledger, NULL, 0);
    expect_counts(ledger, 4, 2);
    ledger_close(ledger);
}

static void keys_are_rotated(void **state) {
    (void)state;
    static const char *const names[] = {"one.key", "two.key", "three.key"};
    char paths[3][PATH_MAX];
    for (size_t i = 0; i < 3; i++) {
        char key[32];
        memset(key, 'a' + (int)i, sizeof key);
        scratch_write_bytes(names[i], key, sizeof key, 0600);
        (void)snprintf(paths[i], sizeof paths[i], "%s", scratch_path(names[i]));
    }
    struct ledger *ledger = open_with(paths[0], NULL);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 0);
    ledger_close(ledger);
    ledger = open_with(paths[1], paths[0]); // both hold
    deliver(ledger, &list[0], "{\"id\":\"2\"," JAN "}", 1);
    expect_counts(ledger, 2, 1);
    deliver(ledger, &list[0], "{\"id\":\"1\"," JAN "}", 1); // another key is no correction
    assert_int_equal(ledger_last_seq(ledger), 2);
    ledger_close(ledger);
    ledger = open_with(paths[1], NULL); // the old one is gone, the person came again since
    deliver(ledger, &list[0], "{\"id\":\"3\"," JAN "}", 2);
    expect_counts(ledger, 3, 1);
    ledger_close(ledger);
    ledger = open_with(paths[2], paths[0]); // the one between is not known any more
    deliver(ledger, &list[0], "{\"id\":\"4\"," JAN "}", 3);
    expect_counts(ledger, 4, 1); // by what the first key made
    ledger_close(ledger);
    ledger = open_with(paths[2], NULL);
    deliver(ledger, &list[0], "{\"id\":\"5\"," JAN "}", 4);
    expect_counts(ledger, 5, 1);
    ledger_close(ledger);
}

static void of_very_many_some_are_named(void **state) {
    (void)state;
    struct ledger *ledger = open_with(NULL, NULL);
    char text[128];
    for (int i = 0; i < EVENT_LINKED_MAX + 3; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":\"%d\"," JAN "}", i);
        deliver(ledger, &list[0], text, 0);
    }
    expect_counts(ledger, EVENT_LINKED_MAX + 3, 1);
    struct seen seen = latest(ledger);
    size_t named = 0;
    for (const char *at = strstr(seen.event, "\"linked\""); *at && *at != ']'; at++)
        named += *at == ',';
    assert_int_equal(named + 1, EVENT_LINKED_MAX);
    ledger_close(ledger);
}

static int set_up(void **state) {
    (void)state;
    assert_true(hash_init());
    return scratch_setup(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signals_about_one_person_are_linked, set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(signals_of_one_group_are_linked, set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(corrections_and_withdrawals_change_links, set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_v_number_decides_and_nothing_is_joined, set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_person_is_linked_within_the_window, set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(keys_are_rotated, set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(of_very_many_some_are_named, set_up, scratch_teardown),
    };
    tables.municipalities = tables_municipalities();
    tables.categories = tables_categories();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    municipalities_free(tables.municipalities);
    categories_free(tables.categories);
    return failed;
}
