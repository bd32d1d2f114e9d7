// SPDX-License-Identifier: EUPL-1.2
// Golden tests: tests/golden/x.ndjson, a signal a line as a source delivers it, and
// tests/golden/x.events, the events that must come of it, to the letter. With UPDATE_GOLDEN=1 the
// second is written anew: then read the difference.
#include "ingest/delivery.h"
#include "ledger/ledger.h"

#include "codec/event.h"
#include "core_tables.h"
#include "scratch.h"

#include <glob.h>

static const struct event_issuer issuer = {"00000099000000001000", EVENT_TYPE_PREFIX,
                                           EVENT_REGULATION};

static const int64_t received_ms = 1709204400000; // 2024-02-29T11:00:00Z

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363};

static void put_verdicts(struct buf *out, const struct delivery *delivery) {
    for (size_t i = 0; i < delivery->content.item_count; i++) {
        const struct page_item *item = &delivery->content.items[i];
        buf_printf(out, "# %s", verdict_name(item->verdict));
        for (uint32_t k = 0; k < item->fault_count; k++)
            buf_printf(out, " %s:%s", delivery->content.faults[item->fault_first + k].pointer,
                       fault_code_name(delivery->content.faults[item->fault_first + k].code));
        buf_putc(out, '\n');
    }
}

static bool put_event(void *ctx, const struct ledger_event *line) {
    event_put_json(ctx, &line->entry, &issuer, line->event);
    buf_putc(ctx, '\n');
    return true;
}

// Each line is a commit of its own.
static void deliver(struct ledger *ledger, struct tables *tables, struct str line,
                    struct buf *out) {
    struct sources sources = {.list = &source, .count = 1, .references = 100};
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 10, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    struct delivery *delivery =
        delivery_create(&sources, &source, tables, DECODE_NDJSON, malloc(line.len + 1), line.len);
    memcpy(delivery->body, line.data, line.len);
    delivery->received_ms = received_ms;
    delivery_decode(delivery, &options);
    struct ledger_group group = {.tasks = &delivery->task};
    uint64_t before = ledger_last_seq(ledger);
    ledger_commit(ledger, &group, received_ms + 1);
    assert_int_equal(group.err.kind, ERR_NONE);
    ledger_apply(ledger, &group);
    put_verdicts(out, delivery);
    ledger_each_event(ledger, before + 1, 10, put_event, out);
    ledger_group_free(&group);
    delivery_free(delivery);
}

static void run(struct tables *tables, const char *path) {
    char state[PATH_MAX], expected_path[PATH_MAX];
    struct buf input, got, expected;
    struct err err;
    static const char key[] = "key of the golden tests, 32 byte";
    (void)snprintf(state, sizeof state, "%s", scratch_path("state"));
    assert_int_equal(mkdir(state, 0700), 0);
    scratch_write_bytes("state/identity.key", key, 32, 0600);
    scratch_write_bytes("state/person.key", key, 32, 0600);
    struct ledger_options options = {
        .dir = state, .bytes_max = 16 << 20, .topic = "signals", .window_ms = INT64_MAX / 2};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    assert_true(str_read_file(path, 1 << 20, &input, &err));
    buf_init(&got, 1 << 20);
    struct str rest = buf_str(&input), line;
    while (str_split(&rest, '\n', &line))
        if (line.len)
            deliver(ledger, tables, line, &got);
    ledger_close(ledger);
    (void)snprintf(expected_path, sizeof expected_path, "%.*s.events", (int)(strlen(path) - 7),
                   path);
    if (getenv("UPDATE_GOLDEN")) {
        FILE *f = fopen(expected_path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got.data, 1, got.len, f), got.len);
        assert_int_equal(fclose(f), 0);
    }
    assert_true(str_read_file(expected_path, 1 << 20, &expected, &err));
    buf_putc(&got, '\0');
    buf_putc(&expected, '\0');
    assert_string_equal(got.data, expected.data);
    buf_free(&input);
    buf_free(&got);
    buf_free(&expected);
}

static void events_are_as_written_down(void **state) {
    (void)state;
    struct tables tables = {.municipalities = tables_municipalities(),
                            .categories = tables_categories(),
                            .allowlist = tables_display_allowlist(),
                            .references = 100};
    glob_t files;
    assert_int_equal(glob(SOURCE_DIR "/tests/golden/*.ndjson", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        print_message("%s\n", strrchr(files.gl_pathv[i], '/') + 1);
        assert_int_equal(scratch_setup(state), 0);
        run(&tables, files.gl_pathv[i]);
        assert_int_equal(scratch_teardown(state), 0);
    }
    globfree(&files);
    municipalities_free(tables.municipalities);
    categories_free(tables.categories);
    allowlist_free(tables.allowlist);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(events_are_as_written_down)};
    if (!hash_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
