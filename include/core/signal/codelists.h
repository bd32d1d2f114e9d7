// SPDX-License-Identifier: EUPL-1.2
// The closed lists of words about a victim and a signal's status: Dutch, English, HTCDS 2.0 and,
// for countries, ISO 3166-1. Each takes a word in any case and punctuation; false when the list
// lacks it.
#ifndef CORE_SIGNAL_CODELISTS_H
#define CORE_SIGNAL_CODELISTS_H

#include "core/signal/signal.h"

bool codelist_gender(struct str word, enum gender *out);
bool codelist_age_group(struct str word, enum age_group *out);
// A country's alpha-2 or alpha-3 code or a group. EU: the member states of that day beside the
// Netherlands; from 2000 on it is right.
bool codelist_citizenship(struct str word, int32_t day, enum citizenship *out);
// The alpha-2 code, in lower case, of a country's alpha-2 or alpha-3 code.
bool codelist_country(struct str word, char out[3]);
bool codelist_is_unknown(struct str word); // "onbekend", "not specified"
bool codelist_status(struct str word, enum status *out);
bool codelist_consent(struct str word, bool *given);

#endif
