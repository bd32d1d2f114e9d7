// SPDX-License-Identifier: EUPL-1.2
#include "core/judge.h"

#include "unit.h"

static const struct judge_origin origin = {
    .source = {"amsterdam", 9}, .received_ms = 1000, .logged_ms = 1001};

static struct signal signal_with(uint8_t content, bool withdrawn) {
    struct signal signal = {.withdrawn = withdrawn,
                            .id = "x",
                            .id_len = 1,
                            .reported = 17000,
                            .occurred = TIME_DAY_NONE,
                            .cell = {.municipality = 363, .categories = 1, .month = content}};
    memset(signal.identity.bytes, 5, DIGEST_BYTES);
    memset(signal.content.bytes, content, DIGEST_BYTES);
    return signal;
}

// The life of a signal as a word of steps: capital letters are contents, '-' is "withdrawn". The
// expected verdicts: r registered, d duplicate, c corrected, w withdrawn.
static void a_life_has_these_verdicts(void **state) {
    (void)state;
    static const struct {
        const char *steps, *verdicts;
        uint32_t version;
        bool counts;
    } lives[] = {
        {"A", "r", 1, true},        {"AA", "rd", 1, true},      {"AB", "rc", 2, true},
        {"ABA", "rcc", 3, true},    {"ABB", "rcd", 2, true},    {"A-", "rw", 2, false},
        {"A--", "rwd", 2, false},   {"A-A", "rwd", 2, false},   {"A-B", "rwc", 3, true},
        {"A-BB", "rwcd", 3, true},  {"A-B-", "rwcw", 4, false}, {"-", "w", 1, false},
        {"--", "wd", 1, false},     {"-A", "wc", 2, true},      {"AB-A", "rcwc", 4, true},
        {"AB-B", "rcwd", 3, false},
    };
    static const char letters[] = {[VERDICT_REGISTERED] = 'r',
                                   [VERDICT_DUPLICATE] = 'd',
                                   [VERDICT_CORRECTED] = 'c',
                                   [VERDICT_WITHDRAWN] = 'w',
                                   [VERDICT_REFUSED] = 'x'};
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct ledger_row known = {0}, row;
        bool seen = false;
        for (size_t k = 0; lives[i].steps[k]; k++) {
            char step = lives[i].steps[k];
            struct signal signal = signal_with((uint8_t)step, step == '-');
            enum verdict verdict = judge_signal(seen ? &known : NULL, &signal);
            if (letters[verdict] != lives[i].verdicts[k])
                fail_msg("life %s step %zu: %c", lives[i].steps, k, letters[verdict]);
            if (verdict == VERDICT_DUPLICATE)
                continue;
            judge_row(seen ? &known : NULL, &signal, verdict, known.seq + 1, &origin, &row);
            known = row;
            seen = true;
        }
        assert_int_equal(known.version, lives[i].version);
        assert_int_equal(known.counts, lives[i].counts);
    }
}

static void a_system_that_tells_states_may_take_a_withdrawal_back(void **state) {
    (void)state;
    struct signal signal = signal_with('A', false), gone = signal_with('?', true);
    struct ledger_row a, b;
    judge_row(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &a);
    judge_row(&a, &gone, VERDICT_WITHDRAWN, 2, &origin, &b);
    assert_int_equal(judge_signal(&b, &signal), VERDICT_DUPLICATE);
    signal.stands = true;
    assert_int_equal(judge_signal(&a, &signal), VERDICT_DUPLICATE);
    assert_int_equal(judge_signal(&b, &signal), VERDICT_CORRECTED);
}

static void versions_are_chained_and_keep_their_key(void **state) {
    (void)state;
    struct signal first = signal_with('A', false), second = signal_with('B', false);
    struct ledger_row a, b;
    second.cell.municipality = 599;
    judge_row(NULL, &first, VERDICT_REGISTERED, 7, &origin, &a);
    judge_row(&a, &second, VERDICT_CORRECTED, 9, &origin, &b);
    assert_int_equal(a.first, 7);
    assert_int_equal(a.previous, 0);
    assert_int_equal(b.first, 7);
    assert_int_equal(b.previous, 7);
    assert_int_equal(b.cell.municipality, 599);
    assert_int_equal(b.key_municipality, 363); // all versions stay in the first one's partition
    assert_int_equal(b.logged_ms, 1001);
    assert_string_equal(b.source, "amsterdam");
}

static void a_withdrawal_keeps_what_the_counts_lose(void **state) {
    (void)state;
    struct signal signal = signal_with('A', false), gone = signal_with('?', true);
    struct ledger_row a, b;
    judge_row(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &a);
    judge_row(&a, &gone, VERDICT_WITHDRAWN, 2, &origin, &b);
    assert_memory_equal(&b.cell, &a.cell, sizeof a.cell);
    assert_true(digest_equal(&b.content, &a.content));
    assert_int_equal(b.reported, a.reported);
    judge_row(NULL, &gone, VERDICT_WITHDRAWN, 1, &origin, &b);
    assert_int_equal(b.cell.municipality, 0);
    assert_int_equal(b.reported, TIME_DAY_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_has_these_verdicts),
        cmocka_unit_test(a_system_that_tells_states_may_take_a_withdrawal_back),
        cmocka_unit_test(versions_are_chained_and_keep_their_key),
        cmocka_unit_test(a_withdrawal_keeps_what_the_counts_lose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
