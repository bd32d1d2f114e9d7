// SPDX-License-Identifier: EUPL-1.2
// Tells a verify of each record of the topic of current signals, in the order of its partition.
// Only a record that this ledger has written has a number: what somebody else wrote is compared
// like any other, and cannot pass for a later change.
#include "jobs/compare.h"

#include "jobs/publish.h"

#include <string.h>

struct topic_reading {
    struct verify *verify;
    const atomic_bool *stop;
    char ledger_id[DIGEST_HEX + 1];
};

static enum publish_seen on_record(void *ctx, const struct publish_record *record) {
    struct topic_reading *reading = ctx;
    bool ours = record->genuine &&
                str_is(publish_record_header(record, PUBLISH_HEADER_LEDGER_ID), reading->ledger_id);
    verify_topic_note(reading->verify->topic, record->key, record->value, ours ? record->seq : 0);
    return atomic_load(reading->stop) ? PUBLISH_STOP : PUBLISH_PASSED;
}

void topic_compare_prepare(struct topic_compare *compare, const struct config *config,
                           const struct hash_key *identity_key, const atomic_bool *stop) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    struct publish_options options = publish_options_to_read(config, settings);
    struct hash_key key;
    compare->replay = (struct publish_replay){.on_record = on_record, .stop = stop};
    options.topic = kafka_current_topic(config);
    options.kind = PUBLISH_KIND_CURRENT;
    options.key = &key;
    if (!options.topic || !options.brokers)
        return;
    hash_derive(identity_key, PUBLISH_KEY_USE, &key);
    publish_replay_prepare(&compare->replay, &options);
    hash_wipe(&key, sizeof key);
}

bool topic_compare_read(void *ctx, struct verify *verify, struct err *err) {
    struct topic_compare *compare = ctx;
    struct topic_reading reading = {.verify = verify, .stop = compare->replay.stop};
    struct str id;
    if (!compare->replay.conf)
        return err_set(err, ERR_CONFIG, "no topic of current signals is configured");
    if (store_get(&verify->txn, STORE_META, STR("ledger_id"), &id) && id.len == DIGEST_HEX)
        memcpy(reading.ledger_id, id.data, DIGEST_HEX);
    compare->replay.ctx = &reading;
    return publish_replay_run(&compare->replay, err);
}

void topic_compare_free(struct topic_compare *compare) {
    publish_replay_free(&compare->replay);
}
