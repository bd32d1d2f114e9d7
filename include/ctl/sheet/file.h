// SPDX-License-Identifier: EUPL-1.2
// A file that an operator names: its bytes, or why it is none, and what to do.
#ifndef CTL_SHEET_FILE_H
#define CTL_SHEET_FILE_H

#include "base/str.h"

// Of a directory, an empty file and one that cannot be read the error says so. "-" is the standard
// input.
bool file_read(const char *file, size_t max, struct buf *bytes, struct err *err) MUST_CHECK;

#endif
