// SPDX-License-Identifier: EUPL-1.2
// What may go at once from a list that has all there is, and that the pieces of a long list come to
// the same as one.
#include "base/index.h"
#include "ingest/delivery.h"
#include "ledger/ledger.h"

#include "core_tables.h"
#include "scratch.h"

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363, .complete = true};
static struct sources sources = {.list = &source, .count = 1, .references = 1000000};
static struct tables tables = {.references = 1000000};

static void the_guard(void **state) {
    (void)state;
    static const struct {
        uint64_t listed, gone, seen, allowed;
        bool likely;
    } cases[] = {
        {100, 20, 80, 0, true},
        {100, 21, 79, 0, false},
        {100, 21, 79, 21, true},
        {100, 21, 79, 20, false},
        {10, 5, 5, 0, true},
        {10, 6, 4, 0, false},
        {6, 5, 1, 0, true},
        {1, 1, 0, 0, false},
        {1, 1, 0, 1, true},
        {5, 5, 0, 0, false},
        {5, 5, 1, 0, true},
        {1000000, 200000, 1, 0, true},
        {29, 5, 24, 0, true},
        {29, 6, 23, 0, false},
        {30, 6, 24, 0, true},
        {1000000, 1, 0, 0, false},
        {1000000, 200001, 1, 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (ledger_absence_is_likely(cases[i].listed, cases[i].gone, cases[i].seen,
                                     cases[i].allowed) != cases[i].likely)
            fail_msg("case %zu", i);
}

static void commit(struct ledger *ledger, struct commit_task *task) {
    struct ledger_group group = {.tasks = task};
    ledger_commit(ledger, &group, 1709204400000);
    assert_int_equal(group.err.kind, ERR_NONE);
    ledger_apply(ledger, &group);
    ledger_group_free(&group);
}

static void put_id(char id[24], unsigned n) {
    (void)snprintf(id, 24, "2017-%06u", n);
}

// A page of signals from `first` to before `end`.
static void poll_page(struct ledger *ledger, unsigned first, unsigned end) {
    const struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 100000, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    struct buf body;
    buf_init(&body, 16 << 20);
    for (unsigned n = first; n < end; n++) {
        char id[24];
        put_id(id, n);
        buf_printf(&body, "%s{\"id\":\"%s\",\"reported\":\"2017-03-05\"}", n == first ? "[" : ",",
                   id);
    }
    buf_putc(&body, ']');
    size_t len = body.len;
    struct delivery *delivery =
        delivery_create(&sources, &source, &tables, DECODE_JSON, buf_take(&body), len);
    delivery->received_ms = 1709204400000;
    delivery_set_polled(delivery, &(struct feed_record){.listed = true});
    delivery_decode(delivery, &options);
    do
        commit(ledger, &delivery->task);
    while (delivery->task.more);
    delivery_free(delivery);
}

// A whole poll that saw all from `first` to before `end`; returns how many pieces that took.
static unsigned take(struct ledger *ledger, unsigned first, unsigned end,
                     struct absence_task *task) {
    struct index *seen = index_create();
    for (unsigned n = first; n < end; n++) {
        struct digest identity;
        char id[24];
        put_id(id, n);
        normalise_identity(ledger_identity_key(ledger), STR("amsterdam"), str_from(id), &identity);
        index_put(seen, &identity, 1);
    }
    static const struct feed_record validators = {.etag = "\"v1\""};
    *task = (struct absence_task){.task.run = ledger_take_absence,
                                  .source = &source,
                                  .tables = &tables,
                                  .seen = seen,
                                  .received_ms = 1709204400000,
                                  .feed = &validators};
    unsigned pieces = 0;
    do {
        commit(ledger, &task->task);
        pieces++;
    } while (task->task.more);
    index_free(seen);
    return pieces;
}

static void a_long_list(void **state) {
    (void)state;
    enum { ALL = 12000, LEFT = 9700 };
    struct absence_task task;
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 256 << 20, .topic = "signals"};
    struct ledger *ledger = ledger_open(&options, &err);
    assert_non_null(ledger);
    poll_page(ledger, 0, ALL);
    assert_true(take(ledger, 0, ALL, &task) > 2);
    assert_string_equal(task.known.etag, "\"v1\"");
    assert_true(task.known.listed);
    (void)take(ledger, 0, LEFT, &task);
    assert_int_equal(task.known.missing, ALL - LEFT);
    assert_string_equal(task.known.etag, ""); // the next poll has to read it again
    assert_int_equal(task.withdrawn, 0);
    assert_true(take(ledger, 0, LEFT, &task) > 5);
    assert_int_equal(task.withdrawn, ALL - LEFT);
    assert_int_equal(task.known.missing + task.known.gone, 0);
    assert_int_equal(counts_total(ledger_counts(ledger)), LEFT);
    (void)take(ledger, 0, LEFT, &task);
    assert_int_equal(task.withdrawn, 0);
    assert_string_equal(task.known.etag, "\"v1\"");
    ledger_close(ledger);
    ledger = ledger_open(&options, &err); // memory is what a restart finds
    assert_non_null(ledger);
    assert_int_equal(counts_total(ledger_counts(ledger)), LEFT);
    (void)take(ledger, 5000, LEFT, &task);
    (void)take(ledger, 5000, LEFT, &task);
    assert_int_equal(task.known.gone, 5000);
    assert_int_equal(counts_total(ledger_counts(ledger)), LEFT);
    struct source_task let_go = {.task.run = ledger_change_source, .what = SOURCE_LET_GO};
    memcpy(let_go.source, source_name, sizeof source_name);
    commit(ledger, &let_go.task);
    (void)take(ledger, 5001, LEFT, &task);
    assert_int_equal(task.withdrawn, 5000); // one more is missing now, which the next poll tells
    assert_int_equal(task.known.missing, 1);
    assert_int_equal(task.known.gone, 0);
    (void)take(ledger, LEFT, LEFT, &task);
    (void)take(ledger, LEFT, LEFT, &task);
    assert_int_equal(task.known.gone, LEFT - 5000); // let go once is not for ever
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard),
        cmocka_unit_test_setup_teardown(a_long_list, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
