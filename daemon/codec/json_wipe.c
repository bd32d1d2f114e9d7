// SPDX-License-Identifier: EUPL-1.2
#include "codec/json_wipe.h"

#include "base/mem.h"

#include <jansson.h>

void json_wipe_install(void) {
    json_set_alloc_funcs(mem_alloc, mem_wipe_free);
}
