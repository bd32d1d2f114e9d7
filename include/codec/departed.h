// SPDX-License-Identifier: EUPL-1.2
// The value of an event that tells of a trend: a region and a form whose last twelve closed months
// differ from the twelve before (core/cube/departures.h).
//   {"event":"departed","counts":false,
//    "region":{"kind":"province","code":"PV27","name":"Noord-Holland"},
//    "category":"SexualExploitation",
//    "before":{"from":"2016-01","to":"2016-12","signals":34,"municipalities":9},
//    "now":{"from":"2017-01","to":"2017-12","signals":68,"municipalities":11},
//    "change":34,"p":0.00102,"adjusted":0.0204,"tested":143}
// And what the ledger keeps of all of them together.
#ifndef CODEC_DEPARTED_H
#define CODEC_DEPARTED_H

#include "core/cube/departures.h"

enum { DEPARTED_VALUE_MAX = 1024 };

// `all` is what it was tested among.
struct json_out;
void departed_put_value(struct json_out *out, const struct departures *all,
                        const struct departure *departure);

// By what a region and a form are known: "province=PV27/SexualExploitation".
enum { DEPARTED_KEY_MAX = 2 * COUNTS_LABEL_MAX + 40 };
void departed_key(const char *kind, const char *region, enum category category,
                  char out[DEPARTED_KEY_MAX]);

// What departs now: the month since which it does, and the value as it was tested last.
void departed_put_record(struct buf *out, uint16_t since, struct str value);
bool departed_get_record(struct str record, uint16_t *since, struct str *value);

// How far it is: zeroed when nothing was ever looked at.
struct departed_state {
    uint16_t tested; // last closed month that was tested; 0: none
    uint16_t cells;  // how many regions and forms were tested then
    uint16_t seen;   // a month that was seen to have closed, and when that was
    int64_t seen_ms;
};
void departed_put_state(struct buf *out, const struct departed_state *state);
bool departed_get_state(struct str record, struct departed_state *state);

#endif
