// SPDX-License-Identifier: EUPL-1.2
// What the files daemon/sources/ share: sources.c (the table and its look-ups), columns.c (its
// columns, and which of their values go together).
#ifndef SOURCES_SOURCES_PRIVATE_H
#define SOURCES_SOURCES_PRIVATE_H

#include "config/files.h"
#include "sources/sources.h"

// The source table being read.
struct sources_reading {
    const char *file;
    char *dir; // of the file, with the slash
    struct diagnostics *faults;
    struct templates *templates; // NULL: these have faults
    bool certificates_asked;     // the intake asks clients for theirs
    struct sources *sources;
    struct sources_row {
        uint32_t line;
        bool template_bad, secret_bad; // has a fault that is told already
    } row;
};
enum { SOURCES_COLUMNS = 26, SOURCES_OIN = 20 };
struct sources_cell;
struct sources_column {
    const char *name;
    bool required;
    // False when the value, which is not empty, is not allowed.
    bool (*take)(const struct sources_cell *cell, struct str value, struct err *err);
    size_t offset; // of the field in struct source, where columns share a `take`
};
struct sources_cell {
    struct sources_reading *reading;
    struct source *source;
    const struct sources_column *column;
};
extern const struct sources_column sources_columns[SOURCES_COLUMNS];
// Values of a row that do not go together; fills in the template where none is said.
void sources_row_check(struct sources_reading *reading, struct source *source);
// What a certificate is known by whose holder has this OIN.
void sources_oin_digest(const char oin[SOURCES_OIN], uint8_t digest[SHA256_BYTES]);
// Adds a name or a digest, of a token or a certificate, unless it is there: then the item it has,
// else 0. The item is an index into the list + 1, of a digest an index * SOURCE_TOKENS_MAX + which
// of its own + 1.
uint32_t sources_add_name(struct sources *sources, struct str name, uint32_t item);
uint32_t sources_add_token(struct sources *sources, const uint8_t digest[SHA256_BYTES],
                           uint32_t item);
uint32_t sources_add_certificate(struct sources *sources, const uint8_t digest[SHA256_BYTES],
                                 uint32_t item);

#endif
