// SPDX-License-Identifier: EUPL-1.2
// A figure as it is told outside, in JSON: what it is of is in its key.
// "signals/year=2017/province=PV27" -> {"measure":"signals","year":"2017","province":"PV27",
// "count":30,"resolution":10,"closed":"2026-10"}
#ifndef CODEC_STATISTIC_H
#define CODEC_STATISTIC_H

#include "codec/json_out.h"
#include "codec/record.h"

enum { FIGURE_VALUE_MAX = 512, FIGURE_MONTH_MAX = 12 };

void figure_put_value(struct json_out *out, struct str key, const struct figure_record *figure);
// The other way round: the record that is told in these bytes. False when there is none.
bool figure_read_value(struct str key, struct str value, struct figure_record *figure);
// "2026-10" for a month as in struct cell.
void figure_month(uint16_t month, char out[FIGURE_MONTH_MAX]);

#endif
