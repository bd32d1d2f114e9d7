// SPDX-License-Identifier: EUPL-1.2
#include "core/signal/dedup.h"

#include "unit.h"

static const struct dedup_origin origin = {
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

// The life of a signal as a word of steps: capital letters are contents, '-' is "withdrawn", '_' is
// gone, '/' is left out. The expected verdicts: r registered, d duplicate, c corrected, w
// withdrawn.
static void a_life_has_these_verdicts(void **state) {
    (void)state;
    static const struct {
        const char *steps, *verdicts;
        uint32_t version;
        bool counts;
    } lives[] = {
        {"A", "r", 1, true},          {"AA", "rd", 1, true},      {"AB", "rc", 2, true},
        {"ABA", "rcc", 3, true},      {"ABB", "rcd", 2, true},    {"A-", "rw", 2, false},
        {"A--", "rwd", 2, false},     {"A-A", "rwd", 2, false},   {"A-B", "rwc", 3, true},
        {"A-BB", "rwcd", 3, true},    {"A-B-", "rwcw", 4, false}, {"-", "w", 1, false},
        {"--", "wd", 1, false},       {"-A", "wc", 2, true},      {"AB-A", "rcwc", 4, true},
        {"AB-B", "rcwd", 3, false},   {"A_", "rw", 2, false},     {"A_A", "rwc", 3, true},
        {"A_B", "rwc", 3, true},      {"A__", "rwd", 2, false},   {"A_-A", "rwdc", 3, true},
        {"A-_", "rwd", 2, false},     {"A-_A", "rwdd", 2, false}, {"A/A", "rwc", 3, true},
        {"A/_A/", "rwdcw", 4, false},
    };
    static const char letters[] = {[VERDICT_REGISTERED] = 'r',
                                   [VERDICT_DUPLICATE] = 'd',
                                   [VERDICT_CORRECTED] = 'c',
                                   [VERDICT_WITHDRAWN] = 'w',
                                   [VERDICT_REFUSED] = 'x'};
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct ledger_entry known = {0}, entry;
        bool seen = false;
        for (size_t k = 0; lives[i].steps[k]; k++) {
            char step = lives[i].steps[k];
            struct signal signal = signal_with((uint8_t)step, step < 'A' || step == '_');
            signal.how = step == '_'   ? WITHDRAWN_GONE
                         : step == '/' ? WITHDRAWN_LEFT_OUT
                                       : WITHDRAWN_SAID;
            enum verdict verdict = dedup_classify(seen ? &known : NULL, &signal);
            if (letters[verdict] != lives[i].verdicts[k])
                fail_msg("life %s step %zu: %c", lives[i].steps, k, letters[verdict]);
            if (verdict == VERDICT_DUPLICATE)
                continue;
            dedup_entry(seen ? &known : NULL, &signal, verdict, known.seq + 1, &origin, &entry);
            known = entry;
            seen = true;
        }
        assert_int_equal(known.version, lives[i].version);
        assert_int_equal(known.counts, lives[i].counts);
    }
}

static void a_system_that_tells_states_may_take_a_withdrawal_back(void **state) {
    (void)state;
    struct signal signal = signal_with('A', false), gone = signal_with('?', true);
    struct ledger_entry a, b;
    dedup_entry(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &a);
    dedup_entry(&a, &gone, VERDICT_WITHDRAWN, 2, &origin, &b);
    assert_int_equal(dedup_classify(&b, &signal), VERDICT_DUPLICATE);
    signal.stands = true;
    assert_int_equal(dedup_classify(&a, &signal), VERDICT_DUPLICATE);
    assert_int_equal(dedup_classify(&b, &signal), VERDICT_CORRECTED);
}

