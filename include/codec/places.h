// SPDX-License-Identifier: EUPL-1.2
// What a body has: which fields it has a place for, and which of its columns or members nobody
// asks for. For previews only: whoever delivers by hand sees at once that a column is called
// otherwise. The name of a column may be anybody's, so only some names may be shown.
#ifndef CODEC_PLACES_H
#define CODEC_PLACES_H

#include "codec/mapping.h"
#include "core/tables/display_allowlist.h"

struct json_out;

enum { PLACES_UNKNOWN_MAX = 32, PLACES_NAME_MAX = 48 };

struct places {
    bool seen[MAPPING_FIELDS]; // an item has it, or a table a column for it
    struct place {
        uint32_t column; // of a table, from 1; 0: a member
        uint8_t len;
        char name[PLACES_NAME_MAX]; // as it is written, cut off
    } unknown[PLACES_UNKNOWN_MAX];  // each name once
    size_t unknown_count;
    bool more; // there are further ones
};

void places_add_unknown(struct places *places, struct str name, uint32_t column);
// Of an item in our own form.
void places_see_item(struct places *places, const struct item *item);

// Is it called as free text is ("notes", "toelichting")? Then it is no field under another name.
bool places_is_remark(struct str name);

// May the name be shown? When it is made of words that columns are called by, or that the allowlist
// has (NULL: there is none). To whoever has the file in hand (`own`) also one lower-case word
// without a number in it.
bool places_may_show(struct str name, const struct display_allowlist *allowlist, bool own);

// "fields": what of the mapping (NULL: of our own form) was found, and as what; "unknown": what
// nobody asks for, without the names that may not be shown; "unknownMore".
void places_put(struct json_out *json, const struct places *places, const struct mapping *mapping,
                const struct display_allowlist *allowlist, bool own);

#endif
