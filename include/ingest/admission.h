// SPDX-License-Identifier: EUPL-1.2
// Is there room? Everybody asks here: who takes signals (429, or a poll that waits), who reads what
// is logged (503), GET /v1/health, the status, and who looks whether commits work again. It lies in
// ingest, the lowest room that asks, and above it whoever else does.
#ifndef INGEST_ADMISSION_H
#define INGEST_ADMISSION_H

#include "ingest/pipeline.h"

// What it is decided by.
struct admission_levels {
    uint64_t queue_bytes, queue_bytes_max;     // posted, waits for a commit, in memory
    uint64_t polled_bytes;                     // polled, has as much room of its own
    uint64_t backlog_bytes, backlog_bytes_max; // waits for Kafka
    uint64_t state_bytes, state_bytes_max;     // the ledger, and the room that it has
    uint64_t kept_bytes;                       // of it, for what Kafka confirms
    uint64_t audit_bytes, size_max;            // of the ledger the audit log; state.size_max
    uint64_t disk_blocks, disk_free;           // both 0: not known
    uint32_t disk_percent_max;                 // of the disk in use
    bool commits_fail;                         // the last one did
    // While it is full: by how much it has become less in a second, lately.
    uint64_t queue_drain, backlog_drain;
};
// Pure. Why no more signals can be taken, for the log; NULL: they can.
const char *admission_full(const struct admission_levels *levels);
// When it is full: after how many seconds there is likely room for more.
uint32_t admission_retry_s(const struct admission_levels *levels);
// The same for what is polled: it does not take the room of what is posted.
const char *admission_polls_wait(const struct admission_levels *levels);
// Will signals that come now be kept? They are tried after a commit that failed, but not promised.
bool admission_healthy(const struct admission_levels *levels);
// Why nothing more can be read that leaves a line in the audit log; NULL: it can. Those lines must
// not take the room of signals.
const char *admission_reads_refused(const struct admission_levels *levels);
uint64_t admission_audit_max(const struct admission_levels *levels); // bytes of audit log

struct admission {
    const struct config *config;
    const struct ledger *ledger;
    const struct pipeline *pipeline;
    struct admission_levels levels; // see admission_now
    uint64_t queue_bytes_before;    // a second ago
    bool full, reads_refused;       // as logged
};
void admission_init(struct admission *admission, const struct config *config,
                    const struct ledger *ledger, const struct pipeline *pipeline);
// The limits of its configuration, after they have changed.
void admission_use_limits(struct admission *admission);
// Looks again at what changes slowly: to be called each second. A change of the answer is logged.
void admission_measure(struct admission *admission);
// After each commit; NULL: it was a good one. A change is logged.
void admission_note_commit(struct admission *admission, const struct err *err);
const struct admission_levels *admission_now(struct admission *admission);

#endif
