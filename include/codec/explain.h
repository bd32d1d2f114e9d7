// SPDX-License-Identifier: EUPL-1.2
// What is wrong, in a sentence for whoever sent it: where it is in the sender's own words (the
// column or member that a template names), and what was expected there. Every answer, log line and
// list of faults tells it through here. No text of what was sent is in it.
#ifndef CODEC_EXPLAIN_H
#define CODEC_EXPLAIN_H

#include "codec/json_out.h"
#include "codec/mapping.h"
#include "codec/record.h"

enum { EXPLAIN_MAX = 448 };

// Of one item. `pointer` and `code` as in struct fault; `mapping` is what the item was read by,
// NULL: the native form. 'column "datum" is no date or time: expected DD-MM-YYYY'
void explain_fault(const struct mapping *mapping, enum fault_code code, const char *pointer,
                   char out[EXPLAIN_MAX]);
// The same, with the place of the item that it clashes with.
void explain_item(const struct mapping *mapping, const struct fault *fault, char out[EXPLAIN_MAX]);
// Of the body, page or file as a whole. 'it is an Excel workbook: save the sheet as CSV'
void explain_whole(const struct mapping *mapping, const struct decode_result *decoded,
                   char out[EXPLAIN_MAX]);
// A reason of the quarantine as an object: pointer, code, detail. `page`: it is of a whole page.
void explain_put_reason(struct json_out *json, const struct mapping *mapping, bool page,
                        const struct quarantine_reason *reason);

#endif
