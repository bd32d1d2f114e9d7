// SPDX-License-Identifier: EUPL-1.2
// Start: ledger, pipeline, publisher, push, feeds, control; then READY. Stop: nobody new, what is
// in hand or on its way is committed and answered, Kafka gets a while to confirm, then all ends in
// reverse.
// Nothing in flight is lost: what Kafka has not confirmed stays in the outbox.
#include "app.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "control/control.h"
#include "edge/store/place.h"
#include "jobs/audit.h"
#include "jobs/month_close.h"
#include "jobs/retention.h"
#include "liveness.h"
#include "passed_sockets.h"
#include "reload.h"

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
    STOP_IDLE_MS = 1000,    // so long a connection may be silent before a stop closes it
    STOP_INPUT_MS = 10000,  // and so long a request may be on its way
    FLUSH_TURN_MS = 20,     // while the last replies leave
    FLUSH_TURNS_MAX = 100,
    DAY_MS = 24 * 3600 * 1000, // how often the head of the audit log goes to our log
    STATUS_MS = 10000,         // how often the numbers of the status line may change
    WATCHDOGS_MAX = 4,         // so many times the watchdog's patience work may stand still
};

struct app {
    struct config *config;
    struct loop *loop;
    struct sources *sources;
    struct tables *tables;
    struct reload_rows rows; // of the tables
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
    struct loop_timer *housekeeping, *watchdog, *stop_deadline, *last_input, *flush, *daily;
    struct passed_sockets passed;
    struct liveness liveness;
    int64_t watchdog_ms; // the service manager's patience; 0: there is none
    const char *stands;  // why the watchdog is not told, as logged
    char told[LIVENESS_LINE_MAX];
    int64_t told_ms;
    int64_t counted_since_ms; // the day, or the start in it
    uint64_t counted_from;    // accepted by then
    int64_t stop_ms;
    int flush_turns;
    bool stopping;
    bool reloading, reload_again;
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

// --- what systemd is told ---

static void on_watchdog(void *ctx) {
    struct app *app = ctx;
    struct liveness_now now = {.now_ms = loop_now_ms(app->loop),
                               .commits_ms = pipeline_stands_ms(app->pipeline),
                               .commits_fail = app->admission.levels.commits_fail};
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        publish_job_status(app->kafka, (enum ledger_topic)i, &now.streams[i].publish);
        now.streams[i].waiting = ledger_waits_for(app->ledger, (enum ledger_topic)i);
    }
    const char *stands = liveness_look(&app->liveness, &now, WATCHDOGS_MAX * app->watchdog_ms);
    if (stands && !app->stands)
        log_alarm(ALARM_HANGS, "the work stands still: %s hangs: the watchdog is not told", stands);
    else if (!stands && app->stands)
        log_notice("%s goes on again", app->stands);
    app->stands = stands;
    if (!stands)
        notify_watchdog();
}

// What was accepted on this day of UTC, as far as this process knows.
static void count_day(struct app *app, int64_t wall_ms) {
    int64_t day_ms = wall_ms - wall_ms % DAY_MS;
    if (app->counted_since_ms >= day_ms)
        return;
    app->counted_from = ledger_last_seq(app->ledger);
    app->counted_since_ms = app->counted_since_ms ? day_ms : wall_ms;
}

// What is wrong is told within a second, new numbers now and then.
static void tell_status(struct app *app) {
    struct feeds_status feeds;
    struct publish_status publish;
    char line[LIVENESS_LINE_MAX];
    count_day(app, loop_wall_ms());
    feeds_get_status(app->feeds, &feeds);
    publish_job_status(app->kafka, LEDGER_EVENTS, &publish);
    const struct liveness_numbers numbers = {
        .accepted = ledger_last_seq(app->ledger) - app->counted_from,
        .since_ms = app->counted_since_ms,
        .waiting = ledger_unpublished(app->ledger),
        .kafka = publish.state,
        .feeds = feeds.feeds,
        .feeds_failing = feeds.failing,
        .commits_fail = app->admission.levels.commits_fail,
        .full = admission_full(admission_now(&app->admission))};
    liveness_tell(&numbers, line);
    int64_t now_ms = loop_now_ms(app->loop);
    bool worse = numbers.commits_fail || numbers.full;
    if (strcmp(line, app->told) == 0 || (!worse && now_ms - app->told_ms < STATUS_MS))
        return;
    notify_status(line);
    memcpy(app->told, line, sizeof line);
    app->told_ms = now_ms;
}

// --- housekeeping ---

static void on_housekeeping(void *ctx) {
    struct app *app = ctx;
    admission_measure(&app->admission);
    control_tick(app->control);
    if (!app->stopping)
        tell_status(app);
    // Nobody may be sending: see by ourselves when it works again.
    if (app->admission.levels.commits_fail && !app->stopping)
        pipeline_force_sync(app->pipeline);
    else if (!app->start_logged && !app->start_writing && !app->stopping)
        log_start(app);
}

// --- reload ---

// What is in force, as a reload would read it; everything in it is borrowed.
static struct reload in_force(const struct app *app) {
    return (struct reload){.config = app->config,
                           .sources = app->sources,
                           .tables = app->tables,
                           .tls = push_tls(app->push),
                           .rows = app->rows};
}

