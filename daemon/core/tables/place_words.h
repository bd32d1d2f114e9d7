// SPDX-License-Identifier: EUPL-1.2
// How people write a place. Shared by the files of core/tables.
#ifndef CORE_TABLES_PLACE_WORDS_H
#define CORE_TABLES_PLACE_WORDS_H

#include "base/str.h"

enum { PLACE_CODE_MAX = 9999 };

// "GM0363", "gm363", "0363" or "363".
bool place_words_code(struct str text, uint16_t *code);
// What people write for a code, once folded: "gm 0363", "nlgm0363", and "363 0" or "0363 00", which
// was a number in a spreadsheet.
bool place_words_folded_code(struct str text, uint16_t *code);
// Takes `part` and the blank beside it off the beginning or the end.
bool place_words_cut(struct str *text, struct str part, bool end);
// "gemeente" or "gem", once folded, at either end.
bool place_words_cut_gemeente(struct str *text);
// Takes a code off the beginning or the end of a folded text: "gm 0363 amsterdam".
bool place_words_cut_code(struct str *text, uint16_t *code);
// UTF-8 that was taken for Latin-1 and written as UTF-8 again becomes what it was, in `out`, which
// has room for the word. False when it is nothing of the kind.
bool place_words_undo_latin1(struct str word, char *out, size_t *len);

#endif
