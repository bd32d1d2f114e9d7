// SPDX-License-Identifier: EUPL-1.2
// What a client would rather have, by the weights of its Accept headers (RFC 9110, 12.4 and 12.5).
#ifndef API_ACCEPT_H
#define API_ACCEPT_H

#include "base/str.h"

enum { ACCEPT_WEIGHT_MAX = 1000 };

// The weight in thousandths that an Accept header gives a media type, by the range that names it
// most closely; 0: it does not want it. An absent header takes anything.
unsigned accept_type(struct str header, const char *type);
// The same of a language such as "nl", which any of its dialects ("nl-BE") asks for too. An absent
// header has no wish: 0.
unsigned accept_language(struct str header, const char *language);

#endif
