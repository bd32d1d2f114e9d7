// SPDX-License-Identifier: EUPL-1.2
// signaalctl audit: who did or read what, and whether the log of it is whole.
#include "ctl/query/listing.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>

enum { LAST_DEFAULT = 20, ACTOR_TEXT_MAX = 80 };
enum { NUMBER_WIDTH = 7, STAMP_WIDTH = 19, ACTOR_WIDTH = 18, ACTION_WIDTH = 15, RESULT_WIDTH = 8 };

struct audit_listing {
    struct ctl_listing list;
    bool broken; // a line does not follow the one before it
};

struct audit_line {
    char number[FORMAT_MAX], time[FORMAT_MAX], actor[ACTOR_TEXT_MAX];
    const char *action, *result, *object;
    bool linked;
};

// "uid:0 pid:4711" gives "root 4711"; who is no user gives where it comes from: "system start".
static void name_actor(const struct json_view *line, char out[ACTOR_TEXT_MAX]) {
    const char *actor = json_view_text(line, "actor"), *origin = json_view_text(line, "origin");
    struct str rest = str_from(actor), uid, pid;
    uint64_t number, process;
    if (str_split(&rest, ' ', &uid) && str_split(&rest, ' ', &pid) && uid.len > 4 && pid.len > 4 &&
        memcmp(uid.data, "uid:", 4) == 0 && memcmp(pid.data, "pid:", 4) == 0 &&
        str_to_u64((struct str){uid.data + 4, uid.len - 4}, UINT32_MAX, &number) &&
        str_to_u64((struct str){pid.data + 4, pid.len - 4}, INT32_MAX, &process)) {
        const struct passwd *user = getpwuid((uid_t)number);
        if (user)
            (void)snprintf(out, ACTOR_TEXT_MAX, "%.40s %" PRIu64, user->pw_name, process);
        else
            (void)snprintf(out, ACTOR_TEXT_MAX, "uid:%" PRIu64 " %" PRIu64, number, process);
        return;
    }
    (void)snprintf(out, ACTOR_TEXT_MAX, "%.30s %.30s", actor ? actor : "?", origin ? origin : "?");
}

// The object stands last and is never cut: it is what one looks for.
static void put_entry(const struct audit_listing *listing, const struct audit_line *entry,
                      bool title) {
    const struct term_out *term = &listing->list.ctl->term;
    enum term_out_style plain = title ? STYLE_STRONG : STYLE_PLAIN;
    const struct {
        const char *text;
        size_t width;
        unsigned fit;
    } fields[] = {{entry->number, NUMBER_WIDTH, FIT_RIGHT},
                  {entry->time, STAMP_WIDTH, FIT_LEFT},
                  {entry->actor, ACTOR_WIDTH, FIT_LEFT},
                  {entry->action, ACTION_WIDTH, FIT_LEFT},
                  {entry->result, RESULT_WIDTH, FIT_LEFT}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        term_out_put_field(term, plain, fields[i].text, fields[i].width, fields[i].fit);
        term_out_put_spaces(term, 1);
    }
    term_out_put(term, plain, entry->object);
    if (!entry->linked && !title)
        term_out_put(term, STYLE_BAD, " (it or the line before it is changed or missing)");
    term_out_end_line(term);
}

static void put_titles(const struct audit_listing *listing) {
    const struct audit_line titles = {.number = "number",
                                      .time = "time (UTC)",
                                      .actor = "actor and process",
                                      .action = "action",
                                      .result = "result",
                                      .object = "object"};
    put_entry(listing, &titles, true);
}

static void put_line(struct audit_listing *listing, const struct json_view *line) {
    struct audit_line entry = {.action = json_view_text(line, "action"),
                               .result = json_view_text(line, "result"),
                               .object = json_view_text(line, "object"),
                               .linked = json_view_flag(line, "linked")};
    format_count(json_view_integer(line, "number"), entry.number);
    format_stamp(json_view_text(line, "time"), entry.time);
    name_actor(line, entry.actor);
    put_entry(listing, &entry, false);
    listing->broken = listing->broken || !entry.linked;
}

static bool show(void *ctx, const struct json_view *line, struct err *err) {
    struct audit_listing *listing = ctx;
    (void)err;
    if (!listing->list.any)
        put_titles(listing);
    if (line) {
        put_line(listing, line);
    } else { // it was changed in the log: those behind it are shown all the same
        term_out_print(&listing->list.ctl->term, STYLE_BAD, "(a line that cannot be read)");
        listing->broken = true;
    }
    return true;
}

static bool number_of(const struct json_view *line, uint64_t *number) {
    int64_t value = json_view_integer(line, "number");
    *number = (uint64_t)value;
    return value > 0;
}

static enum ctl_exit print_verdict(const struct ctl *ctl, const struct json_view *answer) {
    int64_t first = json_view_integer(answer, "first"), last = json_view_integer(answer, "last");
    if (!json_view_flag(answer, "whole"))
        term_out_print(&ctl->term, STYLE_BAD, "line %" PRId64 " is changed or missing",
                       json_view_integer(answer, "broken"));
    else if (last == 0 || first > last)
        term_out_print(&ctl->term, STYLE_PLAIN, "audit log whole: no lines");
    else
        term_out_print(&ctl->term, STYLE_PLAIN, "audit log whole: lines %" PRId64 " to %" PRId64,
                       first, last);
    return CTL_OK;
}

static enum ctl_exit run_audit(const struct ctl *ctl, const struct args *args) {
    struct audit_listing listing = {.list = {.ctl = ctl,
                                             .path = "/v1/audit",
                                             .last = LAST_DEFAULT,
                                             .number = number_of,
                                             .show = show,
                                             .ctx = &listing}};
    bool verifies = args->word_count > 0;
    if (verifies && strcmp(args->words[0], "verify") != 0)
        return ctl_usage(ctl, "the log can be asked to verify");
    if (verifies && (args_has(args, "last") || args_has(args, "from")))
        return ctl_usage(ctl, "verify looks at all lines");
    if (verifies)
        return ctl_ask(ctl, &(struct ctl_question){.target = "/v1/audit/verify",
                                                   .good = "whole",
                                                   .print = print_verdict});
    enum ctl_exit result = ctl_list(&listing.list);
    if (result == CTL_OK && !listing.list.any && !ctl->json)
        fputs("no lines\n", ctl->term.out);
    if (result == CTL_OK && listing.broken)
        (void)ctl_fail("where the log is broken first is told by: signaalctl audit verify");
    return result;
}

static const struct args_option options[] = {
    {"last", 'n', "N", "the last N lines, or N from --from on; default: 20"},
    {"from", 0, "N", "from line N on"},
    {0},
};

const struct ctl_verb audit_verb = {
    .name = "audit",
    .words = "[verify]",
    .help = "Who did or read what, and whether that log is whole",
    .more = "A line has its number, the time, who and by which process, the action, what came of "
            "it and what it was about. A change has two lines: one before it, with \"begun\", and "
            "one with its outcome, which is a status of HTTP. A signal is named by its digest, as "
            "\"why\" tells it. \"verify\" follows the chain of all lines: exit status 1 when one "
            "is changed or missing. A log put back as a whole fits in itself; that shows against "
            "the numbers and digests (\"mac\") of the \"audit head\" lines in the service's own "
            "log.",
    .options = options,
    .optional_word_count = 1,
    .run = run_audit,
};
