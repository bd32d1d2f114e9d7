// SPDX-License-Identifier: EUPL-1.2
// What a template makes of one page, shown as `signaalctl try` shows it. It decodes with the
// daemon's own code; nothing is sent to a daemon and nothing is stored.
#ifndef CTL_TEMPLATE_SHOW_H
#define CTL_TEMPLATE_SHOW_H

#include "core/tables/tables.h"
#include "ctl/query/ctl.h"
#include "template/template.h"

struct try_fetch {
    const char *url;
    const char *secret_file, *client_cert_file, *ca_file; // NULL: none
    const char *headers_file, *fsc_grant;                 // as columns of sources.csv; NULL: none
    // Of an sftp URL, else NULL. Of a folder the newest file that the template reads is the page.
    const char *ssh_user, *ssh_key_file, *ssh_host_key; // the host's key as 43 letters of base64
};

struct try_ask {
    const struct template *template;
    const struct tables *tables;
    struct try_fetch fetch; // its url may be a file too, "-" is standard input
    const char *sheet;      // of a workbook; NULL: none is named
    bool allow_missing;
    bool silent; // only the tally
    size_t items_max;
    uint16_t municipality; // of the source; 0: none
};

struct try_tally {
    bool read;          // the page is there and is as a whole what the template reads
    size_t items, good; // that a daemon would judge, and would take
};

// False when it has told why there is no page.
bool try_show(const struct ctl *ctl, const struct try_ask *ask, struct try_tally *tally) MUST_CHECK;

#endif
