// SPDX-License-Identifier: EUPL-1.2
// Verbs that list what the daemon keeps by number, with -n N and --from N: lines as they come. Who
// pages through them reads slowly, and the daemon cuts who does not read; then the rest is asked
// for from the line behind the last that was shown.
#ifndef CTL_QUERY_LISTING_H
#define CTL_QUERY_LISTING_H

#include "ctl/query/ctl.h"

struct ctl_listing {
    const struct ctl *ctl;
    const char *path; // "/v1/events"
    uint64_t last;    // so many lines without -n
    bool follow;
    // The number of a line; false: it has none.
    bool (*number)(const struct json_view *line, uint64_t *number);
    // Shows a line, not with --json; NULL: it cannot be read. False, with an error, ends the list.
    bool (*show)(void *ctx, const struct json_view *line, struct err *err);
    void *ctx;
    // made by ctl_list
    bool any;            // a line has come
    bool moved;          // since the last time that it was asked for
    uint64_t next, left; // line to go on with, 0: not yet known; lines that are still wanted
};

enum ctl_exit ctl_list(struct ctl_listing *listing);

#endif
