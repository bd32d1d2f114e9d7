// SPDX-License-Identifier: EUPL-1.2
// Failures. A function that can fail returns bool and takes `struct err *` last; the kind says what
// the caller has to do. What the domain expects (a duplicate, a refused signal) is not an error:
// it is an enum of its own and is counted.
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_kind {
    ERR_NONE,
    ERR_RETRY,  // the world's fault and it may pass: disk full, peer away. Keep the work, try later
    ERR_INPUT,  // the other side's bytes are wrong: refuse, count, go on
    ERR_CONFIG, // the operator has to change something
    ERR_FATAL,  // cannot go on without a restart
    ERR_DAMAGED, // what was written is not what is there: it has to be restored
};

// The text is for an operator: never secrets, never personal data, foreign bytes only cut and
// quoted.
struct err {
    enum err_kind kind;
    char text[240];
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

// Sets kind and text and returns false, so that a function can end in `return err_set(…)`.
// `err` may be NULL where the caller only wants to know that it failed.
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
// Of a program that ends by it: 0 NONE, 2 CONFIG, 3 DAMAGED, else 1. After 2 and 3 a restart does
// not help.
int err_exit_status(const struct err *err);

#endif
