// SPDX-License-Identifier: EUPL-1.2
// The queue is looked at for each question, since it fills within milliseconds; the rest each
// second, because it costs system calls and walks. All answers come from the same levels, so what
// the log, the status and the senders are told agrees.
#include "ingest/admission.h"

#include "base/pii/log.h"

#include <sys/statvfs.h>

enum {
    STATE_PERCENT_MAX = 90, // of the ledger's room: leaves some for whatever is no signal
    RETRY_MAX_S = 300,
    QUEUE_RETRY_S = 2, // it empties within a commit, unless the disk stands still
    DISK_RETRY_S = 60, // an operator, or retention, has to make room
    AUDIT_SHARE = 4,   // of state.size_max: a quarter is for the audit log
};

// But for the queue.
static const char *find_full(const struct admission_levels *levels) {
    if (levels->backlog_bytes > levels->backlog_bytes_max)
        return "too much waits for Kafka (intake.backlog_max)";
    if (levels->state_bytes + levels->kept_bytes >
        levels->state_bytes_max / 100 * STATE_PERCENT_MAX)
        return "the ledger nears state.size_max";
    if (levels->disk_free < levels->disk_blocks / 100 * (100 - levels->disk_percent_max))
        return "the disk is full (state.disk_percent_max)";
    return NULL;
}

const char *admission_full(const struct admission_levels *levels) {
    if (levels->queue_bytes >= levels->queue_bytes_max)
        return "too much waits for a commit (intake.queue_max)";
    return find_full(levels);
}

// To a tenth of free room, so that who comes back does not meet all the others at the edge.
static uint32_t room_in_s(uint64_t level, uint64_t max, uint64_t drain) {
    uint64_t room = max / 10 * 9, over = level > room ? level - room : 1;
    uint64_t seconds = drain ? over / drain + 1 : (uint64_t)RETRY_MAX_S;
    return seconds < RETRY_MAX_S ? (uint32_t)seconds : (uint32_t)RETRY_MAX_S;
}

static bool is_large(const struct admission_levels *levels) {
    return levels->state_bytes + levels->kept_bytes >
               levels->state_bytes_max / 100 * STATE_PERCENT_MAX ||
           levels->disk_free < levels->disk_blocks / 100 * (100 - levels->disk_percent_max);
}

uint32_t admission_retry_s(const struct admission_levels *levels) {
    uint32_t queue = 1, backlog = 1, disk = is_large(levels) ? DISK_RETRY_S : 1;
    if (levels->queue_bytes >= levels->queue_bytes_max)
        queue = levels->queue_drain
                    ? room_in_s(levels->queue_bytes, levels->queue_bytes_max, levels->queue_drain)
                    : (uint32_t)QUEUE_RETRY_S;
    if (levels->backlog_bytes > levels->backlog_bytes_max)
        backlog =
            room_in_s(levels->backlog_bytes, levels->backlog_bytes_max, levels->backlog_drain);
    uint32_t most = queue > backlog ? queue : backlog;
    return most > disk ? most : disk;
}

const char *admission_polls_wait(const struct admission_levels *levels) {
    if (levels->polled_bytes >= levels->queue_bytes_max)
        return "too many polled pages wait for a commit (intake.queue_max)";
    return find_full(levels);
}

bool admission_healthy(const struct admission_levels *levels) {
    return !levels->commits_fail && !admission_full(levels);
}

uint64_t admission_audit_max(const struct admission_levels *levels) {
    return levels->size_max / AUDIT_SHARE;
}

const char *admission_reads_refused(const struct admission_levels *levels) {
    return levels->audit_bytes > admission_audit_max(levels)
               ? "The audit log has its share of state.size_max, so nothing more can be read: "
                 "make that larger."
               : NULL;
}

void admission_init(struct admission *admission, const struct config *config,
                    const struct ledger *ledger, const struct pipeline *pipeline) {
    *admission = (struct admission){
        .config = config,
        .ledger = ledger,
        .pipeline = pipeline,
        .levels.size_max = config->state_bytes_max,
    };
    admission_use_limits(admission);
}

void admission_use_limits(struct admission *admission) {
    admission->levels.queue_bytes_max = admission->config->queue_bytes_max;
    admission->levels.backlog_bytes_max = admission->config->backlog_bytes_max;
    admission->levels.disk_percent_max = admission->config->disk_percent_max;
}

// Half of it is what it was before: one second says little.
static void note_drain(uint64_t *drain, uint64_t before, uint64_t now, bool full) {
    uint64_t less = before > now ? before - now : 0;
    *drain = !full ? 0 : *drain ? (*drain + less) / 2 : less;
}

static void measure(const struct admission *admission, struct admission_levels *levels) {
    struct store_usage usage;
    struct statvfs disk;
    ledger_usage(admission->ledger, &usage);
    bool known = statvfs(admission->config->state_dir, &disk) == 0;
    levels->backlog_bytes = ledger_backlog_bytes(admission->ledger);
    levels->state_bytes = usage.used_bytes;
    levels->state_bytes_max = usage.max_bytes;
    levels->kept_bytes = ledger_reserve(admission->ledger);
    levels->audit_bytes = ledger_audit_bytes(admission->ledger);
    levels->disk_blocks = known ? disk.f_blocks : 0;
    levels->disk_free = known ? disk.f_bavail : 0;
}

void admission_measure(struct admission *admission) {
    struct admission_levels *levels = &admission->levels;
    uint64_t backlog = levels->backlog_bytes, queue = admission_now(admission)->queue_bytes;
    measure(admission, levels);
    note_drain(&levels->backlog_drain, backlog, levels->backlog_bytes,
               levels->backlog_bytes > levels->backlog_bytes_max / 10 * 9);
    note_drain(&levels->queue_drain, admission->queue_bytes_before, queue,
               queue > levels->queue_bytes_max / 2);
    admission->queue_bytes_before = queue;
    const char *reason = find_full(&admission->levels);
    bool full = reason != NULL, refused = admission_reads_refused(&admission->levels) != NULL;
    if (refused && !admission->reads_refused)
        log_alarm(ALARM_AUDIT_FULL,
                  "the audit log has its share of state.size_max: exact reads are refused");
    if (full && !admission->full)
        log_alarm(ALARM_NO_ROOM, "senders get 429 reason=\"%s\" waiting=%llu", reason,
                  (unsigned long long)ledger_unpublished(admission->ledger));
    if (!full && admission->full)
        log_notice("room again, signals are accepted");
    admission->full = full;
    admission->reads_refused = refused;
}

void admission_note_commit(struct admission *admission, const struct err *err) {
    bool *fail = &admission->levels.commits_fail;
    if (err && !*fail)
        log_alarm(ALARM_COMMITS_FAIL, "commits fail, senders get 503 reason=\"%s\"", err->text);
    if (!err && *fail)
        log_notice("commits work again");
    *fail = err != NULL;
}

const struct admission_levels *admission_now(struct admission *admission) {
    struct pipeline_status status;
    pipeline_get_status(admission->pipeline, &status);
    admission->levels.queue_bytes = status.queued_bytes;
    admission->levels.polled_bytes = status.polled_bytes;
    return &admission->levels;
}
