// SPDX-License-Identifier: EUPL-1.2
// Shared by source_add.c (the verb) and source_plan.c (what the line is to be); nobody else
// includes it.
#ifndef CTL_SOURCE_PLAN_H
#define CTL_SOURCE_PLAN_H

#include "ctl/query/ctl.h"
#include "ctl/source/secret.h"
#include "ctl/source/table_file.h"
#include "sources/sources.h"

enum source_way { WAY_PUSH, WAY_POLL, WAY_FILE };

struct source_plan {
    const struct ctl *ctl;
    const struct args *args;
    const struct config *config;
    const struct tables *tables;
    enum source_way way;
    const char *name, *secret_file; // of the cells; NULL: none
    char token[SECRET_TOKEN_MAX], hash[SECRET_HASH_MAX];
    struct table_file_cell cells[TABLE_FILE_CELLS_MAX];
    size_t count;
    char *texts[TABLE_FILE_CELLS_MAX]; // owned, of cells
    size_t text_count;
    bool asked; // somebody on the terminal has answered
};

// From the options, and from who sits at the terminal for what they lack. Not CTL_OK: it has told.
enum ctl_exit source_plan_make(struct source_plan *plan);
void source_plan_free(struct source_plan *plan);

#endif
