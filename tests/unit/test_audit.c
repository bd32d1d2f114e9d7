// SPDX-License-Identifier: EUPL-1.2
// The chain of audit lines holds over commits, restarts and expiry, and a line says what it should.
#include "audit_rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void lines_are_chained_and_read_back(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    assert_int_equal(ledger_audit_last(ledger), 0);
    assert_whole(ledger, 1, 0);
    write_lines(ledger, 3);
    write_lines(ledger, 1);
    for (int reopened = 0; reopened < 2; reopened++) {
        assert_int_equal(ledger_audit_last(ledger), 4);
        assert_whole(ledger, 1, 4);
        for (uint64_t from = 0; from <= 4; from++)
            assert_reads(ledger, from, from ? from : 1, 4);
        assert_int_equal(read_all(ledger, 5).lines, 0);
        ledger_close(ledger);
        ledger = open_ledger();
    }
    write_lines(ledger, 2);
    assert_whole(ledger, 1, 6);
    assert_reads(ledger, 3, 3, 6);
    ledger_close(ledger);
}

// Killed as soon as the line was told to be on the disk; so the next one, which is the first that
// has one before it, is written by another daemon.
static void a_log_of_one_line_survives_a_kill(void **state) {
    (void)state;
    for (uint64_t lines = 1; lines <= 2; lines++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            write_lines(open_ledger(), 1);
            (void)kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct ledger *ledger = open_ledger();
        assert_int_equal(ledger_audit_last(ledger), lines);
        assert_whole(ledger, 1, lines);
        assert_reads(ledger, 1, 1, lines);
        ledger_close(ledger);
    }
}

// Who has the key can follow the chain by what the header says.
static void the_chain_is_what_it_is_said_to_be(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct digest mac = {{0}};
    write_lines(ledger, 3);
    for (uint64_t number = 1; number <= 3; number++) {
        char text[96], time[TIME_STAMP_MAX];
        const uint8_t bytes[8] = {(uint8_t)number};
        time_format_stamp(start_ms + (int64_t)number * DAY, time);
        (void)snprintf(text, sizeof text, "\"time\":\"%s\",\"action\":\"line %" PRIu64 "\"", time,
                       number);
        struct digest before = mac;
        const struct str parts[] = {{(const char *)before.bytes, DIGEST_BYTES},
                                    {(const char *)bytes, sizeof bytes},
                                    str_from(text)};
        hash_digest(ledger_identity_key(ledger), "audit", parts, COUNT(parts), &mac);
    }
    assert_true(digest_equal(&mac, ledger_audit_mac(ledger)));
    ledger_close(ledger);
}

// --- pieces, expiry ---

static void a_long_log_is_verified_in_pieces(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct audit_check_task at = {0};
    size_t pieces = 0;
    write_lines(ledger, 12000);
    do {
        at = verify_from(ledger, at);
        write_lines(ledger, 1); // it goes on meanwhile
        pieces++;
    } while (at.more);
    assert_true(pieces > 1 && pieces < 10);
    assert_int_equal(at.broken, 0);
    assert_int_equal(at.last, 12000 + pieces - 1);
    ledger_close(ledger);
    struct store_txn txn;
    struct store *store;
    tamper_begin(&store, &txn);
    change_byte(&txn, 11990, 20);
    tamper_end(store, &txn);
    ledger = open_ledger();
    assert_int_equal(verify(ledger).broken, 11990);
    ledger_close(ledger);
}

static const struct retention retention = {.identity_ms = 36500LL * DAY,
                                           .quarantine_ms = 36500LL * DAY,
                                           .unmapped_ms = 36500LL * DAY,
                                           .audit_ms = 100LL * DAY,
                                           .cells_ms = 36500LL * DAY};

// On the day on which line `number` is written.
static void expire(struct ledger *ledger, uint64_t number) {
    struct expire_place at = {0};
    bool more = true;
    while (more) {
        struct expire_task batch = {.task.run = ledger_expire};
        batch.retention = &retention;
        batch.now_ms = start_ms + (int64_t)number * DAY;
        batch.at = at;
        commit_group(ledger, &batch.task);
        at = batch.at;
        more = batch.more;
    }
}

static void what_expires_leaves_the_rest_whole(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    write_lines(ledger, 5000);
    expire(ledger, 100); // none is older
    assert_whole(ledger, 1, 5000);
    expire(ledger, 4100); // more than goes in a step
    for (int reopened = 0; reopened < 2; reopened++) {
        assert_whole(ledger, 4000, 5000);
        assert_reads(ledger, 1, 4000, 5000);
        ledger_close(ledger);
        ledger = open_ledger();
    }
    write_lines(ledger, 1);
    assert_whole(ledger, 4000, 5001);
    expire(ledger, 9000); // all of them
    struct digest last = *ledger_audit_mac(ledger);
    for (int reopened = 0; reopened < 2; reopened++) {
        assert_int_equal(read_all(ledger, 1).lines, 0);
        assert_int_equal(ledger_audit_last(ledger), 5001);
        assert_true(digest_equal(&last, ledger_audit_mac(ledger)));
        assert_whole(ledger, 5002, 5001);
        ledger_close(ledger);
        ledger = open_ledger();
    }
    write_lines(ledger, 2);
    assert_whole(ledger, 5002, 5003);
    assert_reads(ledger, 1, 5002, 5003);
    ledger_close(ledger);
}

