// SPDX-License-Identifier: EUPL-1.2
#include "jobs/audit.h"

#include "base/mem.h"
#include "base/pii/scrub.h"
#include "codec/json_out.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    void (*done)(void *ctx, bool written);
    void *ctx;
};

static void on_batch_done(struct batch *batch) {
    struct writing writing = *(struct writing *)batch->ctx;
    bool written = batch->err.kind == ERR_NONE;
    free(batch->ctx);
    batch_free(batch);
    writing.done(writing.ctx, written);
}

// Digests of files have the digits of identifiers now and then, and are to be found back.
static void restore_digests(char *text, struct str object) {
    uint8_t digest[CONFIG_DIGEST_BYTES];
    struct str rest = object, word, name;
    while (str_split(&rest, ' ', &word))
        if (str_split(&word, '=', &name) && hash_from_hex(word, digest, sizeof digest))
            memcpy(text + (word.data - object.data), word.data, word.len);
}

static void put_object(struct json_out *json, struct str object) {
    char text[AUDIT_OBJECT_MAX];
    if (object.len > sizeof text)
        object.len = sizeof text;
    if (object.len)
        memcpy(text, object.data, object.len);
    scrub_mask(text, object.len);
    restore_digests(text, object);
    json_put_string(json, "object", (struct str){text, object.len});
}

// The time stands first: expiry reads it there.
void audit_put(struct buf *out, const struct audit_entry *entry) {
    char time[TIME_STAMP_MAX];
    struct json_out json = {.buf = out};
    time_format_stamp(loop_wall_ms(), time);
    json_put_text(&json, "time", time);
    json_put_text(&json, "actor", entry->actor);
    json_put_text(&json, "origin", entry->origin);
    json_put_text(&json, "action", entry->action);
    put_object(&json, entry->object);
    json_put_text(&json, "result", entry->result);
}

void audit_write(struct pipeline *pipeline, const struct audit_entry *entry,
                 void (*done)(void *ctx, bool written), void *ctx) {
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_AUDIT);
    struct writing *writing = mem_alloc(sizeof *writing);
    *writing = (struct writing){done, ctx};
    audit_put(&batch->audit, entry);
    assert(!batch->audit.overflow);
    batch->done = on_batch_done;
    batch->ctx = writing;
    pipeline_submit(pipeline, batch);
}
