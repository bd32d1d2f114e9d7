// SPDX-License-Identifier: EUPL-1.2
// What is wrong in the files that an operator writes. All of it is found in one run, each fault
// with file, line, key and what is allowed; never a secret's value.
#ifndef CONFIG_TEXT_DIAGNOSTICS_H
#define CONFIG_TEXT_DIAGNOSTICS_H

#include "config/text/yaml_tree.h"

enum {
    CONFIG_TEXT_MAX = 4096,      // bytes of a value
    DIAGNOSTIC_MAX = 4096 + 512, // bytes of one; a longer one is cut
    DIAGNOSTIC_QUOTE_MAX = 72,
};

// Faults, a line each, ready to print: "FILE:LINE: key: what is wrong (allowed: …)". Beyond 1 MiB
// they are only counted.
struct diagnostics {
    struct buf text;
    size_t count;
    bool by_hand; // credentials are the service's: what is one is passed over
    size_t passed_over;
    bool thorough;      // --check-config: also what a daemon that starts only warns of
    bool wants_state;   // the state directory has to be there: not before the very first start
    const char *advice; // a line for the end: what to do about one of them; NULL: none
};
void diagnostics_init(struct diagnostics *faults);
void diagnostics_free(struct diagnostics *faults); // NULL is fine
// "FILE:LINE: …"; line 0 and file NULL are left out. Each call is one fault.
void diagnostics_add(struct diagnostics *faults, const char *file, size_t line, const char *fmt,
                     ...) PRINTF_LIKE(4, 5);
// True when it is not to be told: by hand, and `err` (RETRY) says that only the service has it.
bool diagnostics_pass_over(struct diagnostics *faults, const struct err *err);
// The operator's own text for a fault: in quotes, cut, without control characters; without its
// digits when they may be a number of somebody's.
const char *diagnostics_quote(struct str text, char out[DIAGNOSTIC_QUOTE_MAX]);

// Whether `name` is probably meant by `word` and is nearer to it than *best (begin with SIZE_MAX).
bool closest_name(struct str word, const char *name, size_t *best);
// Calls fn for each entry of a map whose key is text and is not there twice; the others are faults,
// as are too many. `section` is for the texts; NULL: none.
void diagnostics_each_entry(struct diagnostics *faults, const char *file, const char *section,
                            const struct yaml_node *map, size_t entries_max,
                            void (*fn)(void *ctx, const struct yaml_node *key,
                                       const struct yaml_node *value),
                            void *ctx);

#endif
