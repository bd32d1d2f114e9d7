// SPDX-License-Identifier: EUPL-1.2
// signaalctl erase: what is held on one signal goes.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>

static enum ctl_exit print_outcome(const struct ctl *ctl, const struct json_view *answer) {
    int64_t erased = 0, waiting = 0;
    char more[4 * FORMAT_MAX] = "";
    if (!json_view_number(answer, "erased", &erased) ||
        !json_view_number(answer, "waiting", &waiting))
        return ctl_fail("the daemon's answer cannot be read");
    if (waiting)
        (void)snprintf(more, sizeof more, " (%" PRId64 " more once Kafka has confirmed %s)",
                       waiting, waiting == 1 ? "it" : "them");
    term_out_print(&ctl->term, STYLE_PLAIN, "erased: %" PRId64 " version%s%s", erased,
                   erased == 1 ? "" : "s", more);
    return CTL_OK;
}

const struct ctl_verb erase_verb = {
    .name = "erase",
    .words = "SOURCE ID",
    .help = "Remove what is held on one signal, for good",
    .more =
        "It asks nothing and cannot be undone. SOURCE is the name of the source, ID the id that "
        "the source gave to the signal. Every version loses what it says, the counts lose the "
        "signal, an event tells consumers, and the signal delivered again is a duplicate. A "
        "version that Kafka has not confirmed goes once it has. What was erased may be "
        "readable in the ledger's file until the daemon is started again. For root and the "
        "daemon's own user.",
    .word_count = 2,
    .question = {.method = "DELETE",
                 .put = ctl_put_signal,
                 .missing = "never seen",
                 .print = print_outcome},
};
