// SPDX-License-Identifier: EUPL-1.2
// LMDB, for store.c and store_open.c; nobody else includes it.
#ifndef EDGE_STORE_LMDB_H
#define EDGE_STORE_LMDB_H

#include "store_private.h"

#include <lmdb.h>

struct store {
    MDB_env *env;
    MDB_dbi tables[STORE_TABLES];
    int lock_fd;
    int dir_fd;
    uint64_t file_bytes; // how long the file is at least; store.c lengthens it ahead of LMDB
    uint64_t used_bytes; // of it, after the last commit
};

extern const struct str store_removed_mark; // META: something was removed, see store_open.c

#endif
