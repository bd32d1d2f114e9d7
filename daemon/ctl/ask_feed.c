// SPDX-License-Identifier: EUPL-1.2
// signaalctl poll, pause, resume, accept: what an operator asks of one polled source.
#include "ctl/query/ctl.h"

static enum ctl_exit print_asked(const struct ctl *ctl, const struct json_view *answer) {
    static const struct {
        const char *asked, *text;
    } texts[] = {{"poll", ": is being polled now; signaalctl feeds NAME shows how it went"},
                 {"pause", ": paused until signaalctl resume"},
                 {"resume", ": polled again"},
                 {"accept", ": is being polled now; what is gone from its list is withdrawn"}};
    term_out_put(&ctl->term, STYLE_PLAIN, json_view_text(answer, "name"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (json_view_is(answer, "asked", texts[i].asked))
            term_out_put(&ctl->term, STYLE_PLAIN, texts[i].text);
    term_out_end_line(&ctl->term);
    return CTL_OK;
}

// The route is called as the verb.
static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    enum ctl_exit result = ctl_put_feed(ctl, args, target);
    buf_printf(target, "/%s", ctl->verb->name);
    return result;
}

const struct ctl_verb poll_verb = {
    .name = "poll",
    .words = "NAME",
    .help = "Poll a source now, whatever its time",
    .more = "Also one that is asked rarely because it failed often. For root and the daemon's own "
            "user.",
    .word_count = 1,
    .question = {.method = "POST", .put = put_target, .print = print_asked},
};

const struct ctl_verb pause_verb = {
    .name = "pause",
    .words = "NAME",
    .help = "Stop polling a source, until resume",
    .more = "Holds over restarts of the daemon. What the source posts itself is still taken. For "
            "root and the daemon's own user.",
    .word_count = 1,
    .question = {.method = "POST", .put = put_target, .print = print_asked},
};

const struct ctl_verb resume_verb = {
    .name = "resume",
    .words = "NAME",
    .help = "Poll a paused source again",
    .more = "It goes on where it was: nothing is missed. For root and the daemon's own user.",
    .word_count = 1,
    .question = {.method = "POST", .put = put_target, .print = print_asked},
};

const struct ctl_verb accept_verb = {
    .name = "accept",
    .words = "NAME",
    .help = "Withdraw what is gone from a complete list",
    .more = "A source whose line says complete is held when its list is suddenly short or empty: "
            "nothing is withdrawn, and the feed fails with the number of signals. Ask the source. "
            "If the list is right, this withdraws them; more than are gone now stay. For root and "
            "the daemon's own user.",
    .word_count = 1,
    .question = {.method = "POST", .put = put_target, .print = print_asked},
};
