// SPDX-License-Identifier: EUPL-1.2
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level level_max = LOG_LEVEL_NOTICE;

void log_set_level(enum log_level level) {
    level_max = level;
}

void log_line(enum log_level level, const char *fmt, ...) {
    if (level > level_max)
        return;
    char line[1024];
    int head = snprintf(line, sizeof line, "<%d>", (int)level);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = (size_t)head + (size_t)n;
    if (len > sizeof line - 2)
        len = sizeof line - 2; // cut
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' '; // a foreign newline must not forge a line
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); // one call a line; nowhere to report a failing stderr
}
