// SPDX-License-Identifier: EUPL-1.2
// What only one side may know: the token that a source posts with, and the secret that the daemon
// polls with. Nothing here prints one.
#ifndef CTL_SOURCE_SECRET_H
#define CTL_SOURCE_SECRET_H

#include "base/hash.h"
#include "base/str.h"

#include <sys/types.h>

enum { SECRET_TOKEN_MAX = 48, SECRET_HASH_MAX = 2 * SHA256_BYTES + 1 };

// A new token (256 random bits, base64url) and its SHA-256 in hexadecimal digits.
void secret_make_token(char token[SECRET_TOKEN_MAX], char hash[SECRET_HASH_MAX]);
// A new file of mode 0600, of this owner where root makes it; never over one that is there.
bool secret_write(const char *path, const char *text, uid_t uid, gid_t gid,
                  struct err *err) MUST_CHECK;

// Is there somebody to ask?
bool ask_can(void);
// Asks on the terminal; the answer without its line end, "" for none. NULL: nobody answers any
// more. The caller frees it. `fallback` (NULL: none) is shown, and is what an empty answer means.
char *ask_line(const char *question, const char *fallback);
// The same without showing what is typed; where there is no terminal, the first line of standard
// input. The caller frees it with mem_wipe_free.
char *ask_secret(const char *question);

#endif
