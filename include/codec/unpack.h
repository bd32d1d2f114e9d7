// SPDX-License-Identifier: EUPL-1.2
// Unpacks gzip (RFC 1952; zlib behind it), at most as much as it may become.
#ifndef CODEC_UNPACK_H
#define CODEC_UNPACK_H

#include "base/str.h"

enum unpack_end {
    UNPACK_GOOD,
    UNPACK_BROKEN,    // cut off, damaged, or something else stands behind it
    UNPACK_TOO_LARGE, // longer than `max`
};

// GOOD: *out has *len bytes and is the caller's (mem_wipe_free). Else it is NULL. Several packed
// pieces one behind the other are one text, as the RFC has it. At any time at most twice of what
// came out, or 64 KiB, is allocated.
enum unpack_end unpack_gzip(struct str packed, size_t max, char **out, size_t *len);

#endif