// What is gone may come back as it was, so its time is not moved.
static void absence_has_no_time(void **state) {
    (void)state;
    const struct dedup_origin late = {.source = {"amsterdam", 9}, .received_ms = 900000000};
    struct signal signal = signal_with('A', false), gone = signal_with('?', true);
    struct ledger_entry a, b;
    signal.updated_ms = signal.updated_upto_ms = 5000;
    dedup_entry(NULL, &signal, VERDICT_REGISTERED, 1, &late, &a);
    dedup_entry(&a, &gone, VERDICT_WITHDRAWN, 2, &late, &b);
    assert_true(b.updated_ms > 5000);
    assert_int_equal(dedup_classify(&b, &signal), VERDICT_DUPLICATE);
    gone.how = WITHDRAWN_GONE;
    dedup_entry(&a, &gone, VERDICT_WITHDRAWN, 2, &late, &b);
    assert_int_equal(b.updated_ms, 5000);
    assert_int_equal(dedup_classify(&b, &signal), VERDICT_CORRECTED);
}

static void versions_are_chained_and_keep_their_key(void **state) {
    (void)state;
    struct signal first = signal_with('A', false), second = signal_with('B', false);
    struct ledger_entry a, b;
    second.cell.municipality = 599;
    dedup_entry(NULL, &first, VERDICT_REGISTERED, 7, &origin, &a);
    dedup_entry(&a, &second, VERDICT_CORRECTED, 9, &origin, &b);
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
    struct ledger_entry a, b;
    dedup_entry(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &a);
    dedup_entry(&a, &gone, VERDICT_WITHDRAWN, 2, &origin, &b);
    assert_memory_equal(&b.cell, &a.cell, sizeof a.cell);
    assert_true(digest_equal(&b.content, &a.content));
    assert_int_equal(b.reported, a.reported);
    dedup_entry(NULL, &gone, VERDICT_WITHDRAWN, 1, &origin, &b);
    assert_int_equal(b.cell.municipality, 0);
    assert_int_equal(b.reported, TIME_DAY_NONE);
}

// `updated` in hours from now, 0 not said; the verdict each brings after what stands before it.
static void the_newer_state_stays(void **state) {
    (void)state;
    enum { HOUR = 3600000 };
    static const struct {
        const char *steps;
        int64_t updated[4];
        const char *verdicts;
    } lives[] = {
        {"BA", {-1, -2}, "rd"},       // the correction came first, by a faster way
        {"BA", {-2, -1}, "rc"},       // in order
        {"BA", {-1, -1}, "rc"},       // nobody can tell: the last one stays
        {"BA", {-1, 0}, "rc"},        // one that does not say is the newest
        {"BAC", {-2, 0, -3}, "rcd"},  // and it does not make what is older new
        {"BAC", {-3, 0, -2}, "rcc"},  //
        {"-A", {0, -2}, "wd"},        // withdrawn before it came
        {"-A", {0, 1}, "wc"},         // made anew after that
        {"-A", {0, 0}, "wc"},         //
        {"-A", {-2, -1}, "wc"},       // the withdrawal itself says when
        {"A-A", {-3, -2, -3}, "rwd"}, //
        {"A-B", {-3, -1, -2}, "rwd"}, //
        {"A-B", {-3, -2, -1}, "rwc"}, //
        {"AB-", {-3, -2, -4}, "rcd"}, // an old withdrawal of what was changed since
    };
    static const char letters[VERDICT_COUNT] = {[VERDICT_REGISTERED] = 'r',
                                                [VERDICT_DUPLICATE] = 'd',
                                                [VERDICT_CORRECTED] = 'c',
                                                [VERDICT_WITHDRAWN] = 'w'};
    const struct dedup_origin now = {.source = STR("amsterdam"), .received_ms = 1000LL * HOUR};
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct ledger_entry known = {0}, entry;
        for (size_t k = 0; lives[i].steps[k]; k++) {
            char step = lives[i].steps[k];
            struct signal signal = signal_with((uint8_t)step, step == '-');
            if (lives[i].updated[k])
                signal.updated_ms = signal.updated_upto_ms =
                    now.received_ms + lives[i].updated[k] * HOUR;
            enum verdict verdict = dedup_classify(known.seq ? &known : NULL, &signal);
            if (letters[verdict] != lives[i].verdicts[k])
                fail_msg("life %zu (%s) step %zu: %c", i, lives[i].steps, k, letters[verdict]);
            if (verdict == VERDICT_DUPLICATE)
                continue;
            dedup_entry(known.seq ? &known : NULL, &signal, verdict, known.seq + 1, &now, &entry);
            known = entry;
        }
    }
}

