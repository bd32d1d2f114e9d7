// SPDX-License-Identifier: EUPL-1.2
// The command line: tables of options, parsed the GNU way (getopt_long behind it).
#ifndef CTL_QUERY_ARGS_H
#define CTL_QUERY_ARGS_H

#include "base/err.h"

#include <stddef.h>
#include <stdio.h>

// Tables end with an entry without a name.
struct args_option {
    const char *name;  // long form, without dashes
    char letter;       // short form, or 0
    const char *value; // what help calls its value; NULL for a flag
    const char *help;
};

enum { ARGS_OPTIONS_MAX = 24 }; // in the tables of one parse together

struct args {
    struct args_given {
        const char *name;
        const char *value; // NULL for a flag
    } * given;             // owned; in the order in which they were given
    size_t given_count;
    char **words; // borrowed from argv: what is left besides options
    size_t word_count;
};

// Adds the options in argv[1..] to args->given and leaves the words. Without a table of its own
// (`own` NULL) it stops at the first word, which is the verb. INPUT when an option is not known.
bool args_parse(struct args *args, const struct args_option *common, const struct args_option *own,
                int argc, char **argv, struct err *err) MUST_CHECK;
void args_free(struct args *args);

bool args_has(const struct args *args, const char *name);
// The value given last, or NULL.
const char *args_value(const struct args *args, const char *name);
// The value given `nth` (from 0), or NULL.
const char *args_nth(const struct args *args, const char *name, size_t nth);

void args_print_options(FILE *out, const struct args_option *options);

#endif
