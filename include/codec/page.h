// SPDX-License-Identifier: EUPL-1.2
// What the body of one request or one polled page holds: signals, and what is wrong with the items
// that are none. Pure: what is decoded depends on the bytes and the options only.
#ifndef CODEC_PAGE_H
#define CODEC_PAGE_H

#include "codec/mapping.h"
#include "codec/places.h"
#include "core/normalise/normalise.h"

enum { PAGE_SAFE_ID_MAX = 64 };

struct page_item {
    enum verdict verdict;              // REFUSED, or what the ledger makes of it later
    uint32_t version;                  // of the signal, set by the ledger; 0 when refused
    uint32_t signal;                   // place in signals; UINT32_MAX when refused
    uint32_t refused;                  // place in refused; UINT32_MAX when there is none
    uint32_t fault_first, fault_count; // in faults
    uint32_t index, line;              // in the body; line 0: not known
    uint32_t dropped;                  // fields that are not known
    uint8_t unmapped;                  // words and places that the tables lack
    bool place_unmapped;               // the municipality is one of these
    bool undated;                      // dated by its receipt
    uint64_t content;                  // the first bytes of the digest of what it says
    bool repeats;                      // an earlier item of the delivery says the same
    struct digest identity;            // also of a refused one, unless it is among the nameless
};

// A refused item of a polled page, for the quarantine.
struct page_refused {
    struct digest key;             // the same for the same bad item
    char id[PAGE_SAFE_ID_MAX + 1]; // "" when it has none or it might hold more than a number
};

// An item that the mapping leaves out: what its source delivered under this id does not stand.
struct page_left_out {
    struct digest identity;
    int64_t updated_ms, updated_upto_ms; // as in struct signal
    uint32_t index, line;
};

// A word that the tables lacked, of one of the signals.
struct page_word {
    uint32_t signal;  // place in signals
    uint32_t unknown; // place in its list of them
    struct display_view view;
};

// Owns what it points to. When decoded.failed there are no items.
struct page {
    struct decode_result decoded;
    uint32_t excluded;              // items that the mapping leaves out
    struct page_left_out *left_out; // those of them that have an id
    size_t left_out_count, left_out_cap;
    uint32_t nameless; // refused items whose id nobody can read
    struct signal *signals;
    size_t signal_count, signal_cap;
    struct page_item *items;
    size_t item_count, item_cap;
    struct fault *faults;
    size_t fault_count, fault_cap;
    struct page_refused *refused; // of polled pages only
    size_t refused_count, refused_cap;
    struct page_word *unmapped;
    size_t unmapped_count, unmapped_cap;
    uint64_t told;  // how many items the page says that its list has; 0: it does not
    bool hint;      // it names a next page in a way that the mapping does not follow
    char *next;     // where the mapping finds the next page; NULL: nowhere
    bool in_events; // the items are the data of CloudEvents in JSON
    bool by_line;   // each item has lines of its own, by which people find it: a table, NDJSON
    struct places *places; // of a preview; else NULL
};

// Of a list that has several pages: does it say that there are others, and of how many items (0: it
// does not say how many)?
bool page_has_others(const struct page *page, uint64_t *items);
// How many items servers like to have on a page: 50, 100, 200, 250, 500, 1000 …
bool page_is_round(uint32_t count);
// Of a page of JSON that says nothing of others: has it so many items that there may be more?
bool page_is_doubtful(const struct page *page);

// What the items that are not refused have in all.
struct page_tally {
    uint64_t good, dropped, unmapped, places_unmapped, undated;
};
struct page_tally page_add_up(const struct page *page);

// The ids of one delivery: of a body, or of all pages of a poll.
struct page_ids;
struct page_ids *page_ids_create(void);
void page_ids_free(struct page_ids *ids); // NULL is fine
// page_decode refuses each item whose id has other contents in the same delivery: several signals
// that a spreadsheet gave one number, or a history, of which nobody knows what holds. The pages of
// a poll come one by one, and meanwhile an item may change: one that says that it was changed later
// is fine. Beyond PAGE_IDS_MAX ids nobody looks any longer.
enum { PAGE_IDS_MAX = 1 << 20 };

struct page_options {
    const struct mapping *mapping; // NULL: native, by `format` and `cursor_field`
    enum decode_format format;
    enum door_charset charset; // as its sender says
    struct cloudevent *event;  // as of struct decode_options, and so is the next
    struct str event_source;
    struct str cursor_field;
    struct decode_limits limits; // of a polled page, which is bounded by its bytes, not items_max
    bool polled;
    struct page_ids *ids; // of the pages of its poll so far; NULL: it is the whole delivery
    uint32_t page_number; // among these, from 1
    bool imported;        // by an operator
    bool one_of_several;  // who knows that the list has other pages
    bool preview;         // notes what the body has
    bool allow_missing;   // the operator says that places and dates may be missing
    struct normalise_context context;
};

// Decodes and normalises into a page that is all zero. Any thread.
void page_decode(struct page *page, struct str body, const struct page_options *options);
void page_free(struct page *page); // what it owns; not the struct

#endif
