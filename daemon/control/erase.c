// SPDX-License-Identifier: EUPL-1.2
// DELETE /v1/signals/{source}/{id}: what is held on one signal goes. Nothing that was typed is
// kept: not in the log, and in the audit log only the signal's digest.
#include "control_private.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <stdlib.h>

struct erasure {
    struct erase_task erase;      // has a reference of the tables
    struct http_request *request; // NULL: it is gone
    unsigned uid;
};

static void send_outcome(const struct erasure *erasure) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    json_open(&json, '{');
    json_put_u64(&json, "erased", erasure->erase.erased);
    json_put_u64(&json, "waiting", erasure->erase.waiting);
    json_close(&json, '}');
    control_send(erasure->request, &reply);
}

static void on_erased(struct commit_task *task) {
    struct erasure *erasure = (struct erasure *)task;
    const struct erase_task *erase = &erasure->erase;
    bool failed = task->err.kind != ERR_NONE;
    if (failed)
        log_alarm(ALARM_NOT_ERASED, "signal not erased uid=%u reason=\"%s\"", erasure->uid,
                  task->err.text);
    if (!failed && erase->found)
        log_notice("signal erased versions=%u waiting=%u uid=%u", erase->erased, erase->waiting,
                   erasure->uid);
    if (erasure->request && failed)
        control_problem(erasure->request, 503,
                        task->err.kind == ERR_RETRY
                            ? "It cannot be made durable now; try again later."
                            : "Nothing was erased, since not all that is held can be read: the "
                              "ledger is damaged. signaald --verify says what.");
    else if (erasure->request && !erase->found)
        control_problem(erasure->request, 404,
                        "Never seen: no signal with this id came from this source.");
    else if (erasure->request)
        send_outcome(erasure);
    tables_unref(erasure->erase.tables);
    free(erasure);
}

void control_erase(struct control *control, struct http_request *request) {
    struct control_signal signal;
    if (!control_take_signal(control, request, &signal)) {
        control_problem(request, 400, "Ask for /v1/signals/{source}/{id}, percent-encoded.");
        return;
    }
    struct erasure *erasure = mem_zalloc(1, sizeof *erasure);
    *erasure = (struct erasure){
        .erase = {.task = {.run = ledger_erase, .done = on_erased},
                  .tables = tables_ref(control->tables),
                  .received_ms = loop_wall_ms(),
                  .identity = signal.identity,
                  .publishing = ledger_publishes(control->options.ledger,
                                                 control->options.config->kafka_brokers != NULL)},
        .uid = control_uid(request)};
    control_hold(request, &erasure->request);
    pipeline_submit(control->options.pipeline, &erasure->erase.task);
}
