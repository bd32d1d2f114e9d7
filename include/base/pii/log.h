// SPDX-License-Identifier: EUPL-1.2
// Log lines on stderr for the journal: "<priority>what key=value …" (sd-daemon(3) prefixes).
// A line is for someone who will act: state changes, not repetitions. Never personal data. Only the
// program (daemon/*.c) logs; base, core, codec and edge report to their callers instead.
#ifndef BASE_PII_LOG_H
#define BASE_PII_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6
};

void log_set_level(enum log_level level);
// Which names of sources are the operator's own: "source=NAME" stays as it is, though it may look
// like a plate. NULL: none. Asked on the thread that logs.
void log_set_names(bool (*is_own)(void *ctx, struct str name), void *ctx);
// What was masked in `text` of the names in `before`, which is as long, is put back.
void log_keep_names(char *text, struct str before);
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)

#endif
