// SPDX-License-Identifier: EUPL-1.2
// DELETE /v1/signals/{source}/{id}: what is held on one signal goes. Nothing that was typed is
// kept: not in the log, and in the audit log only the signal's digest.
#include "control_private.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <stdlib.h>

struct erasure {
    struct http_request *request; // NULL: it is gone
    unsigned uid;
};

static void send_outcome(const struct erasure *erasure, const struct batch_erase *erase) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    json_open(&json, '{');
    json_put_u64(&json, "erased", erase->erased);
    json_put_u64(&json, "waiting", erase->waiting);
    json_close(&json, '}');
    control_send(erasure->request, &reply);
}

static void on_batch_done(struct batch *batch) {
    struct erasure *erasure = batch->ctx;
    struct batch_erase erase = batch->erase;
    bool failed = batch->err.kind != ERR_NONE;
    batch_free(batch);
    if (!failed && erase.found)
        log_notice("signal erased versions=%u waiting=%u uid=%u", erase.erased, erase.waiting,
                   erasure->uid);
    if (erasure->request && failed)
        control_problem(erasure->request, 503, "It cannot be made durable now; try again later.");
    else if (erasure->request && !erase.found)
        control_problem(erasure->request, 404,
                        "Never seen: no signal with this id came from this source.");
    else if (erasure->request)
        send_outcome(erasure, &erase);
    free(erasure);
}

static void on_gone(void *work) {
    struct erasure *erasure = work;
    erasure->request = NULL;
}

void control_erase(struct control *control, struct http_request *request) {
    struct control_signal signal;
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    if (!control_take_signal(control, request, &signal)) {
        control_problem(request, 400, "Ask for /v1/signals/{source}/{id}, percent-encoded.");
        return;
    }
    (void)http_peer(request, &uid, &gid, &pid);
    struct erasure *erasure = mem_alloc(sizeof *erasure);
    *erasure = (struct erasure){request, (unsigned)uid};
    struct batch *batch = batch_create_task(control->sources, control->tables, BATCH_ERASE);
    batch->received_ms = loop_wall_ms();
    batch->erase.identity = signal.identity;
    batch->erase.publishing =
        ledger_publishes(control->options.ledger, control->options.config->kafka_brokers != NULL);
    batch->done = on_batch_done;
    batch->ctx = erasure;
    control_hold(request, erasure, on_gone);
    pipeline_submit(control->options.pipeline, batch);
}
