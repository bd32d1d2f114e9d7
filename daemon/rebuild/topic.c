// SPDX-License-Identifier: EUPL-1.2
// Reads the events of one ledger out of the topic. What only looks like ours is counted and passed
// over. Without --partial the topic has to be whole: anything missing at the start, unreadable or
// contradictory stops the run with its place, because a ledger that silently lacks signals would
// count wrongly ever after. With it such records are counted and left out. Entries go to the ledger
// as they are found; nothing of a record is kept.
#include "rebuild_private.h"

#include "base/clock.h"
#include "codec/event.h"
#include "jobs/publish.h"
#include "jobs/topic_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOW_MS = 2000, PARTITIONS_NAMED_MAX = 4 };

static void show_progress(struct rebuild_topic *topic) {
    topic->records++;
    if (topic->records % 1000 != 0 || clock_monotonic_ms() - topic->shown_ms < SHOW_MS)
        return;
    topic->shown_ms = clock_monotonic_ms();
    (void)fprintf(stderr, "read %" PRIu64 " records\n", topic->records);
}

// --- one record ---

// Counts who has written. True when it is the ledger that we look for; the first one that is seen
// is, until there is another.
static bool is_ours(struct rebuild_topic *topic, struct str ledger_id) {
    struct digest digest;
    size_t i = 0;
    if (!digest_from_hex(ledger_id, &digest))
        return false;
    while (i < topic->ledger_id_count && !str_is(ledger_id, topic->ledger_ids[i].name))
        i++;
    if (i == topic->ledger_id_count && i < REBUILD_LEDGER_IDS_MAX) {
        digest_to_hex(&digest, topic->ledger_ids[i].name);
        topic->ledger_id_count++;
    }
    if (i < REBUILD_LEDGER_IDS_MAX)
        topic->ledger_ids[i].events++;
    if (!topic->found[0])
        memcpy(topic->found, topic->ledger_ids[i].name, sizeof topic->found);
    return str_is(ledger_id, topic->found);
}

// It says that another identity key was in force.
static bool has_other_key(const struct rebuild_topic *topic, const struct publish_record *record) {
    char name[DIGEST_HEX + 1];
    struct str key = publish_record_header(record, EVENT_HEADER_KEY);
    digest_to_hex(topic->key_check, name);
    return key.data && !str_equal(key, (struct str){name, EVENT_KEY_HEX});
}

void rebuild_fit(struct rebuild_fits *fits, const struct publish_record *record) {
    for (int32_t n = 1; n <= PUBLISH_PARTITIONS_MAX; n++)
        if (!fits->ruled_out[n] && publish_partition(record->key, n) != record->partition)
            fits->ruled_out[n] = true;
}

int32_t rebuild_fits_most(const struct rebuild_fits *fits, int32_t partitions) {
    for (int32_t n = partitions; n > 0; n--)
        if (!fits->ruled_out[n])
            return n;
    return 0;
}

static void note_place(struct rebuild_topic *topic, const struct publish_record *record,
                       const struct ledger_entry *entry) {
    rebuild_fit(&topic->fits, record);
    if (!topic->first_seq || entry->seq < topic->first_seq)
        topic->first_seq = entry->seq;
    if (entry->seq > topic->last_seq)
        topic->last_seq = entry->seq;
    if (entry->logged_ms > topic->last_ms)
        topic->last_ms = entry->logged_ms;
}

// What cannot be taken is told, or passed over where that was asked for.
static bool pass_over(struct rebuild_topic *topic, const struct publish_record *record,
                      const char *why, uint64_t *count) {
    ++*count;
    if (record->seq > topic->passed_seq)
        topic->passed_seq = record->seq;
    return topic->partial ||
           err_set(&topic->err, ERR_CONFIG,
                   "partition %" PRId32 ", offset %" PRId64 ": %s (--partial passes it over)",
                   record->partition, record->offset, why);
}

static bool take(struct rebuild_topic *topic, const struct publish_record *record) {
    struct ledger_found found;
    struct err err;
    topic->last[record->partition] =
        (struct publish_ack){record->seq, record->partition, record->offset};
    if (!topic_event_read(record, &topic->kept, &found, &err))
        return pass_over(topic, record, err.text, &topic->unreadable);
    switch (ledger_rebuild_add(topic->lines, &found, &topic->err)) {
    case LEDGER_ADD_FAILED:
        return false;
    case LEDGER_ANOTHER:
        return pass_over(topic, record, "another event has the same sequence", &topic->clashes);
    case LEDGER_AGAIN:
        topic->again++;
        break;
    case LEDGER_ADDED:
        topic->lines_added++;
        break;
    }
    note_place(topic, record, &found.entry);
    return true;
}

static enum publish_seen on_record(void *ctx, const struct publish_record *record) {
    struct rebuild_topic *topic = ctx;
    struct str ledger_id = publish_record_header(record, PUBLISH_HEADER_LEDGER_ID);
    show_progress(topic);
    if (!ledger_id.data) {
        topic->others++;
        return PUBLISH_PASSED;
    }
    if (!record->genuine) {
        bool other = has_other_key(topic, record);
        *(other ? &topic->other_key : &topic->forged) += 1;
        return PUBLISH_PASSED;
    }
    if (!is_ours(topic, ledger_id)) {
        topic->others++;
        return PUBLISH_PASSED;
    }
    // With several to choose from the rest is only counted.
    bool known = topic->ledger_id || topic->ledger_id_count == 1;
    return !known || take(topic, record) ? PUBLISH_AWAITED : PUBLISH_STOP;
}

