// SPDX-License-Identifier: EUPL-1.2
// Reads the topic of current signals for a verify (ledger/verify.h), which compares it with the
// ledger of its snapshot. Needs the rights read and describe on the topic.
#ifndef JOBS_COMPARE_H
#define JOBS_COMPARE_H

#include "config/config.h"
#include "edge/kafka/replay.h"
#include "ledger/verify.h"

struct topic_compare {
    struct publish_replay replay; // of nothing, where no such topic is configured
};
// On the loop, since a reload may change the configuration. It fails soon once *stop is true.
void topic_compare_prepare(struct topic_compare *compare, const struct config *config,
                           const struct hash_key *identity_key, const atomic_bool *stop);
// `read` of struct verify_topic; ctx is a topic_compare. Any thread. False: there is no such topic,
// or it cannot be read.
bool topic_compare_read(void *ctx, struct verify *verify, struct err *err) MUST_CHECK;
void topic_compare_free(struct topic_compare *compare);

#endif
