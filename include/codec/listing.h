// SPDX-License-Identifier: EUPL-1.2
// The list of a folder as SFTP servers give it: for each file a line as `ls -l` writes it, which is
// no standard but what they all do ("-rw-r--r--    1 user  group     1234 Nov 29 16:27 name").
#ifndef CODEC_LISTING_H
#define CODEC_LISTING_H

#include "base/str.h"

enum { LISTING_NAME_MAX = 255, LISTING_FILES_MAX = 10000 };

struct listing_file {
    struct str name; // borrowed; without control characters, and no dot at its beginning
    uint64_t size;
    int64_t ms; // when it was changed, to the minute, or to the day where it is older than half a
                // year; as if the server's clock showed UTC. Never 0: of the first minute of 1970
                // it is 1
};

// Calls fn for each regular file, in the server's order. False when there are more than
// LISTING_FILES_MAX: then nobody knows what the folder has. `now_ms` says of which year a day is.
// `unreadable`, out: lines of regular files that cannot be read; what the others say holds.
bool listing_read(struct str text, int64_t now_ms,
                  void (*fn)(void *ctx, const struct listing_file *file), void *ctx,
                  size_t *unreadable);

#endif
