// SPDX-License-Identifier: EUPL-1.2
// POST /v1/backup: the ledger as of one commit, in one stream: its manifest (codec/manifest.h) and
// the bytes of its file. The copy is made and looked at on a worker before the first byte leaves;
// then it is read in pieces, each in its turn among questions, at the pace of the connection. One
// at a time: who asks while one goes on gets 409. No key is in it.
#include "control_private.h"

#include "base/mem.h"
#include "codec/event.h"
#include "codec/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 << 10 };

struct backup_run {
    struct control_pieces pieces; // from when it streams
    struct control *control;
    struct http_request *request; // NULL: nobody waits any more
    struct store_copied copy;
    uint64_t sent; // of the copy's file
    struct err err;
    bool copies; // a worker has it
    atomic_bool stop;
};

static void run_free(struct backup_run *run) {
    run->control->backup = NULL;
    if (run->copy.fd >= 0)
        (void)close(run->copy.fd);
    free(run);
}

// --- the stream ---

static void put_manifest(const struct backup_run *run, struct buf *out) {
    const struct control *control = run->control;
    const struct ledger *ledger = control->options.ledger;
    struct manifest manifest = {.version = SIGNAALD_VERSION,
                                .lines = run->copy.lines,
                                .last_seq = run->copy.last_seq,
                                .bytes = run->copy.bytes};
    char name[DIGEST_HEX + 1], bytes[MANIFEST_BYTES];
    time_format_stamp(loop_wall_ms(), manifest.made);
    digest_to_hex(ledger_key_check(ledger), name);
    (void)snprintf(manifest.ledger, sizeof manifest.ledger, "%s", ledger_id(ledger));
    (void)snprintf(manifest.identity_key, sizeof manifest.identity_key, "%.*s", EVENT_KEY_HEX,
                   name);
    (void)snprintf(manifest.person_key, sizeof manifest.person_key, "%08" PRIx32,
                   ledger_person_keys(ledger)->list[0].id);
    memcpy(manifest.sha256, run->copy.sha256, sizeof manifest.sha256);
    manifest_put(&manifest, bytes);
    buf_put(out, bytes, sizeof bytes);
}

// What cannot be read ends the stream too early, which its reader sees.
static void read_piece(struct control_pieces *pieces) {
    struct backup_run *run = (struct backup_run *)pieces;
    struct buf *piece = &pieces->lines.buf;
    ssize_t n;
    buf_reserve(piece, PIECE_BYTES);
    do
        n = pread(run->copy.fd, piece->data, PIECE_BYTES, (off_t)run->sent);
    while (n < 0 && errno == EINTR);
    piece->len = n > 0 ? (size_t)n : 0;
    run->sent += piece->len;
}

static enum control_next next_piece(struct control_pieces *pieces) {
    const struct backup_run *run = (struct backup_run *)pieces;
    return run->sent == run->copy.bytes || pieces->empty ? CONTROL_END : CONTROL_READ;
}

static void end(struct control_pieces *pieces) {
    run_free((struct backup_run *)pieces);
}

static void send_copy(struct backup_run *run) {
    struct http_request *request = run->request;
    buf_printf(control_object(request), "lines=%" PRIu64 " sequence=%" PRIu64 " bytes=%" PRIu64,
               run->copy.lines, run->copy.last_seq, run->copy.bytes);
    run->pieces = (struct control_pieces){.read = read_piece, .next = next_piece, .end = end};
    control_send_pieces(run->control, request, &run->pieces, "application/octet-stream",
                        PIECE_BYTES);
    put_manifest(run, &run->pieces.lines.buf);
}

// --- the copy ---

static bool go_on(void *ctx) {
    struct backup_run *run = ctx;
    return !atomic_load(&run->stop);
}

static void make_copy(void *ctx) {
    struct backup_run *run = ctx;
    const struct store_copy_order order = {.disk_percent_max =
                                               run->control->options.config->disk_percent_max,
                                           .go_on = go_on,
                                           .ctx = run};
    (void)!ledger_copy(run->control->options.ledger, &order, &run->copy, &run->err);
}

static void on_copied(void *ctx) {
    struct backup_run *run = ctx;
    run->copies = false;
    if (run->request && !run->control->stopping && run->copy.fd >= 0) {
        send_copy(run);
        return;
    }
    if (run->request && run->control->stopping)
        control_abandon(run->request);
    else if (run->request)
        control_problem(run->request, 503, run->err.text);
    run_free(run);
}

void control_backup(struct control *control, struct http_request *request) {
    if (control->backup) {
        control_problem(request, 409, "A backup goes on already; wait for its end.");
        return;
    }
    struct backup_run *run = mem_zalloc(1, sizeof *run);
    run->control = control;
    run->copies = true;
    control->backup = run;
    control_hold(request, &run->request);
    loop_work_aside(control->options.loop, make_copy, on_copied, run);
}

void control_backup_stop(struct control *control) {
    if (control->backup)
        atomic_store(&control->backup->stop, true);
}

bool control_copies(const struct control *control) {
    return control->backup && control->backup->copies;
}
