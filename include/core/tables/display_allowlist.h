// SPDX-License-Identifier: EUPL-1.2
// Which words of foreign text may be shown to an operator. A source may write anything where a
// category belongs, a victim's name as well, and a name cannot be told from a word by its form. So
// only what is made of words of the field is shown (conf/lexicon.txt, a word a line, which
// operators own); of anything else only its size is told. Read-only once loaded; any thread.
#ifndef CORE_TABLES_DISPLAY_ALLOWLIST_H
#define CORE_TABLES_DISPLAY_ALLOWLIST_H

#include "base/err.h"
#include "base/str.h"

enum { LEXICON_SHOWN_MAX = 48, LEXICON_TOKENS_MAX = 4 };

struct lexicon;

// A line: a word of at least 2 letters, in any case; '#' begins a comment. NULL and a CONFIG error
// with file and line when a line is something else.
struct lexicon *lexicon_load(struct str text, const char *name, struct err *err) MUST_CHECK;
void lexicon_free(struct lexicon *lexicon); // NULL is fine
size_t lexicon_count(const struct lexicon *lexicon);

struct lexicon_view {
    char shown[LEXICON_SHOWN_MAX + 1]; // the folded word; "" when it must not be shown
    uint8_t letters;                   // letters and digits, at most UINT8_MAX
    uint8_t tokens;                    // what blanks and punctuation separate
};

// Shown when the word has at most LEXICON_TOKENS_MAX tokens of letters only, one of them of 4
// letters or more, and each of them a word of the lexicon or a compound of up to three of its words
// of 4 letters or more, with Dutch linking s, e or en. Not when it is
// shorter than 8 letters or begins as family names do ("van de"). `lexicon` NULL: never shown. Of
// text that cannot be folded the numbers are rough.
void lexicon_look(const struct lexicon *lexicon, struct str word, struct lexicon_view *view);

#endif
