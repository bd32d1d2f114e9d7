// SPDX-License-Identifier: EUPL-1.2
// The token by which a client of the Dutch ZGW standards (Zaken API, Catalogi API and others) says
// who it is: a JWT (RFC 7519) of its own making, HS256, with the claims of the ZGW standard: iss,
// iat, client_id, user_id, user_representation. The other side takes it for an hour after iat.
#ifndef CODEC_JWT_H
#define CODEC_JWT_H

#include "base/str.h"

enum { JWT_ID_MAX = 256, JWT_MAX = 4096 };

// Appends it. `secret` is "client_id:secret", the id without control characters and at most
// JWT_ID_MAX bytes. It is dated a minute back: clocks differ, and a token from the future is
// refused. No claim says who of us asks.
void jwt_put_zgw(struct buf *out, struct str secret, int64_t now_ms);

#endif