// What only those can say who run. Nothing can fail behind it.
static bool check_with_running(const struct app *app, struct reload *next, struct buf *faults) {
    struct err err = {0};
    next->kafka_changes = publish_job_changes(app->kafka, next->config);
    if (!reload_check_certificate(push_tls(app->push), next, faults))
        return false;
    if (ledger_statistics_fit(app->ledger, next->config->disclosure_rounding_base, &err) &&
        publish_job_prepare(app->kafka, next->config, &err))
        return true;
    buf_printf(faults, "%s\n", err.text);
    return false;
}

// Takes all of it.
static void put_in_force(struct app *app, struct reload *next) {
    config_take(app->config, next->config);
    log_set_level((enum log_level)app->config->log_level);
    ledger_use_window(app->ledger, app->config->retention.identity_ms);
    const struct decode_limits limits = reload_decode_limits(app->config);
    pipeline_use_limits(app->pipeline, &limits, app->config->unpacked_bytes_max);
    admission_use_limits(&app->admission);
    push_use_tls(app->push, next->tls);
    push_use(app->push, next->sources, next->tables);
    feeds_use(app->feeds, next->sources, next->tables);
    control_use(app->control, next->sources, next->tables);
    month_close_use(app->month_close, next->tables);
    publish_job_use(app->kafka, next->sources, next->tables);
    sources_unref(app->sources);
    tables_unref(app->tables);
    reload_rows_free(&app->rows);
    http_tls_unref(next->tls);
    app->sources = next->sources;
    app->tables = next->tables;
    app->rows = next->rows;
    warn_of_certificates(app);
}

static bool reload_all(void *ctx, struct buf *digests, struct buf *text) {
    struct app *app = ctx;
    struct reload next;
    if (app->stopping) {
        buf_puts(text, "the service is stopping\n");
        return false;
    }
    if (!reload_read(app->config, &next, digests, text))
        return false;
    if (!check_with_running(app, &next, text)) {
        reload_free(&next);
        return false;
    }
    const struct reload running = in_force(app);
    struct buf summary;
    buf_init(&summary, AUDIT_OBJECT_MAX);
    reload_tell(&running, &next, text, &summary);
    put_in_force(app, &next);
    log_notice("reloaded sources=%zu%.*s", app->sources->count, (int)summary.len,
               summary.len ? summary.data : "");
    buf_put_str(digests, buf_str(&summary));
    buf_free(&summary);
    return true;
}

static void on_sighup_ended(void *ctx, bool written) {
    (void)ctx;
    if (!written)
        log_alarm(ALARM_AUDIT_LINE_LOST, "audit line lost action=reload: begun, no more");
}

static void begin_reload(struct app *app);

static void on_sighup_begun(void *ctx, bool written) {
    struct app *app = ctx;
    struct buf digests, faults;
    buf_init(&digests, AUDIT_OBJECT_MAX);
    buf_init(&faults, 1 << 20);
    bool ok = false;
    if (!written)
        buf_puts(&faults, "it cannot be logged in the audit log now");
    else
        ok = reload_all(app, &digests, &faults);
    if (!ok)
        reload_log_refused(buf_str(&faults));
    if (written)
        write_audit(app, "signal", "reload", buf_str(&digests), ok ? "accepted" : "refused",
                    on_sighup_ended);
    buf_free(&digests);
    buf_free(&faults);
    app->reloading = false;
    if (app->reload_again && !app->stopping)
        begin_reload(app);
    else if (!app->stopping)
        notify_ready(app->told);
}

static void begin_reload(struct app *app) {
    app->reloading = true;
    app->reload_again = false;
    write_audit(app, "signal", "reload", (struct str){NULL, 0}, "begun", on_sighup_begun);
}

