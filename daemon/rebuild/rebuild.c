// SPDX-License-Identifier: EUPL-1.2
// The way of `signaald --rebuild`: open a new ledger beside the keys, read the events, link them
// in order, restore the statistics, write the first audit line, move the ledger into place. Until
// that move nothing exists that a daemon would start on, so a run that fails or is killed is
// simply run again. `struct rebuild` owns the place and the ledger.
#include "rebuild/rebuild.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/pii/log.h"
#include "edge/store/place.h"
#include "jobs/audit.h"
#include "jobs/publish.h"
#include "rebuild_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rebuild {
    const struct config *config;
    const struct rebuild_options *options;
    struct digest ledger_id; // when one was chosen
    struct store_place *place;
    struct ledger *ledger;
    struct hash_key record_key;
    struct rebuild_topic topic;
    struct rebuild_statistics statistics;
    struct link_task link;
    int64_t started_ms;
    struct err err;
};

// --- the keys and the place ---

// The file of the configuration's, or ours in the state directory.
static char *key_path(const struct config *config, const char *file, const char *own_name) {
    struct buf path;
    buf_init(&path, 8192);
    if (file)
        buf_puts(&path, file);
    else
        buf_printf(&path, "%s/%s", config->state_dir, own_name);
    return buf_take(&path);
}

void rebuild_find_keys(const struct config *config, struct rebuild_keys *keys) {
    keys->identity = key_path(config, config->identity_key_file, "identity.key");
    keys->person = key_path(config, config->person_key_file, "person.key");
}

void rebuild_free_keys(struct rebuild_keys *keys) {
    free(keys->identity);
    free(keys->person);
}

struct ledger_options rebuild_ledger_options(const struct config *config, const char *dir,
                                             const struct rebuild_keys *keys) {
    struct ledger_options options = {.dir = dir,
                                     .bytes_max = config->state_bytes_max,
                                     .identity_key_file = keys->identity,
                                     .person_key_file = keys->person,
                                     .person_previous_key_file = config->person_previous_key_file,
                                     .window_ms = config->retention.identity_ms};
    kafka_name_topics(config, &options);
    return options;
}

// The identity key must be the old one. Pseudonyms of persons are not in any topic, so a new key
// for them loses nothing more.
static bool check_keys(struct rebuild *rebuild, const char *identity, const char *person) {
    struct hash_key key;
    struct err why;
    if (!hash_key_load(identity, false, &key, &why))
        return err_set(&rebuild->err, ERR_CONFIG,
                       "the identity key that the ledger was written with is needed: %s", why.text);
    bool ok = hash_key_load(person, !rebuild->config->person_key_file, &key, &rebuild->err);
    hash_wipe(&key, sizeof key);
    return ok;
}

static bool open_ledger(struct rebuild *rebuild) {
    const struct config *config = rebuild->config;
    struct rebuild_keys keys;
    rebuild_find_keys(config, &keys);
    rebuild->place = store_place_open(config->state_dir, false, &rebuild->err);
    if (rebuild->place && check_keys(rebuild, keys.identity, keys.person)) {
        struct ledger_options options =
            rebuild_ledger_options(config, store_place_dir(rebuild->place), &keys);
        rebuild->ledger = ledger_open(&options, &rebuild->err);
    }
    rebuild_free_keys(&keys);
    return rebuild->ledger != NULL;
}

// --- steps ---

static bool read_events(struct rebuild *rebuild) {
    struct rebuild_topic *topic = &rebuild->topic;
    topic->config = rebuild->config;
    topic->key_check = ledger_key_check(rebuild->ledger);
    topic->key = &rebuild->record_key;
    hash_derive(ledger_identity_key(rebuild->ledger), PUBLISH_KEY_USE, &rebuild->record_key);
    topic->ledger_id = rebuild->options->ledger_id ? &rebuild->ledger_id : NULL;
    topic->partial = rebuild->options->partial;
    topic->lines = ledger_rebuild_begin(rebuild->ledger);
    bool ok = rebuild_topic_run(topic, &rebuild->err);
    ledger_rebuild_free(topic->lines);
    return ok;
}

