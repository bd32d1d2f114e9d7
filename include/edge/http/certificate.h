// SPDX-License-Identifier: EUPL-1.2
// What is wrong with certificates and revocation lists in PEM text, found before anybody meets it
// in a handshake. Certificates are called by their number in the file; names in them are not told.
#ifndef EDGE_HTTP_CERTIFICATE_H
#define EDGE_HTTP_CERTIFICATE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum certificate_use {
    CERTIFICATE_OWN,         // the first is shown to the other side, and its chain is behind it
    CERTIFICATE_AUTHORITIES, // those that are trusted, in any order
    CERTIFICATE_REVOKED,     // no certificates: lists of those that are revoked
};

struct certificate_fault {
    bool of_time;   // it passes, or comes, with time: not yet valid, ended
    char text[160]; // "certificate 2 has ended on 2026-01-31"
};
// Calls `tell` for each: what cannot be read, keys under 2048 bits (RSA) or 256 bits (elliptic
// curves), signatures with SHA-1 or MD5, a chain in another order than from the first to its
// authority, what is not yet valid or has ended at now_s (Unix time). `pem` is NUL-terminated.
void certificate_check(const char *pem, enum certificate_use use, int64_t now_s,
                       void (*tell)(void *ctx, const struct certificate_fault *fault), void *ctx);
// Does the chain end at an authority: its own root, or one that this system trusts? Where neither
// is so, an intermediate certificate may be missing, or the authority is a private one.
bool certificate_chain_ends(const char *pem);
// Of the certificates, or of the lists of revoked ones, the first that ends; 0: it holds none.
int64_t certificate_ends_s(const char *pem, enum certificate_use use);

#endif
