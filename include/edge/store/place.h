// SPDX-License-Identifier: EUPL-1.2
// A store that is made anew: in a directory of its own inside the state directory, put in its place
// when it is whole. Broken off it leaves nothing that a daemon would start on, and nothing that
// the next one has to know of.
#ifndef EDGE_STORE_PLACE_H
#define EDGE_STORE_PLACE_H

#include "base/err.h"

#include <stdint.h>

struct store_place;

// Holds the state directory, so that no daemon starts in it meanwhile. CONFIG when there is a store
// already, unless that one is to be replaced, or somebody else holds it.
struct store_place *store_place_open(const char *dir, bool replace, struct err *err) MUST_CHECK;
const char *store_place_dir(const struct store_place *place); // where to make it; empty
// After store_close: it is in its place, on the disk, in one step. FATAL otherwise.
bool store_place_put(struct store_place *place, struct err *err) MUST_CHECK;
// What is not in its place goes. NULL is fine.
void store_place_close(struct store_place *place);
// Of a place that was broken off beside a store; by who holds the lock of the directory.
void store_place_sweep(int dir_fd);

// Is there a store to start on? CONFIG where the directory is as on a new machine, or one was
// broken off: a daemon does not begin a new one by itself, since to it every known signal would be
// new and its disk may just not be mounted. DAMAGED where one was there before.
bool store_place_check(const char *dir, struct err *err) MUST_CHECK;
// Begins a store that holds nothing, in a directory that holds nothing. CONFIG where there is
// anything.
bool store_place_begin(const char *dir, uint64_t map_bytes_max, struct err *err) MUST_CHECK;

#endif
