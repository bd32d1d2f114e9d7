// SPDX-License-Identifier: EUPL-1.2
// A record of the topic of events as a line of the ledger.
#ifndef JOBS_TOPIC_EVENT_H
#define JOBS_TOPIC_EVENT_H

#include "edge/kafka/record.h"
#include "ledger/rebuild.h"

// The line of an event, and its sequence; it borrows `kept`, of EVENT_VALUE_MAX + 1. INPUT when it
// is none of ours or damaged.
bool topic_event_read(const struct publish_record *record, struct buf *kept,
                      struct ledger_found *found, struct err *err) MUST_CHECK;

#endif
