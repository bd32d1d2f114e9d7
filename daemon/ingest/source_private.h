// SPDX-License-Identifier: EUPL-1.2
// Shared by the files source_*.c: what a source is told of itself; nobody else includes it.
#ifndef INGEST_SOURCE_PRIVATE_H
#define INGEST_SOURCE_PRIVATE_H

#include "api/problem.h"
#include "ingest/source_page.h"

enum { SOURCE_MONTHS = 13, SOURCE_ENTRIES_MAX = 100, SOURCE_WORDS_MAX = 100 };

struct source_facts {
    // What it goes by; set by who asks.
    struct ledger *ledger;
    const struct sources *sources;
    const struct tables *tables;
    const struct source *source;
    uint32_t rounding_base;
    int64_t now_ms;
    struct source_feed {
        enum feed_state state;
        int64_t next_ms, failed_ms;
        uint32_t failures;
        char failure[FEED_FAILURE_MAX]; // "": none
        struct feed_record record;
    } feed;
    // Made by source_facts_gather.
    struct source_month {
        uint16_t month; // as in struct cell
        uint32_t registered, corrected, withdrawn, refused;
    } months[SOURCE_MONTHS];           // the running one last
    struct quarantine_record *entries; // the newest, owned
    size_t entry_count;
    uint64_t entries_all;
    struct unmapped_record *words; // owned
    size_t word_count;
    uint64_t words_all;
    const struct municipality *municipality; // as it is today; NULL: it has none
    bool signals, official, policy;          // the basic level; only of a municipality's source
    // Of others in its size class.
    uint32_t others;         // municipalities
    uint32_t others_signals; // floored
    bool others_told;        // false: too few of them have signalled
    uint32_t own_signals;    // in the same months, by its municipality's own sources
    struct period closed;
};
void source_facts_gather(struct source_facts *facts); // any thread
void source_facts_free(struct source_facts *facts);
bool source_is_municipality(const struct source_facts *facts);

extern const char source_style[]; // conf/web/source.css, ended by NUL
// The policy (CSP) under which a browser shows the page.
enum { SOURCE_POLICY_MAX = 256 };
void source_put_policy(char policy[SOURCE_POLICY_MAX]);
void source_put_html(const struct source_facts *facts, bool dutch, struct buf *out);
void source_put_json(const struct source_facts *facts, struct buf *out);

#endif
