// SPDX-License-Identifier: EUPL-1.2
// What an OAuth 2.0 token endpoint is asked by client credentials (RFC 6749, 4.4.2) and what it
// answers (5.1). Both hold secrets: whoever has them overwrites them.
#ifndef CODEC_OAUTH_H
#define CODEC_OAUTH_H

#include "base/str.h"

enum { OAUTH_TOKEN_MAX = 4096, OAUTH_SECRET_MAX = 4096, OAUTH_SCOPE_MAX = 256 };
enum { OAUTH_FORM_MAX = 3 * (OAUTH_SECRET_MAX + OAUTH_SCOPE_MAX) + 128 };

// Puts the body of the request into `form`, an empty buffer of OAUTH_FORM_MAX, and a NUL behind it.
// `secret` is "client_id:client_secret", at most OAUTH_SECRET_MAX bytes; `scope` absent: none.
// The credentials go into the body: what all servers we know of take.
void oauth_put_form(struct buf *form, struct str secret, struct str scope);

// A bearer token and for how many seconds it holds (3600 where the answer does not say). False when
// it is no such answer, or the token is too long or has characters that a header may not have.
bool oauth_decode_token(struct str body, char token[OAUTH_TOKEN_MAX + 1], int64_t *expires_s);

#endif
