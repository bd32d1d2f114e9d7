// SPDX-License-Identifier: EUPL-1.2
// URLs (RFC 3986) and plain words that an operator writes.
#ifndef CONFIG_TEXT_URL_H
#define CONFIG_TEXT_URL_H

#include "base/str.h"

// 1..max ASCII letters, digits and bytes of `extra`.
bool text_is_word(struct str text, size_t max, const char *extra);
// The same without capitals: [a-z0-9._-].
bool text_is_name(struct str text, size_t max);
// What is wrong with an absolute http or https URL; NULL when nothing is.
const char *url_fault(struct str url);
bool url_is_sftp(struct str url);
const char *url_sftp_fault(struct str url); // the same of such a one: the URL of a folder
// "host", "host:port", "[::1]:port": without port and brackets.
struct str host_of(struct str text);
// The same of a URL that has no fault.
struct str url_host(struct str url);
// Is it this machine: an address in 127.0.0.0/8, also as ::ffff:127.0.0.1, ::1, or localhost? Other
// names are not looked up: what they mean may change.
bool host_is_local(struct str host);

#endif
