// SPDX-License-Identifier: EUPL-1.2
// Writes lines of the audit log. A line is put together from what was understood of a request;
// what looks like an identifier of a person is masked. Each line is a commit task of its own,
// which frees itself once the caller has been told whether it is on the disk.
#include "jobs/audit.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "base/pii/scrub.h"
#include "codec/json_out.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    struct audit_task audit;
    void (*done)(void *ctx, bool written);
    void *ctx;
};

static void on_written(struct commit_task *task) {
    struct writing *writing = (struct writing *)task;
    writing->done(writing->ctx, task->err.kind == ERR_NONE);
    buf_free(&writing->audit.line);
    free(writing);
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
    log_keep_names(text, object);
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
    struct writing *writing = mem_zalloc(1, sizeof *writing);
    writing->audit.task.run = ledger_append_audit;
    writing->audit.task.done = on_written;
    writing->done = done;
    writing->ctx = ctx;
    buf_init(&writing->audit.line, AUDIT_LINE_MAX);
    audit_put(&writing->audit.line, entry);
    assert(!writing->audit.line.overflow);
    pipeline_submit(pipeline, &writing->audit.task);
}
