// SPDX-License-Identifier: EUPL-1.2
// The answer of an OAuth 2.0 token endpoint (RFC 6749, 5.1).
#ifndef CODEC_OAUTH_H
#define CODEC_OAUTH_H

#include "base/str.h"

enum { OAUTH_TOKEN_MAX = 4096 };

// A bearer token and for how many seconds it holds (3600 where the answer does not say). False when
// it is no such answer, or the token is too long or has characters that a header may not have.
bool oauth_decode_token(struct str body, char token[OAUTH_TOKEN_MAX + 1], int64_t *expires_s);

#endif
