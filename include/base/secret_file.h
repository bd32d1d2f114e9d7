// SPDX-License-Identifier: EUPL-1.2
// May others than its owner read or change the file of a secret? One rule for every kind: keys of
// the ledger, private keys of TLS, tokens and passwords of sources and of Kafka, and a
// configuration that has one in it. What the service manager keeps in $CREDENTIALS_DIRECTORY is
// excepted: it closes that directory to others and sets the modes in it.
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/err.h"

#include <sys/stat.h>

// `st` is of the file that was opened. CONFIG, with the mode and what to do; the error does not
// name the file.
bool secret_file_check(const char *path, const struct stat *st, struct err *err) MUST_CHECK;

#endif
