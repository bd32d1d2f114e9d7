// SPDX-License-Identifier: EUPL-1.2
// signaalctl erase: what is held on one signal goes.
#include "base/str.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ID_MAX = 1024 };

static const char *plural(int64_t number) {
    return number == 1 ? "" : "s";
}

static enum ctl_exit print_outcome(const struct ctl *ctl, const struct node *answer) {
    int64_t erased = 0, waiting = 0;
    char text[4 * FORMAT_MAX], more[4 * FORMAT_MAX] = "";
    if (!node_number(answer, "erased", &erased) || !node_number(answer, "waiting", &waiting))
        return ctl_fail("the daemon's answer cannot be read");
    if (waiting)
        (void)snprintf(more, sizeof more, " (%" PRId64 " more once Kafka has confirmed %s)",
                       waiting, waiting == 1 ? "it" : "them");
    (void)snprintf(text, sizeof text, "erased: %" PRId64 " version%s", erased, plural(erased));
    screen_put(&ctl->screen, STYLE_PLAIN, text);
    screen_put(&ctl->screen, STYLE_PLAIN, more);
    screen_end_line(&ctl->screen);
    return CTL_OK;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    struct str source = str_from(args->words[0]), id = str_from(args->words[1]);
    struct buf target;
    if (source.len == 0 || id.len == 0 || source.len > ID_MAX || id.len > ID_MAX)
        return ctl_usage(ctl, "SOURCE and ID have 1 to %d bytes", ID_MAX);
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/signals/");
    client_put_encoded(&target, source);
    buf_putc(&target, '/');
    client_put_encoded(&target, id);
    char *text = buf_take(&target);
    const struct ctl_question question = {
        .method = "DELETE", .target = text, .missing = "never seen", .print = print_outcome};
    enum ctl_exit result = ctl_ask(ctl, &question);
    free(text);
    return result;
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
    .run = run,
};
