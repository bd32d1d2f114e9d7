// SPDX-License-Identifier: EUPL-1.2
// The organisation's picture in its reports. Reports go to others and are opened in browsers, so it
// is a PNG, or an SVG that runs nothing and leads nowhere.
#ifndef CONFIG_LOGO_H
#define CONFIG_LOGO_H

#include "base/str.h"

enum { LOGO_BYTES_MAX = 256 << 10, LOGO_SIDE_MAX = 8192 };

// The picture as "data:image/png;base64,…". False: `err` says what it is not; no bytes of it. The
// caller frees `out` either way.
bool logo_read(const char *path, struct buf *out, struct err *err) MUST_CHECK;

#endif
