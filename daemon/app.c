// SPDX-License-Identifier: EUPL-1.2
// Start: ledger, pipeline, publisher, push, feeds, control; then READY. Stop: no more input, what
// is in hand is committed and answered, Kafka gets a while to confirm, then all ends in reverse.
// Nothing in flight is lost: what Kafka has not confirmed stays in the outbox.
#include "app.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "control/control.h"
#include "edge/notify.h"
#include "edge/store/place.h"
#include "jobs/audit.h"
#include "jobs/month_close.h"
#include "jobs/retention.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HOUSEKEEPING_MS = 1000,
    PUBLISH_STOP_MS = 5000, // how long Kafka may take to confirm when we stop
    STOP_MAX_MS = 30000,    // how long a stop may take at all
    FLUSH_TURN_MS = 20,     // while the last replies leave
    FLUSH_TURNS_MAX = 100,
    DAY_MS = 24 * 3600 * 1000, // how often the head of the audit log goes to our log
};

struct app {
    struct config *config;
    struct loop *loop;
    struct sources *sources;
    struct tables *tables;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct admission admission;
    struct publish_job *kafka;
    struct push *push;
    struct feeds *feeds;
    struct control *control;
    struct retention_timer *retention;
    struct month_close *month_close;
    struct loop_signal *on_term, *on_int, *on_hup;
    struct loop_timer *housekeeping, *watchdog, *stop_deadline, *flush, *daily;
    int flush_turns;
    bool stopping;
    bool start_logged, start_writing; // the audit log's line of this start
    struct buf started_with;          // digests of the configuration, for that line
    int status;
};

static void give_up(struct app *app);

// --- commits ---

static void on_committed(void *ctx) {
    struct app *app = ctx;
    admission_note_commit(&app->admission, NULL);
    publish_job_wake(app->kafka);
    if (app->control)
        control_wake(app->control);
}

static void on_commit_failed(void *ctx, const struct err *err) {
    struct app *app = ctx;
    admission_note_commit(&app->admission, err);
    if (err->kind == ERR_FATAL)
        give_up(app);
}

// --- audit ---

// A copy outside of the ledger: against it a log that was cut off or put back shows.
static void log_audit_head(void *ctx) {
    const struct app *app = ctx;
    char mac[DIGEST_HEX + 1];
    digest_to_hex(ledger_audit_mac(app->ledger), mac);
    log_notice("audit head number=%llu mac=%s", (unsigned long long)ledger_audit_last(app->ledger),
               mac);
}

static void on_start_logged(void *ctx, bool written) {
    struct app *app = ctx;
    app->start_writing = false;
    app->start_logged = written;
    if (written)
        log_audit_head(app);
}

static void write_audit(struct app *app, const char *origin, const char *action, struct str object,
                        const char *result, void (*done)(void *ctx, bool written)) {
    const struct audit_entry entry = {
        .actor = "system", .origin = origin, .action = action, .object = object, .result = result};
    audit_write(app->pipeline, &entry, done, app);
}

// On a full disk we start all the same, to show and publish what there is, and the line is written
// once there is room.
static void log_start(struct app *app) {
    struct buf object;
    buf_init(&object, AUDIT_OBJECT_MAX);
    buf_puts(&object, "version=" SIGNAALD_VERSION " ");
    buf_put_str(&object, buf_str(&app->started_with));
    app->start_writing = true;
    write_audit(app, "start", "start", buf_str(&object), "started", on_start_logged);
    buf_free(&object);
}

// --- what ends by itself ---

static void warn_of_certificates(struct app *app) {
    struct push_status status;
    push_get_status(app->push, &status);
    certificate_warn("the TLS certificate", status.certificate_ends_s);
    feeds_look_at_certificates(app->feeds);
}

static void on_day(void *ctx) {
    log_audit_head(ctx);
    warn_of_certificates(ctx);
}

// --- housekeeping ---

static void on_housekeeping(void *ctx) {
    struct app *app = ctx;
    admission_measure(&app->admission);
    // Nobody may be sending: see by ourselves when it works again.
    if (app->admission.levels.commits_fail && !app->stopping)
        pipeline_force_sync(app->pipeline);
    else if (!app->start_logged && !app->start_writing && !app->stopping)
        log_start(app);
}

