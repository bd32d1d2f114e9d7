// SPDX-License-Identifier: EUPL-1.2
// signaalctl poll, pause, resume: what an operator asks of one polled source.
#include "ctl/query/ctl.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64 };

static enum ctl_exit print_asked(const struct ctl *ctl, const struct json_view *answer) {
    static const struct {
        const char *asked, *text;
    } texts[] = {{"poll", ": is being polled now; signaalctl feeds NAME shows how it went"},
                 {"pause", ": paused until signaalctl resume"},
                 {"resume", ": polled again"}};
    const char *asked = json_view_text(answer, "asked");
    term_out_put(&ctl->term, STYLE_PLAIN, json_view_text(answer, "name"));
    for (size_t i = 0; asked && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].asked, asked) == 0)
            term_out_put(&ctl->term, STYLE_PLAIN, texts[i].text);
    term_out_end_line(&ctl->term);
    return CTL_OK;
}

// The route is called as the verb.
static enum ctl_exit run_ask_feed(const struct ctl *ctl, const struct args *args) {
    struct str name = str_from(args->words[0]);
    struct buf target;
    if (name.len == 0 || name.len > NAME_BYTES_MAX)
        return ctl_usage(ctl, "a name has 1 to %d bytes", NAME_BYTES_MAX);
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/feeds/");
    client_put_encoded(&target, name);
    buf_printf(&target, "/%s", ctl->verb->name);
    char *text = buf_take(&target);
    const struct ctl_question question = {.method = "POST", .target = text, .print = print_asked};
    enum ctl_exit result = ctl_ask(ctl, &question);
    free(text);
    return result;
}

const struct ctl_verb poll_verb = {
    .name = "poll",
    .words = "NAME",
    .help = "Poll a source now, whatever its time",
    .more = "Also one that is asked rarely because it failed often. For root and the daemon's own "
            "user.",
    .word_count = 1,
    .run = run_ask_feed,
};

const struct ctl_verb pause_verb = {
    .name = "pause",
    .words = "NAME",
    .help = "Stop polling a source, until resume",
    .more = "Holds over restarts of the daemon. What the source posts itself is still taken. For "
            "root and the daemon's own user.",
    .word_count = 1,
    .run = run_ask_feed,
};

const struct ctl_verb resume_verb = {
    .name = "resume",
    .words = "NAME",
    .help = "Poll a paused source again",
    .more = "It goes on where it was: nothing is missed. For root and the daemon's own user.",
    .word_count = 1,
    .run = run_ask_feed,
};
