// SPDX-License-Identifier: EUPL-1.2
// What a backup says of itself, at its beginning: lines "name: value", always the same ones in the
// same order, filled up with line ends. Behind it are the bytes of the ledger's file. The last line
// is a digest of those before it, so that a manifest that was changed shows.
#ifndef CODEC_MANIFEST_H
#define CODEC_MANIFEST_H

#include "base/hash.h"

enum { MANIFEST_BYTES = 4096, MANIFEST_TEXT_MAX = 40 };
#define MANIFEST_FILE "manifest"        // of a backup in a directory: the manifest,
#define MANIFEST_LEDGER_FILE "data.mdb" // and the ledger's file

struct manifest {
    char made[MANIFEST_TEXT_MAX];         // RFC 3339
    char version[MANIFEST_TEXT_MAX];      // of the program
    char ledger[MANIFEST_TEXT_MAX];       // its name
    char identity_key[MANIFEST_TEXT_MAX]; // which keys belong to it: made from them, and they
    char person_key[MANIFEST_TEXT_MAX];   // cannot be made from it
    uint64_t lines, last_seq;             // of the ledger
    uint64_t bytes;                       // of its file
    uint8_t sha256[SHA256_BYTES];         // of its file
};

void manifest_put(const struct manifest *manifest, char out[MANIFEST_BYTES]);
// INPUT when it is no manifest, one of another version, or was changed.
bool manifest_read(const char in[MANIFEST_BYTES], struct manifest *manifest,
                   struct err *err) MUST_CHECK;

#endif