static void on_watchdog(void *ctx) {
    (void)ctx;
    notify_watchdog();
}

// --- reload ---

// Have the files stayed as they were when `before` was taken? Puts what they are now.
static bool same_files(const struct app *app, const struct buf *before, struct buf *digests) {
    config_digest(app->config, false, digests);
    return before->len == digests->len && memcmp(before->data, digests->data, before->len) == 0;
}

static bool reload(void *ctx, struct buf *digests, struct buf *text) {
    struct app *app = ctx;
    struct sources *sources;
    struct tables *tables;
    struct buf before;
    if (app->stopping) {
        buf_puts(text, "the service is stopping\n");
        return false;
    }
    buf_init(&before, AUDIT_OBJECT_MAX);
    config_digest(app->config, false, &before);
    bool ok = sources_load_all(app->config, &sources, &tables, text);
    if (!same_files(app, &before, digests) && ok) {
        buf_puts(text, "a file was changed while it was read: reload again\n");
        ok = false;
    }
    buf_free(&before);
    struct http_tls *tls = NULL;
    struct err err;
    if (ok && !push_read_tls(app->config, &tls, &err)) {
        buf_printf(text, "%s\n", err.text);
        ok = false;
    }
    if (ok) {
        push_use_tls(app->push, tls);
        push_use(app->push, sources, tables);
        feeds_use(app->feeds, sources, tables);
        control_use(app->control, sources, tables);
        month_close_use(app->month_close, tables);
        publish_job_use(app->kafka, sources, tables);
        warn_of_certificates(app);
        log_notice("tables reloaded sources=%zu", sources->count);
    }
    http_tls_unref(tls);
    sources_unref(ok ? app->sources : sources);
    tables_unref(ok ? app->tables : tables);
    if (ok) {
        app->sources = sources;
        app->tables = tables;
    }
    return ok;
}

static void log_refused(struct str faults) {
    struct str line;
    while (str_split(&faults, '\n', &line))
        if (line.len)
            log_alarm(ALARM_RELOAD_REFUSED, "reload refused, the old tables stay: %.*s",
                      (int)line.len, line.data);
}

static void on_sighup_ended(void *ctx, bool written) {
    (void)ctx;
    if (!written)
        log_alarm(ALARM_AUDIT_LINE_LOST,
                  "audit line lost action=reload: begun, its outcome is not logged");
}

static void on_sighup_begun(void *ctx, bool written) {
    struct app *app = ctx;
    struct buf digests, faults;
    buf_init(&digests, AUDIT_OBJECT_MAX);
    buf_init(&faults, 1 << 20);
    bool ok = false;
    if (!written)
        buf_puts(&faults, "it cannot be logged in the audit log now");
    else
        ok = reload(app, &digests, &faults);
    log_refused(buf_str(&faults));
    if (written)
        write_audit(app, "signal", "reload", buf_str(&digests), ok ? "accepted" : "refused",
                    on_sighup_ended);
    if (!app->stopping)
        notify_ready("running");
    buf_free(&digests);
    buf_free(&faults);
}

