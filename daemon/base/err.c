// SPDX-License-Identifier: EUPL-1.2
// Fills an error. The text is cut at the size of the struct, so an error needs no memory of its
// own: it is copied, kept and thrown away like a number. Every failure is told this way; nothing
// here logs or ends the process.
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) {
    if (err) {
        va_list args;
        va_start(args, fmt);
        err->kind = kind;
        (void)vsnprintf(err->text, sizeof err->text, fmt, args);
        va_end(args);
    }
    return false;
}

int err_exit_status(const struct err *err) {
    static const int status[] = {[ERR_NONE] = 0,   [ERR_RETRY] = 1, [ERR_INPUT] = 1,
                                 [ERR_CONFIG] = 2, [ERR_FATAL] = 1, [ERR_DAMAGED] = 3};
    return status[err->kind];
}
