// SPDX-License-Identifier: EUPL-1.2
// How jemalloc, which is linked into the daemon, gives out memory. Events are made on the loop's
// thread and freed on librdkafka's: the C library's allocator has its threads wait for each other
// there. Few arenas, and what is free goes back to the system within a second, keep the process
// small. jemalloc(3), "TUNING", has the words.
extern const char *malloc_conf;
const char *malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
