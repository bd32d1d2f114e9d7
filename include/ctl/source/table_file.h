// SPDX-License-Identifier: EUPL-1.2
// One more line in a table that an operator keeps, as a careful editor would put it there: every
// other byte, the mode and the owner stay, and whoever reads the file sees the old one or the new
// one, also over a crash.
#ifndef CTL_SOURCE_TABLE_FILE_H
#define CTL_SOURCE_TABLE_FILE_H

#include "base/str.h"

#include <sys/stat.h>

enum { TABLE_FILE_CELLS_MAX = 32 };

struct table_file_cell {
    struct str column;
    const char *value; // not empty; borrowed
};

struct table_file {
    char *path;   // of the file itself, behind any symbolic link; owned
    char *beside; // the new file; once they have changed places, the old one. NULL: none. Owned
    int fd;       // locked: of two who add a line, one waits for nobody and is refused
    struct stat before, after; // of the old file and of the new one
    struct buf text;
    uint32_t line; // of what was added
};

// Reads and locks it. Every function below false: `err` says why, and table_file_close is due.
bool table_file_open(struct table_file *file, const char *path, struct err *err) MUST_CHECK;
// Writes `beside`: the table with one line more, its cells in the order of the header line.
bool table_file_add(struct table_file *file, const struct table_file_cell *cells, size_t count,
                    struct err *err) MUST_CHECK;
// Puts it in place, unless somebody has changed the table since it was read.
bool table_file_install(struct table_file *file, struct err *err) MUST_CHECK;
// Puts the old one back, unless somebody has changed the new one.
bool table_file_undo(struct table_file *file, struct err *err) MUST_CHECK;
void table_file_close(struct table_file *file); // removes `beside`

#endif
