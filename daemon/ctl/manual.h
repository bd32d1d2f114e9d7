// SPDX-License-Identifier: EUPL-1.2
// What is printed of the command line from its table of verbs: the page of the manual and the
// completion for bash. The results stand in conf/; a test compares them.
#ifndef CTL_MANUAL_H
#define CTL_MANUAL_H

#include "ctl/query/ctl.h"

struct manual {
    const struct ctl_verb *const *verbs;
    size_t verb_count;
    const struct args_option *common; // options of all verbs
    const char *socket;               // where the daemon listens by default
};

void manual_print_page(const struct manual *manual, FILE *out); // mdoc(7)
void manual_print_completion(const struct manual *manual, FILE *out);

// The paragraph of a verb's own help; owned by the caller; NULL: none.
char *manual_text(const struct ctl_verb *verb);

#endif
