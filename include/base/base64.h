// SPDX-License-Identifier: EUPL-1.2
// Base64 as RFC 4648 section 4 has it (libsodium behind it): padded, without line breaks.
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/str.h"

// Decodes into out, at most `max` bytes. False when it is no Base64, or longer.
bool base64_decode(struct str text, char *out, size_t max, size_t *len) MUST_CHECK;

#endif
