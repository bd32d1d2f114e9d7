// SPDX-License-Identifier: EUPL-1.2
// signaalctl remap: signals with words that the tables have got since count by them.
#include "ctl/query/ctl.h"

#include <inttypes.h>

static const struct args_option options[] = {
    {"dry-run", 0, NULL, "say how many would change and change none"},
    {0},
};

static enum ctl_exit print_outcome(const struct ctl *ctl, const struct json_view *answer) {
    term_out_print(&ctl->term, STYLE_PLAIN,
                   "%" PRId64 " of %" PRId64 " signals with unknown words %s",
                   json_view_integer(answer, "changed"), json_view_integer(answer, "looked"),
                   json_view_flag(answer, "dryRun") ? "would change" : "changed");
    return CTL_OK;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    (void)ctl;
    buf_puts(target, args_has(args, "dry-run") ? "/v1/remap?dryRun=1" : "/v1/remap");
    return CTL_OK;
}

const struct ctl_verb remap_verb = {
    .name = "remap",
    .words = "",
    .help = "Count signals by words that the tables have got",
    .more = "After words were added to the tables and \"signaalctl reload\": each signal whose "
            "category or municipality was a word that the tables lacked, and have now, gets a "
            "corrected version, which is an event like any other. What its source says stays as "
            "it is, so that the same signal delivered again is a duplicate. Broken off, it can "
            "just be run again. Words of gender, age group and citizenship are closed lists and "
            "are not looked at. For root and the daemon's own user.",
    .options = options,
    .question = {.method = "POST", .put = put_target, .print = print_outcome},
};
