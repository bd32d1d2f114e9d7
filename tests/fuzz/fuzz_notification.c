// SPDX-License-Identifier: EUPL-1.2
// Bodies of notifications: whatever they are, they are one of three kinds, twice the same.
#include "codec/notification.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct str body = {(const char *)data + 1, size - 1};
    enum door_charset charset = data[0] % 2 ? DOOR_LATIN1 : DOOR_UNSAID;
    enum notification kind = notification_read(body, charset);
    if (kind > NOTIFICATION_CHANGE || kind != notification_read(body, charset))
        abort();
    return 0;
}