static void lines_may_expire_while_it_is_verified(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    write_lines(ledger, 12000);
    struct audit_check_task at = verify_from(ledger, (struct audit_check_task){0});
    assert_true(at.more);
    expire(ledger, 9000);
    while (at.more)
        at = verify_from(ledger, at);
    assert_int_equal(at.broken, 0);
    assert_int_equal(at.first, 8900);
    ledger_close(ledger);
}

// A line whose time was changed does not keep those behind it.
static void changed_lines_expire_too(void **state) {
    (void)state;
    struct store_txn txn;
    struct store *store;
    struct ledger *ledger = open_ledger();
    write_lines(ledger, LINES);
    ledger_close(ledger);
    tamper_begin(&store, &txn);
    change_byte(&txn, 1, DIGEST_BYTES + 2);
    shorten(&txn); // 6
    tamper_end(store, &txn);
    ledger = open_ledger();
    assert_int_equal(verify(ledger).broken, 1);
    expire(ledger, 108);
    assert_whole(ledger, 8, LINES);
    ledger_close(ledger);
}

// --- writing through the pipeline ---

struct rig {
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    unsigned written;
    char texts[4][AUDIT_LINE_MAX + 1];
};

static void on_committed(void *ctx) {
    (void)ctx;
}

static void on_failed(void *ctx, const struct err *err) {
    (void)ctx;
    fail_msg("%s", err->text);
}

static void on_idle(void *ctx) {
    struct rig *rig = ctx;
    loop_stop(rig->loop);
}

static void on_written(void *ctx, bool written) {
    struct rig *rig = ctx;
    assert_true(written);
    rig->written++;
}

static bool keep_text(void *ctx, const struct ledger_audit_line *line) {
    struct rig *rig = ctx;
    assert_true(line->linked);
    memcpy(rig->texts[line->number - 1], line->text.data, line->text.len);
    return true;
}

static void write_objects(struct rig *rig, const struct str *objects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct audit_entry entry = {.actor = "uid:0 pid:4711",
                                          .origin = "socket",
                                          .action = "read counts",
                                          .object = objects[i],
                                          .result = "200"};
        audit_write(rig->pipeline, &entry, on_written, rig);
    }
    pipeline_when_idle(rig->pipeline, on_idle, rig);
    loop_run(rig->loop);
    assert_int_equal(rig->written, count);
    ledger_each_audited(rig->ledger, 1, keep_text, rig);
}

static void a_line_says_all_and_no_identifier(void **state) {
    (void)state;
    static struct rig rig;
    static char longest[AUDIT_OBJECT_MAX + 100];
    struct err err;
    memset(longest, 'z', sizeof longest);
    rig.loop = loop_create(&err);
    rig.ledger = open_ledger();
    const struct pipeline_options options = {.on_committed = on_committed, .on_failed = on_failed};
    rig.pipeline = pipeline_create(rig.loop, rig.ledger, &options);
    const struct str objects[] = {
        STR("by=province gender=Masculine"),
        STR("source=111222333 signal=a1b2c3d4e5f60718293a4b5c6d7e8f90"),
        // digests of files with ten digits in a row
        STR("config=ab1234567890cdef sources=0612345678abcdef note=0612345678"),
        {longest, sizeof longest},
    };
    write_objects(&rig, objects, COUNT(objects));
    static const char head[] = "\"time\":\"",
                      rest[] = "\",\"actor\":\"uid:0 pid:4711\",\"origin\":\"socket\","
                               "\"action\":\"read counts\",\"object\":\"by=province "
                               "gender=Masculine\",\"result\":\"200\"";
    assert_memory_equal(rig.texts[0], head, sizeof head - 1);
    assert_string_equal(rig.texts[0] + sizeof head - 1 + TIME_STAMP_MAX - 1, rest);
    assert_non_null(
        strstr(rig.texts[1], "\"source=xxxxxxxxx signal=a1b2c3d4e5f60718293a4b5c6d7e8f90\""));
    assert_non_null(strstr(rig.texts[2],
                           "\"config=ab1234567890cdef sources=0612345678abcdef note=xxxxxxxxxx\""));
    assert_int_equal(strspn(strstr(rig.texts[3], "\"object\":\"") + 10, "z"), AUDIT_OBJECT_MAX);
    assert_non_null(strstr(rig.texts[3], "\"result\":\"200\""));
    pipeline_free(rig.pipeline);
    ledger_close(rig.ledger);
    loop_free(rig.loop);
}

// Nor does one that was written while the clock was ahead.
static void lines_of_a_clock_that_was_ahead_expire_too(void **state) {
    (void)state;
    static const int days[] = {1, 7000, 7001, 3, 60};
    struct ledger *ledger = open_ledger();
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        struct audit_task *line = new_line(start_ms + (int64_t)days[i] * DAY, "x");
        commit_group(ledger, &line->task);
        free_line(line);
    }
    expire(ledger, 102);
    assert_whole(ledger, 2, 5);
    expire(ledger, 104);
    assert_whole(ledger, 5, 5);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(lines_are_chained_and_read_back),
        LEDGER_TEST(a_log_of_one_line_survives_a_kill),
        LEDGER_TEST(the_chain_is_what_it_is_said_to_be),
        LEDGER_TEST(a_long_log_is_verified_in_pieces),
        LEDGER_TEST(what_expires_leaves_the_rest_whole),
        LEDGER_TEST(lines_may_expire_while_it_is_verified),
        LEDGER_TEST(changed_lines_expire_too),
        LEDGER_TEST(lines_of_a_clock_that_was_ahead_expire_too),
        LEDGER_TEST(a_line_says_all_and_no_identifier),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
