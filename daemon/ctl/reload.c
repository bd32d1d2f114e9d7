// SPDX-License-Identifier: EUPL-1.2
// signaalctl reload: the daemon reads its tables again.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

static enum ctl_exit print_reloaded(const struct ctl *ctl, const struct json_view *answer) {
    int64_t sources;
    char text[FORMAT_MAX] = "-";
    if (json_view_number(answer, "sources", &sources))
        format_count(sources, text);
    term_out_print(&ctl->term, STYLE_PLAIN, "tables reloaded, sources: %s", text);
    return CTL_OK;
}

const struct ctl_verb reload_verb = {
    .name = "reload",
    .words = "",
    .help = "Read the tables and sources again",
    .more = "Reads sources, municipalities, name variants and categories again. When any of them "
            "has a fault nothing "
            "changes and all faults are told. For root and the daemon's own user.",
    .question = {.method = "POST", .target = "/v1/reload", .print = print_reloaded},
};
