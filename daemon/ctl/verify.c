// SPDX-License-Identifier: EUPL-1.2
// signaalctl verify: is everything that was made from the ledger what its lines say?
#include "ctl/query/ctl.h"
#include "ctl/term/progress.h"
#include "ctl/term/table.h"

#include <inttypes.h>

struct verify_stream {
    const struct ctl *ctl;
    struct progress progress;
    bool begun; // the progress
    bool ended; // the last line has come
    bool whole;
};

static void put_check(struct term_table *table, const struct json_view *check) {
    int64_t differs = json_view_integer(check, "differs");
    const char *first = json_view_text(check, "first");
    table_put_text(table, json_view_text(check, "name"));
    table_put_number(table, json_view_integer(check, "compared"));
    table_put_number(table, differs);
    table_put_styled(table, differs ? STYLE_BAD : STYLE_PLAIN,
                     differs && first ? first : json_view_text(check, "text"));
}

// The signals of which the topic has something else.
static void put_different(const struct verify_stream *verifying, const struct json_view *check) {
    const struct term_out *term = &verifying->ctl->term;
    const struct json_view *list = json_view_at(check, "different");
    int64_t waiting = json_view_integer(check, "waiting");
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *one = json_view_item(list, i);
        const char *signal = json_view_text(one, "signal"), *what = json_view_text(one, "what");
        term_out_print(term, STYLE_BAD, "signal %.32s: %.80s", signal ? signal : "-",
                       what ? what : "-");
    }
    if (waiting)
        term_out_print(term, STYLE_PLAIN,
                       "%" PRId64 " signals wait for Kafka or have changed meanwhile: not compared",
                       waiting);
}

static void put_sum(const struct verify_stream *verifying, const struct json_view *answer) {
    term_out_print(&verifying->ctl->term, verifying->whole ? STYLE_GOOD : STYLE_BAD,
                   "%s: %" PRId64 " lines, %" PRId64 " signals",
                   verifying->whole ? "whole" : "NOT WHOLE", json_view_integer(answer, "lines"),
                   json_view_integer(answer, "signals"));
}

static void print_outcome(const struct verify_stream *verifying, const struct json_view *answer) {
    static const struct table_column columns[] = {{"check", COLUMN_TEXT},
                                                  {"compared", COLUMN_NUMBER},
                                                  {"differs", COLUMN_NUMBER},
                                                  {"what", COLUMN_TEXT}};
    const struct json_view *checks = json_view_at(answer, "checks");
    struct term_table table;
    table_init(&table, &verifying->ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_view_size(checks); i++)
        put_check(&table, json_view_item(checks, i));
    table_print(&table);
    table_free(&table);
    for (size_t i = 0; i < json_view_size(checks); i++)
        put_different(verifying, json_view_item(checks, i));
    put_sum(verifying, answer);
}

static void show_progress(struct verify_stream *verifying, const struct json_view *line) {
    int64_t done = 0, total = 0;
    if (!json_view_number(line, "done", &done) || !json_view_number(line, "total", &total) ||
        done < 0 || total < done)
        return;
    if (!verifying->begun)
        progress_start(&verifying->progress, "lines", (uint64_t)total,
                       !verifying->ctl->term.colour);
    verifying->begun = true;
    progress_move(&verifying->progress, (uint64_t)done);
}

static bool on_line(void *ctx, struct str text, struct err *err) {
    struct verify_stream *verifying = ctx;
    const struct term_out *term = &verifying->ctl->term;
    struct json_view *line = json_view_parse(text, err);
    if (!line)
        return false;
    bool last = json_view_at(line, "checks") != NULL;
    verifying->ended = verifying->ended || last;
    verifying->whole = last && json_view_flag(line, "whole");
    if (verifying->ctl->json) {
        ctl_print_json(verifying->ctl, text);
    } else if (!last) {
        show_progress(verifying, line);
    } else {
        if (verifying->begun)
            progress_end(&verifying->progress);
        print_outcome(verifying, line);
    }
    json_view_free(line);
    return !ferror(term->out) || err_set(err, ERR_RETRY, "cannot write the output");
}

static enum ctl_exit run_verify(const struct ctl *ctl, const struct args *args) {
    struct client_reply reply;
    struct err err;
    struct verify_stream verifying = {.ctl = ctl};
    const struct client_lines lines = {.line = on_line, .ctx = &verifying};
    enum ctl_exit result = CTL_OK;
    const char *path = args_has(args, "topic") ? "/v1/verify?topic=1" : "/v1/verify";
    bool ok = client_stream(ctl->path, path, &lines, &reply, &err);
    if (verifying.begun && !verifying.ended)
        progress_end(&verifying.progress);
    if (!ok)
        result = ctl_fail("%s", err.text);
    else if (!client_reply_good(&reply))
        result = ctl_refused(ctl, &reply);
    else if (!verifying.ended)
        result = ctl_fail("it was broken off: the daemon stops");
    else if (!verifying.whole)
        result = CTL_FAILED;
    client_reply_free(&reply);
    return result;
}

static const struct args_option options[] = {
    {"topic", 0, NULL, "Read the topic of current signals too, and compare it"},
    {NULL, 0, NULL, NULL}};

const struct ctl_verb verify_verb = {
    .name = "verify",
    .words = "",
    .options = options,
    .help = "Compare the ledger with all that is made from it",
    .more =
        "Reads every line of the ledger and its event, and compares the counts, the outbox, the "
        "persons, and what the daemon has of them in memory, as they all were at one moment; "
        "work goes on beside it. One at a time. Exit status 1 when anything differs: then keep "
        "a copy of the state directory before anything else. A stopped daemon's state is "
        "looked at by: signaald --verify",
    .run = run_verify,
};
