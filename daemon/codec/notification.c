// SPDX-License-Identifier: EUPL-1.2
// Reads one member of a notification and passes over all others: kenmerken may hold anything, and
// nothing of it is kept. Nothing is allocated that outlives the call.
#include "codec/notification.h"

#include "codec/json_scan.h"
#include "json_leaf.h"
#include "json_pick.h"

static enum notification read_channel(struct str object) {
    static const char *const pointers[] = {"/kanaal"};
    struct json_leaves leaves = {.count = 0};
    struct json_picked picked;
    uint32_t unused;
    enum notification kind = NOTIFICATION_BAD;
    struct json_pick *pick = json_pick_create(pointers, 1);
    if (json_pick_from(pick, object, &picked, &unused) && picked.raw.data && !picked.repeated) {
        const struct json_leaf leaf = json_leaf_read(&leaves, picked.raw);
        if (leaf.kind == JSON_KIND_TEXT && leaf.text.len)
            kind = str_is(leaf.text, "test") ? NOTIFICATION_TEST : NOTIFICATION_CHANGE;
    }
    json_pick_free(pick);
    json_leaves_release(&leaves);
    return kind;
}

enum notification notification_read(struct str body, enum door_charset charset) {
    struct door door;
    struct str object;
    uint32_t depth;
    enum notification kind = NOTIFICATION_BAD;
    if (body.len > NOTIFICATION_BYTES_MAX || !door_open(body, charset, &door))
        return NOTIFICATION_BAD;
    struct json_scan scan = {door.text, 1};
    json_scan_space(&scan);
    bool whole = json_scan_value(&scan, &object, &depth);
    json_scan_space(&scan);
    if (whole && scan.rest.len == 0 && object.data[0] == '{')
        kind = read_channel(object);
    door_close(&door);
    return kind;
}
