// SPDX-License-Identifier: EUPL-1.2
// When certificates end: of sources that are polled with one of their own, and of the authorities
// that are trusted (poll.ca_file). Files are read when asked, on the loop: once a day, and after a
// start or a reload.
#ifndef INGEST_CERTIFICATES_H
#define INGEST_CERTIFICATES_H

#include "sources/sources.h"

// Unix time of the first that ends; 0: there is none.
struct certificate_ends {
    int64_t clients_s, authorities_s;
};

// A line in the log when it ends within 30 days or has ended. `what`: "the TLS certificate".
// ends_s 0: there is none.
void certificate_warn(const char *what, int64_t ends_s);
// Looks at each, and warns of each.
void certificates_look(const struct config *config, const struct sources *sources,
                       struct certificate_ends *ends);

#endif