static void on_sighup(void *ctx) {
    struct app *app = ctx;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (app->stopping)
        return;
    notify_reloading((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    write_audit(app, "signal", "reload", (struct str){NULL, 0}, "begun", on_sighup_begun);
}

// --- stop ---

// Replies that the last commit released may still be on their way: each connection closes behind
// its reply.
static void on_flush_turn(void *ctx) {
    struct app *app = ctx;
    struct push_status status;
    push_get_status(app->push, &status);
    if (!app->status && control_reads(app->control))
        return; // it reads the ledger, and has been told to end
    if (status.connections > 0 && app->flush_turns++ < FLUSH_TURNS_MAX)
        return;
    log_audit_head(app);
    log_notice("stopped waiting=%llu", (unsigned long long)ledger_unpublished(app->ledger));
    if (app->status)
        _exit(app->status);
    loop_stop(app->loop);
}

// Only a restart tells what is on the disk: the last replies leave, then the process ends as it is.
static void give_up(struct app *app) {
    if (app->status)
        return;
    app->status = 1;
    app->stopping = true;
    notify_stopping();
    push_quiesce(app->push);
    loop_timer_start(app->flush, 0, FLUSH_TURN_MS);
}

static void on_last_commit(void *ctx) {
    struct app *app = ctx;
    loop_timer_start(app->flush, 0, FLUSH_TURN_MS);
}

// The last reports have come: they are kept in a last commit.
static void on_reports_in(void *ctx) {
    struct app *app = ctx;
    pipeline_when_idle(app->pipeline, on_last_commit, app);
}

static void on_input_done(void *ctx) {
    struct app *app = ctx;
    publish_job_stop(app->kafka, PUBLISH_STOP_MS, on_reports_in, app);
}

static void on_stop_deadline(void *ctx) {
    struct app *app = ctx;
    log_alarm(ALARM_STOP_SLOW,
              "stop takes too long, ending now; the ledger has all that was accepted");
    _exit(app->status ? app->status : 1);
}

static void on_terminate(void *ctx) {
    struct app *app = ctx;
    if (app->stopping)
        return;
    app->stopping = true;
    log_notice("stopping");
    notify_stopping();
    loop_timer_start(app->stop_deadline, STOP_MAX_MS, 0);
    push_quiesce(app->push);
    control_quiesce(app->control);
    feeds_stop(app->feeds);
    retention_stop(app->retention);
    month_close_stop(app->month_close);
    pipeline_force_sync(app->pipeline); // the last totals
    pipeline_when_idle(app->pipeline, on_input_done, app);
}

// --- start ---

static bool is_own_name(void *ctx, struct str name) {
    const struct app *app = ctx;
    return app->sources && sources_find(app->sources, name);
}

static bool load_tables(struct app *app, struct err *err) {
    struct buf faults;
    buf_init(&faults, 1 << 20);
    bool ok = sources_load_all(app->config, &app->sources, &app->tables, &faults);
    struct str rest = buf_str(&faults), line;
    while (!ok && str_split(&rest, '\n', &line))
        if (line.len)
            log_alarm(ALARM_CONFIGURATION, "the configuration is at fault: %.*s", (int)line.len,
                      line.data);
    buf_free(&faults);
    return ok || err_set(err, ERR_CONFIG, "the tables or the sources are at fault");
}

static bool open_ledger(struct app *app, struct err *err) {
    const struct config *config = app->config;
    struct ledger_options ledger = {.dir = config->state_dir,
                                    .bytes_max = config->state_bytes_max,
                                    .identity_key_file = config->identity_key_file,
                                    .person_key_file = config->person_key_file,
                                    .person_previous_key_file = config->person_previous_key_file,
                                    .window_ms = config->retention.identity_ms,
                                    .topic = config->kafka_topic,
                                    .counts_topic = kafka_counts_topic(config)};
    app->ledger = store_place_check(config->state_dir, err) ? ledger_open(&ledger, err) : NULL;
    if (!app->ledger || !ledger_statistics_fit(app->ledger, config->disclosure_rounding_base, err))
        return false;
    struct pipeline_options pipeline = {
        .delivery = {.limits = {.item_bytes_max = config->item_bytes_max,
                                .items_max = config->items_max,
                                .depth_max = config->json_depth_max},
                     .identity_key = ledger_identity_key(app->ledger),
                     .person_keys = ledger_person_keys(app->ledger)},
        .on_committed = on_committed,
        .on_failed = on_commit_failed,
        .ctx = app};
    app->pipeline = pipeline_create(app->loop, app->ledger, &pipeline);
    admission_init(&app->admission, config, app->ledger, app->pipeline);
    return true;
}

static bool create_kafka(struct app *app, struct err *err) {
    const struct publish_job_options options = {app->config,   app->loop,    app->ledger,
                                                app->pipeline, app->sources, app->tables};
    app->kafka = publish_job_create(&options, err);
    return app->kafka != NULL;
}

static bool open_sides(struct app *app, struct err *err) {
    struct push_options push = {.config = app->config,
                                .loop = app->loop,
                                .ledger = app->ledger,
                                .pipeline = app->pipeline,
                                .admission = &app->admission,
                                .listen_fd = notify_listen_fd("intake")};
    struct feeds_options feeds = {.config = app->config,
                                  .loop = app->loop,
                                  .ledger = app->ledger,
                                  .pipeline = app->pipeline,
                                  .admission = &app->admission};
    app->feeds = feeds_create(&feeds, app->sources, app->tables, err);
    if (!app->feeds)
        return false;
    app->push = push_create(&push, app->sources, app->tables, err);
    if (!app->push)
        return false;
    struct control_options control = {.config = app->config,
                                      .loop = app->loop,
                                      .ledger = app->ledger,
                                      .pipeline = app->pipeline,
                                      .admission = &app->admission,
                                      .push = app->push,
                                      .feeds = app->feeds,
                                      .kafka = app->kafka,
                                      .reload = reload,
                                      .ctx = app,
                                      .listen_fd = notify_listen_fd("control")};
    app->control = control_create(&control, app->sources, app->tables, err);
    return app->control != NULL;
}

static void start_clockwork(struct app *app) {
    int64_t interval = notify_watchdog_interval_ms();
    app->on_term = loop_signal_create(app->loop, SIGTERM, on_terminate, app);
    app->on_int = loop_signal_create(app->loop, SIGINT, on_terminate, app);
    app->on_hup = loop_signal_create(app->loop, SIGHUP, on_sighup, app);
    app->stop_deadline = loop_timer_create(app->loop, on_stop_deadline, app);
    app->flush = loop_timer_create(app->loop, on_flush_turn, app);
    app->housekeeping = loop_timer_create(app->loop, on_housekeeping, app);
    loop_timer_start(app->housekeeping, 0, HOUSEKEEPING_MS);
    app->daily = loop_timer_create(app->loop, on_day, app);
    loop_timer_start(app->daily, DAY_MS, DAY_MS);
    app->retention =
        retention_create(app->loop, app->pipeline, app->ledger, &app->config->retention, app->kafka,
                         app->config->kafka_brokers != NULL);
    app->month_close = month_close_create(app->loop, app->pipeline, app->config, app->tables);
    app->watchdog = loop_timer_create(app->loop, on_watchdog, app);
    if (interval > 0)
        loop_timer_start(app->watchdog, 0, interval);
}

static void close_all(struct app *app) {
    log_set_names(NULL, NULL);
    loop_timer_free(app->watchdog);
    loop_timer_free(app->daily);
    loop_timer_free(app->housekeeping);
    loop_timer_free(app->flush);
    loop_timer_free(app->stop_deadline);
    loop_signal_free(app->on_hup);
    loop_signal_free(app->on_int);
    loop_signal_free(app->on_term);
    month_close_free(app->month_close);
    retention_free(app->retention);
    control_free(app->control);
    push_free(app->push);
    feeds_free(app->feeds);
    publish_job_free(app->kafka);
    pipeline_free(app->pipeline);
    ledger_close(app->ledger);
    tables_unref(app->tables);
    sources_unref(app->sources);
    buf_free(&app->started_with);
    loop_free(app->loop);
}

int app_run(struct config *config) {
    struct app app = {.config = config};
    struct err err = {0};
    app.loop = loop_create(&err);
    log_set_names(is_own_name, &app);
    buf_init(&app.started_with, AUDIT_OBJECT_MAX);
    config_digest(config, true, &app.started_with);
    if (app.loop && load_tables(&app, &err) && open_ledger(&app, &err) &&
        create_kafka(&app, &err) && open_sides(&app, &err)) {
        start_clockwork(&app);
        log_notice("started version=%s sources=%zu lines=%llu waiting=%llu port=%u",
                   SIGNAALD_VERSION, app.sources->count,
                   (unsigned long long)ledger_last_seq(app.ledger),
                   (unsigned long long)ledger_unpublished(app.ledger), push_port(app.push));
        notify_ready("running");
        warn_of_certificates(&app);
        log_start(&app);
        loop_run(app.loop);
    } else {
        if (err.kind == ERR_DAMAGED)
            log_alarm(ALARM_LEDGER_DAMAGED, "the ledger cannot be used: %s: %s", err.text,
                      store_damage_advice);
        else
            log_alarm(ALARM_CANNOT_START, "cannot start: %s", err.text);
        app.status = err_exit_status(&err);
    }
    close_all(&app);
    return app.status;
}
