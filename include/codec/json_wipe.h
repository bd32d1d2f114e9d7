// SPDX-License-Identifier: EUPL-1.2
// The JSON library's trees hold what sources say, persons among it: its memory is overwritten when
// it is freed.
#ifndef CODEC_JSON_WIPE_H
#define CODEC_JSON_WIPE_H

// Once, before anything is parsed and before there are other threads.
void json_wipe_install(void);

#endif
