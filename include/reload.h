// SPDX-License-Identifier: EUPL-1.2
// What a reload reads: all that may change while the daemon runs, checked as a whole before any of
// it is used. And how it differs from what is in force.
#ifndef RELOAD_H
#define RELOAD_H

#include "codec/decode.h"
#include "edge/http/http.h"
#include "sources/sources.h"

// The rows of the tables, to tell which came and went: a hash each, sorted.
enum { RELOAD_TABLES = 4 };
struct reload_rows {
    struct reload_table {
        uint32_t *rows; // owned
        size_t count;
    } tables[RELOAD_TABLES];
};
void reload_rows_read(const struct config *config, struct reload_rows *rows);
void reload_rows_free(struct reload_rows *rows);

// Owned, each by references of its own.
struct reload {
    struct config *config;
    struct sources *sources;
    struct tables *tables;
    struct http_tls *tls; // NULL: there is none
    struct reload_rows rows;
    bool kafka_changes; // see publish_job_changes; set by who knows
};
// False: `faults` says why, a line each. A key that only a restart changes, and that has changed,
// is one: what is written together is meant together. `digests`: of the files that were read.
bool reload_read(const struct config *running, struct reload *reload, struct buf *digests,
                 struct buf *faults) MUST_CHECK;
void reload_free(struct reload *reload);
// One that is in order but for its date does not take the place of another.
bool reload_check_certificate(const struct http_tls *running, const struct reload *next,
                              struct buf *faults) MUST_CHECK;
struct decode_limits reload_decode_limits(const struct config *config); // that it has
void reload_log_refused(struct str faults);                             // a line each

// What is in force, and what will be: as a JSON object, and in short for a log, with a blank before
// each part; nothing in short where nothing differs. No secrets.
void reload_tell(const struct reload *running, const struct reload *next, struct buf *json,
                 struct buf *summary);

#endif
