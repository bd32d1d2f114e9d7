// SPDX-License-Identifier: EUPL-1.2
// Gives the JSON library an allocator that overwrites what it frees. It is installed once for the
// process, because the library has no allocator for one tree; so it must happen before the first
// parse and before other threads start.
#include "codec/json_wipe.h"

#include "base/mem.h"

#include <jansson.h>

void json_wipe_install(void) {
    json_set_alloc_funcs(mem_alloc, mem_wipe_free);
}