// One commit with this task, and what the group has beside it.
static bool commit(struct rebuild *rebuild, struct ledger_group *group, struct commit_task *task) {
    group->tasks = task;
    ledger_commit(rebuild->ledger, group, loop_wall_ms());
    rebuild->err = group->refused.kind == ERR_NONE ? group->err : group->refused;
    if (rebuild->err.kind == ERR_NONE)
        ledger_apply(rebuild->ledger, group);
    return rebuild->err.kind == ERR_NONE;
}

static bool link_lines(struct rebuild *rebuild) {
    struct ledger_group group = {0};
    bool ok;
    rebuild->link = (struct link_task){.task.run = ledger_link, .upto = rebuild->topic.last_seq};
    do {
        ledger_group_clear(&group);
        ok = commit(rebuild, &group, &rebuild->link.task);
    } while (ok && rebuild->link.more);
    ledger_group_free(&group);
    return ok;
}

static void put_audit(const struct rebuild *rebuild, struct buf *out) {
    struct buf object;
    buf_init(&object, AUDIT_OBJECT_MAX);
    buf_printf(&object, "lines=%" PRIu64 " lost=%" PRIu64, rebuild->topic.lines_added,
               rebuild->link.lost);
    const struct audit_entry entry = {.actor = "system",
                                      .origin = "start",
                                      .action = "rebuild",
                                      .object = buf_str(&object),
                                      .result = "rebuilt"};
    audit_put(out, &entry);
    buf_free(&object);
}

// How far a topic has been read, as if Kafka had just confirmed it.
static void confirm(struct ledger_confirmed *confirmed, const struct publish_ack *last) {
    confirmed->acks = mem_zalloc(PUBLISH_PARTITIONS_MAX, sizeof *confirmed->acks);
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        if (last[i].seq)
            confirmed->acks[confirmed->ack_count++] = last[i];
}

static bool restore_statistics(struct rebuild *rebuild) {
    struct rebuild_statistics *statistics = &rebuild->statistics;
    statistics->ledger_id = rebuild->topic.found;
    statistics->partial = rebuild->options->partial;
    if (!rebuild_statistics_run(statistics, rebuild->config, &rebuild->record_key, &rebuild->err))
        return false;
    struct restore_task restore;
    struct ledger_group group = {0};
    topic_statistics_restore(&statistics->found, &restore);
    restore.partitions = statistics->partitions;
    confirm(&group.confirmed[LEDGER_STATISTICS], statistics->last);
    bool ok = commit(rebuild, &group, &restore.task);
    ledger_group_free(&group);
    free((void *)restore.statistics);
    return ok;
}

// The last commit, with the audit log's first line.
static bool close_ledger(struct rebuild *rebuild) {
    struct audit_task audit = {.task.run = ledger_append_audit};
    struct ledger_group group = {0};
    group.confirmed[LEDGER_EVENTS].partitions = rebuild->topic.partitions;
    buf_init(&audit.line, AUDIT_LINE_MAX);
    put_audit(rebuild, &audit.line);
    bool ok = commit(rebuild, &group, &audit.task);
    ledger_group_free(&group);
    buf_free(&audit.line);
    return ok;
}

// --- telling ---

struct summary {
    uint64_t first, last;
    struct totals totals;
    int64_t signals;
    size_t persons_linked;
};

