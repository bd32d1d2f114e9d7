// SPDX-License-Identifier: EUPL-1.2
// Which words of foreign text may be shown to an operator. A source may write anything where a
// category belongs, a victim's name as well, and a name cannot be told from a word by its form. So
// only what is made of words of the field is shown (conf/display-allowlist.txt, a word a line,
// which operators own); of anything else only its size is told. Read-only once loaded; any thread.
#ifndef CORE_TABLES_DISPLAY_ALLOWLIST_H
#define CORE_TABLES_DISPLAY_ALLOWLIST_H

#include "base/err.h"
#include "base/str.h"

enum { ALLOWLIST_SHOWN_MAX = 48, ALLOWLIST_TOKENS_MAX = 4 };

struct display_allowlist;

// A line: a word of at least 2 letters, in any case; '#' begins a comment. NULL and a CONFIG error
// with file and line when a line is something else.
struct display_allowlist *allowlist_load(struct str text, const char *name,
                                         struct err *err) MUST_CHECK;
void allowlist_free(struct display_allowlist *allowlist); // NULL is fine
size_t allowlist_count(const struct display_allowlist *allowlist);

struct display_view {
    char shown[ALLOWLIST_SHOWN_MAX + 1]; // the folded word; "" when it must not be shown
    uint8_t letters;                     // letters and digits, at most UINT8_MAX
    uint8_t tokens;                      // what blanks and punctuation separate
};

// Shown when the word has at most ALLOWLIST_TOKENS_MAX tokens of letters only, one of them of 4
// letters or more, and each of them a word of the allowlist or a compound of up to three of its
// words of 4 letters or more, with Dutch linking s, e or en. Not when it is shorter than 8 letters
// or begins as family names do ("van de"). `allowlist` NULL: never shown. Of text that cannot be
// folded the numbers are rough.
void allowlist_look(const struct display_allowlist *allowlist, struct str word,
                    struct display_view *view);

#endif
