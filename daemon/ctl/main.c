// SPDX-License-Identifier: EUPL-1.2
// signaalctl: the operator's tool. It talks to a running daemon over the local socket and keeps no
// state of its own. Exit status 0 fine, 1 failed, 2 bad usage.
#include "ctl/query/query_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DEFAULT_PATH "/run/signaald/control.sock"

static const struct ctl_verb *const verbs[] = {
    &status_verb,     &top_verb,    &counts_verb, &overlap_verb,    &trend_verb,  &coverage_verb,
    &statistics_verb, &report_verb, &why_verb,    &tail_verb,       &feeds_verb,  &poll_verb,
    &pause_verb,      &resume_verb, &accept_verb, &quarantine_verb, &try_verb,    &import_verb,
    &words_verb,      &source_verb, &remap_verb,  &erase_verb,      &reload_verb, &audit_verb,
    &verify_verb,     &backup_verb};

static const struct args_option common_options[] = {
    {"socket", 0, "PATH", "where the daemon listens, see below"},
    {"json", 0, NULL, "print what the daemon says, as it says it"},
    {"csv", 0, NULL, "print the table for a spreadsheet, where there is one"},
    {"no-colour", 0, NULL, "no colours on a terminal"},
    {"help", 'h', NULL, "this text"},
    {"version", 0, NULL, "the version of this program"},
    {0},
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs, TEXT_BYTES_MAX = 8 << 10 };

static const struct args_option no_options[] = {{0}};

#define PATH_HELP                                                                                  \
    "\nThe socket is the one of --socket, else of $SIGNAALD_SOCKET, else\n" DEFAULT_PATH ".\n"

static void print_help(FILE *out) {
    fputs("Usage: signaalctl [OPTION]... VERB [OPTION]...\n"
          "Looks into a running signaald.\n\n",
          out);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        char form[64];
        (void)snprintf(form, sizeof form, "%s %s", verbs[i]->name, verbs[i]->words);
        fprintf(out, "  %-25s %s\n", form, verbs[i]->help);
    }
    fputs("\nOptions:\n", out);
    args_print_options(out, common_options);
    fputs(PATH_HELP "\nExit status: 0 fine, 1 failed, 2 bad usage. More: signaalctl VERB --help\n",
          out);
}

// The paragraph of a verb, where it has one.
static void print_more(const struct ctl_verb *verb, const struct term_out *term) {
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    if (verb->has_dimensions) {
        buf_puts(&text, "To count by, and to filter on: ");
        query_put_dimensions(&text);
        buf_puts(&text, ". ");
    }
    buf_puts(&text, verb->more ? verb->more : "");
    char *more = buf_take(&text);
    if (*more) {
        putchar('\n');
        term_out_put_wrapped(term, STYLE_PLAIN, more);
    }
    free(more);
}

static void print_verb_help(const struct ctl_verb *verb, const struct term_out *term) {
    printf("Usage: signaalctl %s%s%s [OPTION]...\n%s.\n", verb->name, *verb->words ? " " : "",
           verb->words, verb->help);
    print_more(verb, term);
    puts("\nOptions:");
    if (verb->options)
        args_print_options(stdout, verb->options);
    args_print_options(stdout, common_options);
    fputs(PATH_HELP, stdout);
}

static const struct ctl_verb *find_verb(const char *name) {
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static const char *find_path(const struct args *args) {
    const char *path = args_value(args, "socket");
    if (!path)
        path = getenv("SIGNAALD_SOCKET");
    return path && *path ? path : DEFAULT_PATH;
}

static enum ctl_exit print_version(void) {
    puts("signaalctl " SIGNAALD_VERSION);
    return CTL_OK;
}

static enum ctl_exit run_verb(struct ctl *ctl, struct args *args) {
    struct err err;
    const struct ctl_verb *verb = find_verb(args->words[0]);
    if (!verb)
        return ctl_usage(ctl, "there is no verb %.80s", args->words[0]);
    ctl->verb = verb;
    if (!args_parse(args, common_options, verb->options ? verb->options : no_options,
                    (int)args->word_count, args->words, &err))
        return ctl_usage(ctl, "%s", err.text);
    term_out_init(&ctl->term, stdout, args_has(args, "no-colour"));
    if (args_has(args, "help")) {
        print_verb_help(verb, &ctl->term);
        return CTL_OK;
    }
    if (args_has(args, "version"))
        return print_version();
    if (args->word_count != verb->word_count &&
        args->word_count != verb->word_count + verb->optional_word_count)
        return ctl_usage(ctl, *verb->words ? "it takes %s" : "it takes no words%s", verb->words);
    ctl->args = args;
    ctl->path = find_path(args);
    ctl->json = args_has(args, "json");
    ctl->csv = args_has(args, "csv");
    if (ctl->csv && (ctl->json || !verb->has_csv))
        return ctl_usage(ctl, ctl->json ? "--json or --csv, not both" : "it has no --csv");
    if (!client_path_fits(ctl->path))
        return ctl_usage(ctl, "the path of the socket is too long");
    return verb->run ? verb->run(ctl, args) : ctl_ask(ctl, &verb->question);
}

static enum ctl_exit run_command(struct ctl *ctl, struct args *args, int argc, char **argv) {
    struct err err;
    if (!args_parse(args, common_options, NULL, argc, argv, &err))
        return ctl_usage(ctl, "%s", err.text);
    if (args->word_count)
        return run_verb(ctl, args);
    if (args_has(args, "help")) {
        print_help(stdout);
        return CTL_OK;
    }
    if (args_has(args, "version"))
        return print_version();
    print_help(stderr);
    return CTL_USAGE;
}

// What an operator imports or tries out passes through here, persons and all: no core dump.
static void harden(void) {
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv) {
    struct ctl ctl = {0};
    struct args args = {0};
    harden();
    enum ctl_exit result = run_command(&ctl, &args, argc, argv);
    args_free(&args);
    if ((fflush(stdout) != 0 || ferror(stdout)) && result == CTL_OK)
        result = ctl_fail("cannot write the output");
    return (int)result;
}