// One that comes during another is a reload of its own behind it: files may have changed since they
// were read. Ready is told once, behind the last.
static void on_sighup(void *ctx) {
    struct app *app = ctx;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (app->stopping)
        return;
    notify_reloading((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    app->reload_again = app->reloading;
    if (!app->reloading)
        begin_reload(app);
}

// --- stop ---

// Replies that the last commit released may still be on their way: each connection closes behind
// its reply.
static void on_flush_turn(void *ctx) {
    struct app *app = ctx;
    struct push_status status;
    push_get_status(app->push, &status);
    (void)push_wind_down(app->push, 0);
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
    notify_stopping("ending: the ledger cannot go on");
    push_quiesce(app->push);
    push_stop(app->push);
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
    log_alarm(ALARM_STOP_SLOW, "stop takes too long, ending now");
    _exit(app->status ? app->status : 1);
}

// Who is connected gets a moment for the request that is on its way to us: it is answered as ever,
// and with that reply the connection ends.
static void on_last_input(void *ctx) {
    struct app *app = ctx;
    if (!push_wind_down(app->push, STOP_IDLE_MS) &&
        loop_now_ms(app->loop) - app->stop_ms < STOP_INPUT_MS)
        return;
    loop_timer_stop(app->last_input);
    push_stop(app->push);
    pipeline_force_sync(app->pipeline); // the last totals
    pipeline_when_idle(app->pipeline, on_input_done, app);
}

static void on_terminate(void *ctx) {
    struct app *app = ctx;
    if (app->stopping)
        return;
    app->stopping = true;
    app->stop_ms = loop_now_ms(app->loop);
    log_notice("stopping");
    notify_stopping("stopping: what is in hand is answered and committed");
    loop_timer_start(app->stop_deadline, STOP_MAX_MS, 0);
    push_quiesce(app->push);
    control_quiesce(app->control);
    feeds_stop(app->feeds);
    retention_stop(app->retention);
    month_close_stop(app->month_close);
    loop_timer_start(app->last_input, 0, FLUSH_TURN_MS);
}

// --- start ---

static bool is_own_name(void *ctx, struct str name) {
    const struct app *app = ctx;
    return app->sources && sources_find(app->sources, name);
}

static bool load_tables(struct app *app, struct err *err) {
    struct buf faults;
    buf_init(&faults, 1 << 20);
    bool ok = sources_load_all(app->config, false, &app->sources, &app->tables, &faults);
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
                                    .window_ms = config->retention.identity_ms};
    kafka_name_topics(config, &ledger);
    app->ledger = store_place_check(config->state_dir, err) ? ledger_open(&ledger, err) : NULL;
    if (!app->ledger || !ledger_statistics_fit(app->ledger, config->disclosure_rounding_base, err))
        return false;
    struct pipeline_options pipeline = {
        .delivery = {.limits = reload_decode_limits(config),
                     .unpacked_bytes_max = config->unpacked_bytes_max,
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
                                .fds = app->passed.intake.fds,
                                .fd_count = app->passed.intake.count};
    struct feeds_options feeds = {.config = app->config,
                                  .loop = app->loop,
                                  .ledger = app->ledger,
                                  .pipeline = app->pipeline,
                                  .admission = &app->admission};
    app->feeds = feeds_create(&feeds, app->sources, app->tables, err);
    if (!app->feeds)
        return false;
    push.feeds = app->feeds;
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
                                      .reload = reload_all,
                                      .ctx = app,
                                      .listen_fd = app->passed.control,
                                      .metrics = &app->passed.metrics};
    app->control = control_create(&control, app->sources, app->tables, err);
    return app->control != NULL;
}

// SIGHUP without a handler would end us.
static void hold_reloads(int how) {
    sigset_t hup;
    (void)sigemptyset(&hup);
    (void)sigaddset(&hup, SIGHUP);
    (void)sigprocmask(how, &hup, NULL);
}

static void start_clockwork(struct app *app) {
    app->on_term = loop_signal_create(app->loop, SIGTERM, on_terminate, app);
    app->on_int = loop_signal_create(app->loop, SIGINT, on_terminate, app);
    app->on_hup = loop_signal_create(app->loop, SIGHUP, on_sighup, app);
    hold_reloads(SIG_UNBLOCK); // those that came since main held them back
    app->stop_deadline = loop_timer_create(app->loop, on_stop_deadline, app);
    app->last_input = loop_timer_create(app->loop, on_last_input, app);
    app->flush = loop_timer_create(app->loop, on_flush_turn, app);
    app->housekeeping = loop_timer_create(app->loop, on_housekeeping, app);
    loop_timer_start(app->housekeeping, 0, HOUSEKEEPING_MS);
    app->daily = loop_timer_create(app->loop, on_day, app);
    loop_timer_start(app->daily, DAY_MS, DAY_MS);
    app->retention =
        retention_create(app->loop, app->pipeline, app->ledger, app->config, app->kafka);
    app->month_close = month_close_create(app->loop, app->pipeline, app->config, app->tables);
    app->watchdog = loop_timer_create(app->loop, on_watchdog, app);
    app->watchdog_ms = notify_watchdog_ms();
    if (app->watchdog_ms > 0)
        loop_timer_start(app->watchdog, 0, app->watchdog_ms / 2 + 1);
}

static void close_all(struct app *app) {
    log_set_names(NULL, NULL);
    loop_timer_free(app->watchdog);
    loop_timer_free(app->daily);
    loop_timer_free(app->housekeeping);
    loop_timer_free(app->flush);
    loop_timer_free(app->last_input);
    loop_timer_free(app->stop_deadline);
    hold_reloads(SIG_BLOCK);
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
    reload_rows_free(&app->rows);
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
    reload_rows_read(config, &app.rows);
    notify_status("starting: reads the ledger");
    if (app.loop && passed_sockets_take(config, &app.passed, &err) && load_tables(&app, &err) &&
        open_ledger(&app, &err) && create_kafka(&app, &err) && open_sides(&app, &err)) {
        start_clockwork(&app);
        log_notice("started version=%s sources=%zu lines=%llu waiting=%llu port=%u",
                   SIGNAALD_VERSION, app.sources->count,
                   (unsigned long long)ledger_last_seq(app.ledger),
                   (unsigned long long)ledger_unpublished(app.ledger), push_port(app.push));
        tell_status(&app);
        notify_ready(app.told);
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
