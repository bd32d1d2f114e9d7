// SPDX-License-Identifier: EUPL-1.2
// A stream of what is read from the disk a piece at a time, each in its turn among
// questions, at the pace of its connection: nothing is read ahead of what has been sent. A piece is
// on a worker while `reads`; whoever owns the stream is freed when it is closed and nobody reads.
#include "control_private.h"

static void end(struct control_pieces *pieces) {
    buf_free(&pieces->lines.buf);
    pieces->end(pieces);
}

static void read_piece(void *ctx) {
    struct control_pieces *pieces = ctx;
    pieces->read(pieces);
}

static void on_piece(void *ctx) {
    struct control_pieces *pieces = ctx;
    pieces->reads = false;
    pieces->empty = pieces->lines.buf.len == 0;
    if (pieces->closed)
        end(pieces);
    else
        http_stream_wake(pieces->request);
}

static ssize_t pull(void *ctx, char *out, size_t max) {
    struct control_pieces *pieces = ctx;
    if (pieces->reads)
        return 0;
    size_t n = control_lines_take(&pieces->lines, out, max);
    if (n > 0)
        return (ssize_t)n;
    (void)control_lines_sent(&pieces->lines);
    enum control_next next = pieces->next(pieces);
    pieces->empty = false;
    if (next == CONTROL_END || pieces->control->stopping)
        return -1;
    if (next == CONTROL_WAIT)
        return 0;
    pieces->reads = true;
    control_work(pieces->control, pieces->uid, true, read_piece, on_piece, pieces);
    return 0;
}

static void closed(void *ctx) {
    struct control_pieces *pieces = ctx;
    if (pieces->leave)
        pieces->leave(pieces);
    pieces->closed = true;
    if (!pieces->reads)
        end(pieces);
}

void control_send_pieces(struct control *control, struct http_request *request,
                         struct control_pieces *pieces, const char *type, size_t piece_bytes_max) {
    pieces->control = control;
    pieces->request = request;
    pieces->uid = control_uid(request);
    buf_init(&pieces->lines.buf, piece_bytes_max);
    struct http_reply head = {.status = 200, .content_type = type};
    struct http_stream_source source = {.pull = pull, .closed = closed, .ctx = pieces};
    control_stream(request, &head, &source);
}