static void print(const struct rebuild *rebuild, const struct summary *summary) {
    const struct rebuild_topic *topic = &rebuild->topic;
    const struct totals *totals = &summary->totals;
    char last[TIME_STAMP_MAX];
    time_format_stamp(topic->last_ms, last);
    (void)printf("rebuilt from topic %s: %" PRIu64 " entries, %" PRIu64 "..%" PRIu64
                 ", in %.1f s\n",
                 rebuild->config->kafka_topic, topic->lines_added, summary->first, summary->last,
                 (double)(clock_monotonic_ms() - rebuild->started_ms) / 1000);
    (void)printf("signals that count: %" PRId64 " (registered %" PRIu64 ", corrected %" PRIu64
                 ", withdrawn %" PRIu64 ", erased %" PRIu64 "); linked with others: %zu\n",
                 summary->signals, totals->verdicts[VERDICT_REGISTERED],
                 totals->verdicts[VERDICT_CORRECTED], totals->verdicts[VERDICT_WITHDRAWN],
                 totals->erased, summary->persons_linked);
    (void)printf("records of others: %" PRIu64 ", in our name and not ours: %" PRIu64
                 ", the same event again: %" PRIu64 ", passed over: %" PRIu64 "\n",
                 topic->others, topic->forged, topic->again,
                 topic->unreadable + topic->clashes + topic->far);
    if (rebuild->statistics.found.state.made)
        (void)printf("statistics for outside, from topic %s: %zu, passed over: %" PRIu64 "\n",
                     rebuild->statistics.topic, rebuild->statistics.found.count,
                     rebuild->statistics.passed);
    (void)printf("not in the topic: %" PRIu64 " entries\n", rebuild->link.lost);
    (void)printf("What came in after %s and was not yet in Kafka is lost: let sources send again "
                 "from then on,\nand repeat what was erased since.\n",
                 last);
    log_notice("rebuilt entries=%" PRIu64 " signals=%" PRId64 " lost=%" PRIu64, topic->lines_added,
               summary->signals, rebuild->link.lost);
}

static struct summary sum_up(const struct ledger *ledger) {
    return (struct summary){.first = ledger_first_seq(ledger),
                            .last = ledger_last_seq(ledger),
                            .totals = *ledger_totals(ledger),
                            .signals = counts_total(ledger_counts(ledger)),
                            .persons_linked = persons_members(ledger_persons(ledger))};
}

static bool rebuild_all(struct rebuild *rebuild) {
    const char *chosen = rebuild->options->ledger_id;
    if (!rebuild->config->kafka_brokers)
        return err_set(&rebuild->err, ERR_CONFIG, "kafka.brokers is not set: the topic is needed");
    if (chosen && !digest_from_hex(str_from(chosen), &rebuild->ledger_id))
        return err_set(&rebuild->err, ERR_CONFIG, "--ledger-id is the %d hexadecimal digits of %s",
                       DIGEST_HEX, PUBLISH_HEADER_LEDGER_ID);
    if (!open_ledger(rebuild) || !read_events(rebuild))
        return false;
    (void)fputs("linking\n", stderr);
    if (!link_lines(rebuild) || !restore_statistics(rebuild) || !close_ledger(rebuild))
        return false;
    struct summary summary = sum_up(rebuild->ledger);
    ledger_close(rebuild->ledger);
    rebuild->ledger = NULL;
    if (!store_place_put(rebuild->place, &rebuild->err))
        return false;
    print(rebuild, &summary);
    return true;
}

int rebuild_run(const struct config *config, const struct rebuild_options *options) {
    struct rebuild *rebuild = mem_zalloc(1, sizeof *rebuild);
    rebuild->config = config;
    rebuild->options = options;
    rebuild->started_ms = clock_monotonic_ms();
    int status = EXIT_SUCCESS;
    if (!rebuild_all(rebuild)) {
        status = err_exit_status(&rebuild->err);
        (void)fprintf(stderr, "signaald: no rebuild: %s\n", rebuild->err.text);
    }
    topic_statistics_free(&rebuild->statistics.found);
    ledger_close(rebuild->ledger);
    store_place_close(rebuild->place);
    hash_wipe(&rebuild->record_key, sizeof rebuild->record_key);
    free(rebuild);
    return status;
}
