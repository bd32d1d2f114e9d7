// SPDX-License-Identifier: EUPL-1.2
// Opens the store for reading only, runs the verify on one snapshot and prints its table. Progress
// goes to stderr and the result to stdout, so that a script reads only the result. A daemon that
// runs beside it is not held up. This function owns the store and the verify, and frees both.
#include "app.h"

#include "base/clock.h"
#include "edge/store/place.h"
#include "ledger/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDRAW_MS = 200, LINE_MS = 2000 };

struct showing {
    bool terminal, drawn;
    int64_t shown_ms;
};

static bool on_progress(void *ctx, uint64_t done, uint64_t total) {
    struct showing *showing = ctx;
    int64_t now = clock_monotonic_ms();
    if (now - showing->shown_ms < (showing->terminal ? REDRAW_MS : LINE_MS))
        return true;
    showing->shown_ms = now;
    showing->drawn = showing->terminal;
    (void)fprintf(stderr, "%s%3" PRIu64 " %%  %" PRIu64 " of %" PRIu64 " lines%s",
                  showing->terminal ? "\r\033[K" : "", done * 100 / total, done, total,
                  showing->terminal ? "" : "\n");
    return true;
}

static void print(const struct verify *verify) {
    (void)printf("%-8s %12s %9s\n", "check", "compared", "differs");
    for (int i = 0; i < VERIFY_CHECKS; i++) {
        const struct verify_outcome *outcome = &verify->checks[i];
        if (!outcome->looked)
            continue;
        (void)printf("%-8s %12" PRIu64 " %9" PRIu64 "  %s\n",
                     verify_check_name((enum verify_check)i), outcome->compared, outcome->differs,
                     outcome->differs ? outcome->first : verify_check_text((enum verify_check)i));
    }
    (void)printf("%s: %" PRIu64 " lines, %" PRIu64 " signals\n",
                 verify_is_whole(verify) ? "whole" : "NOT WHOLE", verify->lines, verify->signals);
}

int verify_offline(const struct config *config) {
    struct err err;
    struct showing showing = {.terminal = isatty(STDERR_FILENO), .shown_ms = clock_monotonic_ms()};
    struct verify verify = {.progress = on_progress, .ctx = &showing};
    struct store *store = store_place_check(config->state_dir, &err)
                              ? store_open_read(config->state_dir, config->state_bytes_max, &err)
                              : NULL;
    if (!store) {
        (void)fprintf(stderr, "signaald: %s\n", err.text);
        if (err.kind == ERR_DAMAGED)
            (void)fprintf(stderr, "signaald: %s\n", store_damage_advice);
        return err_exit_status(&err);
    }
    store_begin_snapshot(store, &verify.txn);
    verify_run(&verify);
    if (showing.drawn)
        (void)fputs("\r\033[K", stderr);
    print(&verify);
    bool whole = verify_is_whole(&verify);
    struct err damaged = {verify.checks[VERIFY_STORE].differs ? ERR_DAMAGED : ERR_NONE, ""};
    verify_free(&verify);
    store_close(store);
    if (damaged.kind != ERR_NONE) {
        (void)fprintf(stderr, "signaald: %s\n", store_damage_advice);
        return err_exit_status(&damaged);
    }
    return whole && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