static void a_day_is_any_time_of_it(void **state) {
    (void)state;
    struct signal day = signal_with('A', false), time = signal_with('B', false);
    struct ledger_entry known;
    day.updated_ms = 1000;
    day.updated_upto_ms = 1999;
    time.updated_ms = time.updated_upto_ms = 1500;
    dedup_entry(NULL, &day, VERDICT_REGISTERED, 1, &origin, &known);
    assert_int_equal(dedup_classify(&known, &time), VERDICT_CORRECTED);
    dedup_entry(NULL, &time, VERDICT_REGISTERED, 1, &origin, &known);
    assert_int_equal(dedup_classify(&known, &day), VERDICT_CORRECTED);
    time.updated_ms = time.updated_upto_ms = 2000;
    dedup_entry(NULL, &time, VERDICT_REGISTERED, 1, &origin, &known);
    assert_int_equal(dedup_classify(&known, &day), VERDICT_DUPLICATE);
}

static void only_what_counts_unchanged_is_seen_later(void **state) {
    (void)state;
    struct signal signal = signal_with('A', false), other = signal_with('B', false),
                  gone = signal_with('-', true);
    struct ledger_entry known, withdrawn;
    signal.updated_ms = other.updated_ms = 10;
    dedup_entry(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &known);
    dedup_entry(&known, &gone, VERDICT_WITHDRAWN, 2, &origin, &withdrawn);
    assert_false(dedup_is_seen_later(&known, &signal));
    signal.updated_ms = other.updated_ms = gone.updated_ms = 11;
    assert_true(dedup_is_seen_later(&known, &signal));
    assert_false(dedup_is_seen_later(&known, &other));
    assert_false(dedup_is_seen_later(&known, &gone));
    assert_false(dedup_is_seen_later(&withdrawn, &signal));
}

static void an_erased_signal_does_not_come_back(void **state) {
    (void)state;
    struct ledger_entry known = {.seq = 4, .erased = true, .verdict = VERDICT_WITHDRAWN};
    struct signal signal = signal_with('A', false), gone = signal_with('-', true);
    signal.stands = true;
    assert_int_equal(dedup_classify(&known, &signal), VERDICT_DUPLICATE);
    assert_int_equal(dedup_classify(&known, &gone), VERDICT_DUPLICATE);
}

static void what_no_table_had_goes_with_its_content(void **state) {
    (void)state;
    struct signal signal = signal_with('A', false), gone = signal_with('?', true);
    struct ledger_entry a, b;
    signal.unknown_count = 2;
    signal.unknown_said = true;
    memset(signal.unknown[1].word.bytes, 3, DIGEST_BYTES);
    dedup_entry(NULL, &signal, VERDICT_REGISTERED, 1, &origin, &a);
    dedup_entry(&a, &gone, VERDICT_WITHDRAWN, 2, &origin, &b);
    assert_int_equal(a.unknown_count, 2);
    assert_memory_equal(a.unknown, signal.unknown, sizeof a.unknown);
    assert_int_equal(b.unknown_count, 2);
    assert_true(a.unknown_said && b.unknown_said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_has_these_verdicts),
        cmocka_unit_test(a_system_that_tells_states_may_take_a_withdrawal_back),
        cmocka_unit_test(absence_has_no_time),
        cmocka_unit_test(versions_are_chained_and_keep_their_key),
        cmocka_unit_test(a_withdrawal_keeps_what_the_counts_lose),
        cmocka_unit_test(the_newer_state_stays),
        cmocka_unit_test(a_day_is_any_time_of_it),
        cmocka_unit_test(only_what_counts_unchanged_is_seen_later),
        cmocka_unit_test(an_erased_signal_does_not_come_back),
        cmocka_unit_test(what_no_table_had_goes_with_its_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
