// SPDX-License-Identifier: EUPL-1.2
// Log lines for the journal, or on stderr: "<priority>what key=value …" (sd-daemon(3) prefixes).
// What asks for a person is an alarm: "<priority>[code] what …". A line is for someone who will
// act: state changes, not repetitions. Never personal data. base, core and codec do not log, but
// report to their callers.
#ifndef BASE_PII_LOG_H
#define BASE_PII_LOG_H

#include "base/alarms.h"
#include "base/err.h"
#include "base/str.h"

enum { LOG_LINE_MAX = 1020 }; // without priority and line break; what is longer is cut

void log_set_level(enum log_level level);
// Which names of sources are the operator's own: "source=NAME" stays as it is, though it may look
// like a plate. NULL: none. Asked on the thread that logs.
void log_set_names(bool (*is_own)(void *ctx, struct str name), void *ctx);
// What was masked in `text` of the names in `before`, which is as long, is put back.
void log_keep_names(char *text, struct str before);

// Where lines go instead of stderr: without priority and line break. False: it could not be
// written, then stderr it is. `alarm` NULL: none. Set before threads are started; NULL: stderr.
void log_set_writer(bool (*write_line)(enum log_level level, const struct alarm_entry *alarm,
                                       struct str line));

void log_alarm(enum alarm alarm, const char *fmt, ...) PRINTF_LIKE(2, 3);
// How often since the start, on any thread.
uint64_t log_alarm_count(enum alarm alarm);
void log_notice(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
