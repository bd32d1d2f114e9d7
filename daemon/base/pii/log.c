// SPDX-License-Identifier: EUPL-1.2
// Writes a log line in one call, so that lines of threads do not mix. What looks like an
// identifier of a person is masked and line breaks become blanks, whatever the caller passed: the
// journal is kept longer and read by more people than the ledger.
#include "base/pii/log.h"

#include "base/pii/scrub.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_AHEAD = 256 }; // so that an identifier on the cut is seen whole

static enum log_level level_max = LOG_LEVEL_NOTICE;

static atomic_uint_fast64_t counts[ALARM_COUNT];

static bool (*writer)(enum log_level level, const struct alarm_entry *alarm, struct str line);

static bool (*is_own_name)(void *ctx, struct str name);
static void *is_own_name_ctx;

void log_set_names(bool (*is_own)(void *ctx, struct str name), void *ctx) {
    is_own_name = is_own;
    is_own_name_ctx = ctx;
}

void log_keep_names(char *text, struct str before) {
    static const struct str key = {"source=", 7};
    struct str rest = before, word;
    while (is_own_name && str_split(&rest, ' ', &word)) {
        if (word.len <= key.len || memcmp(word.data, key.data, key.len) != 0)
            continue;
        struct str name = {word.data + key.len, word.len - key.len};
        if (is_own_name(is_own_name_ctx, name))
            memcpy(text + (name.data - before.data), name.data, name.len);
    }
}

void log_set_writer(bool (*write_line)(enum log_level level, const struct alarm_entry *alarm,
                                       struct str line)) {
    writer = write_line;
}

void log_set_level(enum log_level level) {
    level_max = level;
}

// Is this digit part of a number of ours: right behind '=', not quoted, and nothing but digits up
// to the next blank?
static bool is_own_number(const char *line, size_t len, size_t begin, size_t *end) {
    *end = begin;
    while (*end < len && line[*end] >= '0' && line[*end] <= '9')
        (*end)++;
    return *end > begin && (*end == len || line[*end] == ' ');
}

// Whatever a caller lets slip: an identifier does not get into the journal. Our own sequence
// numbers and sizes stay readable.
static void mask(char *line, size_t len) {
    char before[LOG_LINE_MAX + LOOK_AHEAD];
    bool quoted = false;
    memcpy(before, line, len);
    scrub_mask(line, len);
    for (size_t i = 0; i < len; i++) {
        size_t end;
        quoted ^= before[i] == '"';
        if (!quoted && before[i] == '=' && is_own_number(before, len, i + 1, &end))
            memcpy(line + i + 1, before + i + 1, end - i - 1);
    }
    log_keep_names(line, (struct str){before, len});
}

static void write_stderr(enum log_level level, struct str line) {
    char text[LOG_LINE_MAX + 8];
    int n = snprintf(text, sizeof text, "<%d>%.*s\n", (int)level, (int)line.len, line.data);
    (void)!write(STDERR_FILENO, text, (size_t)n); // nowhere to report a failing stderr
}

PRINTF_LIKE(3, 0)
static void log_text(enum log_level level, const struct alarm_entry *alarm, const char *fmt,
                     va_list args) {
    char line[LOG_LINE_MAX + LOOK_AHEAD];
    int head = alarm ? snprintf(line, sizeof line, "[%s] ", alarm->code) : 0;
    int n = vsnprintf(line + head, sizeof line - (size_t)head, fmt, args);
    if (n < 0)
        return;
    size_t len = (size_t)head + (size_t)n;
    if (len > sizeof line - 1)
        len = sizeof line - 1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' '; // a foreign newline must not forge a line
    mask(line + head, len - (size_t)head);
    struct str whole = {line, len < LOG_LINE_MAX ? len : LOG_LINE_MAX};
    if (!writer || !writer(level, alarm, whole))
        write_stderr(level, whole);
}

void log_alarm(enum alarm alarm, const char *fmt, ...) {
    va_list args;
    atomic_fetch_add(&counts[alarm], 1);
    if (alarms[alarm].level > level_max)
        return;
    va_start(args, fmt);
    log_text(alarms[alarm].level, &alarms[alarm], fmt, args);
    va_end(args);
}

uint64_t log_alarm_count(enum alarm alarm) {
    return atomic_load(&counts[alarm]);
}

void log_notice(const char *fmt, ...) {
    va_list args;
    if (level_max < LOG_LEVEL_NOTICE)
        return;
    va_start(args, fmt);
    log_text(LOG_LEVEL_NOTICE, NULL, fmt, args);
    va_end(args);
}

void log_info(const char *fmt, ...) {
    va_list args;
    if (level_max < LOG_LEVEL_INFO)
        return;
    va_start(args, fmt);
    log_text(LOG_LEVEL_INFO, NULL, fmt, args);
    va_end(args);
}
