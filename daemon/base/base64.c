// SPDX-License-Identifier: EUPL-1.2
// Nothing is taken but the one alphabet with its padding, so that no two texts mean the same bytes.
// It owns nothing.
#include "base/base64.h"

#include <sodium.h>

bool base64_decode(struct str text, char *out, size_t max, size_t *len) {
    *len = 0;
    return sodium_base642bin((unsigned char *)out, max, text.data, text.len, NULL, len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}
