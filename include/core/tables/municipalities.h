// SPDX-License-Identifier: EUPL-1.2
// Municipalities as of a date. Codes are Statistics Netherlands' (CBS "GM" + 4 digits); a
// municipality is valid between two days and may have successors. Read-only once loaded; safe to
// read from any thread.
#ifndef CORE_TABLES_MUNICIPALITIES_H
#define CORE_TABLES_MUNICIPALITIES_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

// Bytes of a name, and of that of a police unit: that is a label of counts.
enum { MUNICIPALITY_TEXT_MAX = 64, MUNICIPALITY_UNIT_MAX = 31 };

struct municipality {
    uint16_t code;         // digits of the CBS code
    uint8_t province;      // 20..31 (PV20..PV31)
    uint8_t safety_region; // 1..25 (VR01..VR25)
    const char *name;      // official
    const char *province_name;
    const char *police_unit;   // one of the 10 regional units, by name
    int32_t valid_from;        // first day; INT32_MIN when before the table begins
    int32_t valid_to;          // last day; INT32_MAX when still there
    uint16_t successors[4];    // codes, largest share first; 0 ends the list
    uint32_t inhabitants;      // rounded, as in the table
    uint16_t inhabitants_year; // of which they are; 0: the table does not say
    const char *size_class;
};

struct municipalities;

// From the text of municipalities.csv and name-variants.csv (layout: the header lines of those
// files). NULL and a CONFIG error with file and line when a row is wrong. `name` arguments are for
// messages.
struct municipalities *municipalities_load(struct str table, const char *table_name,
                                           struct str variants, const char *variants_name,
                                           struct err *err) MUST_CHECK;
void municipalities_free(struct municipalities *all);

size_t municipalities_count(const struct municipalities *all);
const struct municipality *municipalities_at(const struct municipalities *all, size_t i);
// By code, whatever the date. NULL when there is none.
const struct municipality *municipalities_by_code(const struct municipalities *all, uint16_t code);

enum municipality_match {
    MUNICIPALITY_FOUND,
    MUNICIPALITY_NO_SUCH,   // no name, variant or code like this
    MUNICIPALITY_AMBIGUOUS, // several, and nothing decides: a bare "Bergen", a split since, or one
                            // made later of several in other regions
};

// What `word` means on `day`: a code as people write it ("GM0363", "gm 0363", "NLGM0363", "363",
// "363.0"), a code and a name that agree ("0363 - Amsterdam"), an official name or variant, also
// with "gemeente" or "gem." before or behind it, with its province behind it ("Haren Gn", "Bergen
// (Noord-Holland)"), or as UTF-8 that was taken for Latin-1. It is the municipality valid on that
// day, following successors of one that ended before it and predecessors of one that began after it
// while there is exactly one. One that several became is itself before its beginning too, since
// nothing says which of them, unless they lay in other regions. `province` (0 = not known) settles
// names that two provinces share. On FOUND sets *found and *spelling (the table's own text that
// matched; lives as long as the table); on AMBIGUOUS *spelling.
enum municipality_match municipalities_resolve(const struct municipalities *all, struct str word,
                                               int32_t day, uint8_t province,
                                               const struct municipality **found,
                                               const char **spelling);
// What `from` was or is on `day`, by the rule above. NULL when a split leaves several, or a merger
// several in other regions.
const struct municipality *municipalities_on(const struct municipalities *all,
                                             const struct municipality *from, int32_t day);
// The municipality that `from` is part of on `day`, following successors while there is exactly one
// (a split follows the first named, which has the largest share of addresses). NULL only for NULL.
const struct municipality *municipalities_successor(const struct municipalities *all,
                                                    const struct municipality *from, int32_t day);

// Each spelling that the tables know: codes in full form, official names and variants, both also
// with "Gemeente" before them.
void municipalities_each_spelling(const struct municipalities *all,
                                  void (*fn)(void *ctx, const char *spelling), void *ctx);
// How a word is compared with those of the tables: folded, as above; a code in full.
size_t municipalities_plain(struct str word, char out[STR_FOLDED_MAX]);
// "GM0363" for "gm363" or "0363": how a word that has the form of a code is written in full. False
// for any other.
enum { MUNICIPALITY_CODE_MAX = 8 };
bool municipalities_full_code(struct str word, char out[MUNICIPALITY_CODE_MAX]);

#endif