// --- all of them ---

static bool refuse_ledger_ids(const struct rebuild_topic *topic, struct err *err) {
    char text[sizeof err->text];
    size_t len = 0;
    for (size_t i = 0; i < topic->ledger_id_count && len < sizeof text; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s %s (%" PRIu64 " events)",
                             i ? "," : "", topic->ledger_ids[i].name, topic->ledger_ids[i].events);
    return err_set(err, ERR_CONFIG,
                   "several ledgers have written to the topic: choose with --ledger-id:%s", text);
}

// Where partitions no longer begin at their beginning. "" when none does.
static void tell_lows(const struct publish_replay *replay, char *out, size_t size) {
    size_t len = 0;
    int named = 0;
    out[0] = '\0';
    for (int32_t p = 0; p < replay->partitions && named < PARTITIONS_NAMED_MAX; p++)
        if (replay->low[p] > 0) {
            len += (size_t)snprintf(out + len, size - len, "%s %" PRId32 " begins at %" PRId64,
                                    named++ ? ", partition" : "partition", p, replay->low[p]);
        }
}

static bool check_whole(const struct rebuild_topic *topic, const struct publish_replay *replay,
                        struct err *err) {
    char lows[160];
    tell_lows(replay, lows, sizeof lows);
    bool gaps = topic->last_seq - topic->first_seq + 1 != topic->lines_added;
    if (topic->partial || (topic->first_seq == 1 && !(gaps && lows[0])))
        return true;
    return err_set(err, ERR_CONFIG,
                   "the topic lacks its beginning: its first event is number %" PRIu64
                   "%s%s; --partial goes on without",
                   topic->first_seq, lows[0] ? ", " : "", lows);
}

static bool pass_far(struct rebuild_topic *topic, struct err *err) {
    struct ledger_far far;
    if (!ledger_rebuild_find_far(topic->lines, &far))
        return true;
    if (!topic->partial)
        return err_set(err, ERR_CONFIG,
                       "partition %" PRId32 ", offset %" PRId64 ": it has number %" PRIu64
                       ", and the %" PRIu64 " before it are missing: too many for the %" PRIu64
                       " events from there on (--partial passes them over)",
                       far.partition, far.offset, far.seq, far.missing, far.count);
    topic->far = far.count;
    topic->lines_added -= far.count;
    topic->last_seq = far.last_seq;
    topic->last_ms = far.last_ms;
    return ledger_rebuild_drop(topic->lines, far.seq, err);
}

static bool check(struct rebuild_topic *topic, const struct publish_replay *replay,
                  struct err *err) {
    if (!topic->ledger_id && topic->ledger_id_count > 1)
        return refuse_ledger_ids(topic, err);
    if (topic->lines_added == 0 && topic->other_key > 0)
        return err_set(err, ERR_CONFIG,
                       "the events were written with another identity key: with the one at hand "
                       "every known signal would be new");
    if (topic->lines_added == 0)
        return err_set(err, ERR_CONFIG, "topic %s has no events of %s", topic->config->kafka_topic,
                       topic->ledger_id ? "that ledger" : "a ledger");
    if (!pass_far(topic, err))
        return false;
    topic->partitions = rebuild_fits_most(&topic->fits, replay->partitions);
    if (topic->partitions == 0 && !topic->partial)
        return err_set(err, ERR_CONFIG,
                       "the events are in partitions where their keys do not belong; --partial "
                       "takes them all the same");
    if (topic->partitions == 0)
        topic->partitions = replay->partitions;
    return check_whole(topic, replay, err);
}

// The number of what was passed over is not given again, unless it is too far away to be one of
// ours.
static void keep_passed(struct rebuild_topic *topic) {
    if (topic->passed_seq > topic->last_seq &&
        topic->passed_seq - topic->last_seq <= LEDGER_MISSING_MAX)
        topic->last_seq = topic->passed_seq;
}

bool rebuild_topic_run(struct rebuild_topic *topic, struct err *err) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    struct publish_options options = publish_options_to_read(topic->config, settings);
    options.topic = topic->config->kafka_topic;
    options.kind = PUBLISH_KIND_EVENTS;
    options.key = topic->key;
    struct publish_replay replay = {.on_record = on_record, .ctx = topic};
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        topic->last[i].offset = -1;
    topic->shown_ms = clock_monotonic_ms();
    if (topic->ledger_id)
        digest_to_hex(topic->ledger_id, topic->found);
    buf_init(&topic->kept, EVENT_VALUE_MAX + 1);
    publish_replay_prepare(&replay, &options);
    bool read = publish_replay_run(&replay, err);
    publish_replay_free(&replay);
    buf_free(&topic->kept);
    if (!read) {
        if (topic->err.kind != ERR_NONE)
            *err = topic->err;
        return false;
    }
    if (!check(topic, &replay, err))
        return false;
    keep_passed(topic);
    return ledger_rebuild_named(topic->lines, topic->found, topic->last, err);
}
