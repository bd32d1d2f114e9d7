// SPDX-License-Identifier: EUPL-1.2
// What a commit does: a task embeds this struct as its first member, so that whoever queues tasks
// need not know them. One commit runs many tasks in one transaction, in the order in which they
// came. A task belongs to the pipeline from pipeline_submit until its `done`, which frees it. One
// that takes long does a part of its work in each commit (`more`).
#ifndef LEDGER_TASK_H
#define LEDGER_TASK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct ledger_writer; // a commit under way; the ledger's own

struct commit_task {
    struct commit_task *next; // the pipeline's
    // On a worker, before its commit; touches nothing but the task. NULL: nothing to prepare.
    void (*prepare)(struct commit_task *task);
    // On a worker, within the transaction: one of the functions ledger_… of ledger/tasks.h and
    // ledger/delivery.h.
    void (*run)(struct ledger_writer *writer, struct commit_task *task);
    // On the loop, once `err` is known: ERR_NONE means that what it did is on the disk.
    void (*done)(struct commit_task *task);
    void *ctx; // for `done`
    struct err err;
    bool frees;           // it makes room, so it is done also where there is none
    size_t bytes;         // what it holds while it waits
    size_t items;         // how much work its commit is
    size_t part;          // of a polled one: how much of it the next commit does; 0: no matter
    bool bulk;            // large, or nobody waits for it: others do not wait for it either
    bool polled;          // its bytes are counted apart from those that were posted
    bool unbounded;       // its commit may take minutes, by the size of the ledger
    bool more;            // out, of `run`: this was a part, the next commit goes on with it
    bool prepared, rides; // the pipeline's
};

#endif
