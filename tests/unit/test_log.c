// SPDX-License-Identifier: EUPL-1.2
// What a caller lets slip does not get into the log or into a problem; our own numbers stay.
#include "base/pii/log.h"

#include "api/problem.h"

#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

enum { READ_MAX = 4096 };

static int saved = -1, reading = -1;

// From here on what is logged comes out of `reading`.
static void catch_stderr(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    reading = ends[0];
}

static size_t caught(char *out) {
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    ssize_t n = read(reading, out, READ_MAX - 1);
    (void)close(reading);
    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static void expect_line(const char *text, const char *line) {
    char out[READ_MAX];
    catch_stderr();
    log_notice("%s", text);
    (void)caught(out);
    assert_string_equal(out, line);
}

static void identifiers_are_masked(void **state) {
    (void)state;
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"source is silent", "<5>source is silent\n"},
        {"bad id 123456782 here", "<5>bad id xxxxxxxxx here\n"},
        {"reason=\"jan@voorbeeld.nl 06-12345678\"", "<5>reason=\"xxx@xxxxxxxxx.xx xx-xxxxxxxx\"\n"},
        {"a\n<3>forged GX-742-H", "<5>a <3>forged xx-xxx-x\n"},
        {"123456782", "<5>xxxxxxxxx\n"}, // the priority is not part of it
        {"port=8080 listen=127.0.0.1:8080", "<5>port=8080 listen=127.0.0.1:8080\n"},
        {"source=gm0193-zwolle days=30", "<5>source=gm0193-zwolle days=30\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_line(cases[i].text, cases[i].line);
}

static void our_own_numbers_stay(void **state) {
    (void)state;
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"started lines=123456782 waiting=0612345678",
         "<5>started lines=123456782 waiting=0612345678\n"},
        {"seq=123456782 id 123456782", "<5>seq=123456782 id xxxxxxxxx\n"},
        {"reason=\"id=123456782\" seq=123456782", "<5>reason=\"id=xxxxxxxxx\" seq=123456782\n"},
        {"a=123456782@voorbeeld.nl", "<5>a=xxxxxxxxx@xxxxxxxxx.xx\n"}, // not a number alone
        {"a=123456782,b", "<5>a=xxxxxxxxx,b\n"},
        {"a=x123456782", "<5>a=xxxxxxxxxx\n"},
        {"a= 123456782", "<5>a= xxxxxxxxx\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_line(cases[i].text, cases[i].line);
}

// A long line is cut; half an identifier is one still.
static void the_cut_does_not_bare_one(void **state) {
    (void)state;
    enum { LINE = 1024 };
    for (size_t lead = LINE - 40; lead < LINE + 200; lead++) {
        char text[LINE * 2], out[READ_MAX];
        memset(text, '.', sizeof text);
        memcpy(text + lead, "jan.jansen@voorbeeld.nl", 23);
        text[sizeof text - 1] = '\0';
        catch_stderr();
        log_notice("%s", text);
        size_t len = caught(out);
        assert_int_equal(len, LINE);
        assert_int_equal(out[len - 1], '\n');
        for (size_t i = 3; i < len - 1; i++)
            assert_true(out[i] == '.' || out[i] == 'x' || out[i] == '@');
    }
}

static void levels_hold(void **state) {
    (void)state;
    char out[READ_MAX];
    catch_stderr();
    log_info("unheard");
    log_set_level(LOG_LEVEL_INFO);
    log_info("heard n=%d", 5);
    log_set_level(LOG_LEVEL_NOTICE);
    (void)caught(out);
    assert_string_equal(out, "<6>heard n=5\n");
}

static struct {
    enum log_level level;
    const struct alarm_entry *alarm;
    char line[READ_MAX];
    bool fails;
} written;

static bool write_line(enum log_level level, const struct alarm_entry *alarm, struct str line) {
    written.level = level;
    written.alarm = alarm;
    (void)snprintf(written.line, sizeof written.line, "%.*s", (int)line.len, line.data);
    return !written.fails;
}

static void an_alarm_has_its_code(void **state) {
    (void)state;
    char out[READ_MAX];
    uint64_t before = log_alarm_count(ALARM_NO_ROOM), others = log_alarm_count(ALARM_KAFKA);
    catch_stderr();
    log_alarm(ALARM_NO_ROOM, "senders get 429 reason=\"%s\"", "GX-742-H");
    (void)caught(out);
    assert_string_equal(out, "<3>[S021] senders get 429 reason=\"xx-xxx-x\"\n");
    assert_int_equal(log_alarm_count(ALARM_NO_ROOM), before + 1);
    assert_int_equal(log_alarm_count(ALARM_KAFKA), others);
}

// Below the level that is shown it is counted all the same.
static void what_is_not_shown_is_counted(void **state) {
    (void)state;
    char out[READ_MAX];
    uint64_t before = log_alarm_count(ALARM_KAFKA);
    log_set_level(LOG_LEVEL_ERROR);
    catch_stderr();
    log_alarm(ALARM_KAFKA, "kafka topic=x");
    size_t len = caught(out);
    log_set_level(LOG_LEVEL_NOTICE);
    assert_int_equal(len, 0);
    assert_int_equal(log_alarm_count(ALARM_KAFKA), before + 1);
}

static void a_writer_gets_lines_or_stderr_does(void **state) {
    (void)state;
    char out[READ_MAX];
    log_set_writer(write_line);
    catch_stderr();
    log_alarm(ALARM_KAFKA, "kafka topic=%d", 1);
    assert_ptr_equal(written.alarm, &alarms[ALARM_KAFKA]);
    assert_int_equal(written.level, LOG_LEVEL_WARNING);
    assert_string_equal(written.line, "[S030] kafka topic=1");
    log_notice("started");
    assert_null(written.alarm);
    assert_string_equal(written.line, "started");
    written.fails = true;
    log_notice("to stderr");
    log_set_writer(NULL);
    (void)caught(out);
    assert_string_equal(out, "<5>to stderr\n");
}

static void a_problem_does_not_tell_either(void **state) {
    (void)state;
    struct http_reply reply = {0};
    problem_fill(&reply, 400, "sources.csv:3: tokens: jan@voorbeeld.nl, 06-12345678");
    buf_putc(&reply.body, '\0');
    assert_non_null(strstr(reply.body.data,
                           "\"detail\":\"sources.csv:3: tokens: xxx@xxxxxxxxx.xx, xx-xxxxxxxx\""));
    buf_free(&reply.body);
    reply = (struct http_reply){0};
    problem_fill_faults(&reply, NULL, NULL, 0, "BSN 123456782");
    buf_putc(&reply.body, '\0');
    assert_non_null(strstr(reply.body.data, "\"detail\":\"BSN xxxxxxxxx\""));
    buf_free(&reply.body);
    reply = (struct http_reply){0};
    problem_fill(&reply, 429, NULL); // standard sentences are as they were
    buf_putc(&reply.body, '\0');
    assert_non_null(strstr(reply.body.data, "Too much is waiting here. Nothing was accepted;"));
    buf_free(&reply.body);
}

static bool is_plate(void *ctx, struct str name) {
    return str_is(name, ctx);
}

// A name that the operator gave is ours; what only looks like one is not.
static void names_of_sources_stay(void **state) {
    (void)state;
    static char name[] = "GX-742-H";
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"feed fails source=GX-742-H reason=\"GX-742-H\"",
         "<5>feed fails source=GX-742-H reason=\"xx-xxx-x\"\n"},
        {"source=GX-742-J days=3", "<5>source=xx-xxx-x days=3\n"},
        {"GX-742-H", "<5>xx-xxx-x\n"},
        {"resource=GX-742-H", "<5>resource=xx-xxx-x\n"},
        {"source=GX-742-H,123456782", "<5>source=xx-xxx-x,xxxxxxxxx\n"},
        {"one source=GX-742-H", "<5>one source=GX-742-H\n"},
    };
    expect_line("source=GX-742-H", "<5>source=xx-xxx-x\n");
    log_set_names(is_plate, name);
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_line(cases[i].text, cases[i].line);
    log_set_names(NULL, NULL);
    expect_line("source=GX-742-H", "<5>source=xx-xxx-x\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_masked),
        cmocka_unit_test(names_of_sources_stay),
        cmocka_unit_test(our_own_numbers_stay),
        cmocka_unit_test(the_cut_does_not_bare_one),
        cmocka_unit_test(levels_hold),
        cmocka_unit_test(an_alarm_has_its_code),
        cmocka_unit_test(what_is_not_shown_is_counted),
        cmocka_unit_test(a_writer_gets_lines_or_stderr_does),
        cmocka_unit_test(a_problem_does_not_tell_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
