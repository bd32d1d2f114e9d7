// SPDX-License-Identifier: EUPL-1.2
// signaalctl remap: signals with words that the tables have got since count by them.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

static const struct args_option options[] = {
    {"dry-run", 0, NULL, "say how many would change and change none"},
    {0},
};

static enum ctl_exit print_outcome(const struct ctl *ctl, const struct json_view *answer) {
    int64_t looked = 0, changed = 0;
    char all[FORMAT_MAX], some[FORMAT_MAX], text[4 * FORMAT_MAX];
    (void)json_view_number(answer, "looked", &looked);
    (void)json_view_number(answer, "changed", &changed);
    format_count(looked, all);
    format_count(changed, some);
    (void)snprintf(text, sizeof text, "%s of %s signals with unknown words %s", some, all,
                   json_view_flag(answer, "dryRun") ? "would change" : "changed");
    term_out_put(&ctl->term, STYLE_PLAIN, text);
    term_out_end_line(&ctl->term);
    return CTL_OK;
}

static enum ctl_exit run_remap(const struct ctl *ctl, const struct args *args) {
    const struct ctl_question question = {.method = "POST",
                                          .target = args_has(args, "dry-run") ? "/v1/remap?dryRun=1"
                                                                              : "/v1/remap",
                                          .print = print_outcome};
    return ctl_ask(ctl, &question);
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
    .run = run_remap,
};
