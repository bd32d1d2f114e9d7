// SPDX-License-Identifier: EUPL-1.2
// signaalctl: what its verbs share. A verb is an entry in the table in daemon/ctl/main.c.
#ifndef CTL_QUERY_CTL_H
#define CTL_QUERY_CTL_H

#include "ctl/query/args.h"
#include "ctl/query/client.h"
#include "ctl/query/json_view.h"
#include "ctl/term/term_out.h"

enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1, // no daemon, it says no, or it does not know
    CTL_USAGE = 2,
};

struct ctl {
    const char *path; // of the socket
    bool json;        // print what the daemon says, unchanged
    bool csv;         // print the table for spreadsheets
    struct term_out term;
    const struct ctl_verb *verb;
    const struct args *args; // of the verb
};

// What to ask, and how to show the answer: with --json as it is, else through `print`, which may
// return CTL_FAILED for an answer that it cannot read.
struct ctl_question {
    const char *method; // NULL: GET
    const char *target;
    // Where the target follows from the command line: writes it, or says what is wrong (CTL_USAGE),
    // and then nothing is asked. NULL: it is `target`.
    enum ctl_exit (*put)(const struct ctl *ctl, const struct args *args, struct buf *target);
    const char *missing; // what to print for a 404; NULL when that is a problem like any other
    bool explained;      // and the daemon's own words behind it
    const char *good;    // the flag without which it is CTL_FAILED, with --json too; NULL: none
    enum ctl_exit (*print)(const struct ctl *ctl, const struct json_view *answer);
};

struct ctl_verb {
    const char *name;
    const char *words; // for the usage line: "SOURCE ID"; "" for none
    const char *help;  // one line
    const char *more;  // paragraph for the verb's own help, or NULL
    const struct args_option *options;
    size_t word_count;            // exactly so many
    size_t optional_word_count;   // and, together, so many more or none of them
    bool has_csv;                 // knows --csv
    bool has_dimensions;          // its own help names what to count by
    struct ctl_question question; // asked when there is no `run`
    enum ctl_exit (*run)(const struct ctl *ctl, const struct args *args);
};

extern const struct ctl_verb status_verb, counts_verb, why_verb, tail_verb, reload_verb;
extern const struct ctl_verb feeds_verb, poll_verb, pause_verb, resume_verb, accept_verb,
    quarantine_verb;
extern const struct ctl_verb words_verb, remap_verb, audit_verb, erase_verb;
extern const struct ctl_verb source_verb, try_verb, import_verb, verify_verb, backup_verb;
extern const struct ctl_verb overlap_verb, trend_verb, coverage_verb, statistics_verb, top_verb,
    report_verb;

enum ctl_exit ctl_ask(const struct ctl *ctl, const struct ctl_question *question);
// What GET answers; NULL: it has told why there is nothing. The caller frees it.
struct json_view *ctl_get(const struct ctl *ctl, const char *target);
// What the daemon says, as it says it, with a newline behind.
void ctl_print_json(const struct ctl *ctl, struct str body);
// The target of one signal, by the words SOURCE and ID; of one feed, by the word NAME.
enum ctl_exit ctl_put_signal(const struct ctl *ctl, const struct args *args, struct buf *target);
enum ctl_exit ctl_put_feed(const struct ctl *ctl, const struct args *args, struct buf *target);
// Shows what the daemon said with a status that is no success (RFC 9457).
enum ctl_exit ctl_refused(const struct ctl *ctl, const struct client_reply *reply);

// One line on stderr, "signaalctl: …"; returns CTL_FAILED.
enum ctl_exit ctl_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
// The same for a command line that is wrong; returns CTL_USAGE.
enum ctl_exit ctl_usage(const struct ctl *ctl, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
