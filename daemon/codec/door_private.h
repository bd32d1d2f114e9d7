// SPDX-License-Identifier: EUPL-1.2
// Shared by door.c and door_form.c: what a document is that is no text for us.
#ifndef CODEC_DOOR_PRIVATE_H
#define CODEC_DOOR_PRIVATE_H

#include "codec/door.h"

const struct door_form *door_form_of_bytes(struct str bytes); // as they came; NULL: may be text
const struct door_form *door_form_of_text(struct str text);   // decoded; NULL: ours to read

#endif
