// SPDX-License-Identifier: EUPL-1.2
// Where a cursor is moved. The invariant: a committed cursor never passes an item that the other
// side had and that was not taken or put into the quarantine. So an unordered poll moves it with
// its last page only, a page that was refused as a whole stops it, and after several pages in no
// order it waits for a poll that brings nothing new. One thing it cannot see: unchanged items of an
// unordered list that swap places between two pages while these are read.
#include "ingest/feed_plan.h"

#include "codec/page.h"

#include "base/time.h"
#include "codec/decode.h"

#include <string.h>

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

static bool is_further(const char *watermark, const char *than) {
    return watermark[0] &&
           (!than[0] || decode_cursor_compare(str_from(watermark), str_from(than)) > 0);
}

static void copy_cursor(char *to, const char *from) {
    memcpy(to, from, strlen(from) + 1);
}

static void set_cursor(struct feed_record *record, const char *cursor) {
    copy_cursor(record->cursor, cursor);
    record->etag[0] = record->last_modified[0] = '\0';
}

// A watermark that is a day or a time to come is a slip (clocks differ by less than an hour): what
// lies before it would never be asked for.
static bool is_to_come(const char *watermark, int64_t received_ms) {
    int32_t day;
    int64_t ms;
    if (time_parse_date(str_from(watermark), &day))
        return day > time_amsterdam_day(received_ms) + 1;
    return time_parse_stamp(str_from(watermark), &ms) && ms > received_ms + HOUR_MS;
}

static void end_window(struct feed_plan *plan) {
    if (plan->window_ms > plan->template->window_ms)
        plan->window_ms = plan->template->window_ms;
    plan->window_end_ms = plan->window_start_ms + plan->window_ms;
    if (plan->window_end_ms > plan->end_ms)
        plan->window_end_ms = plan->end_ms;
}

void feed_plan_begin(struct feed_plan *plan, const struct template *template, const char *cursor,
                     int64_t now_ms) {
    int64_t ms;
    *plan = (struct feed_plan){
        .template = template, .earlier_ms = template->overlap_ms, .number = template->first_page};
    copy_cursor(plan->begin, cursor);
    if (!template->window_end_param)
        return;
    if (cursor[0] && time_parse_stamp(str_from(cursor), &ms))
        plan->window_start_ms = ms - template->reread_ms;
    else
        plan->window_start_ms =
            template->begin_ms ? template->begin_ms : now_ms - template->window_ms;
    plan->end_ms = now_ms;
    plan->window_ms = template->window_ms;
    end_window(plan);
}

// A server may send fewer than it was asked for, so the first page does not tell how many are full.
static bool has_more(const struct feed_plan *plan, const struct feed_page *page) {
    if (page->repeated)
        return false;
    if (plan->template->paging != TEMPLATE_PAGING_NUMBER)
        return page->has_next;
    return page->count > 0 &&
           (page->count >= plan->template->page_size || page->hint || plan->query_pages == 1 ||
            page->count >= plan->first_count || page->told > plan->query_items);
}

static const char *trouble_of(const struct feed_plan *plan, const struct feed_page *page) {
    bool short_of = page->told > plan->query_items;
    if (page->repeated && (short_of || page->told == 0))
        return "a page came twice: paging goes round in a circle";
    if (!plan->more && page->hint)
        return "there is a next page, named in a way that the template does not follow";
    return !plan->more && short_of ? "the list says that it has more than came" : NULL;
}

static void read_end(struct feed_plan *plan, const struct feed_page *page) {
    const struct template *t = plan->template;
    if (plan->query_pages++ == 0) {
        plan->query_items = 0;
        plan->first_count = page->count;
    }
    plan->query_items += page->repeated ? 0 : page->count;
    plan->more = has_more(plan, page);
    bool cut_short = !plan->more && t->paging != TEMPLATE_PAGING_NUMBER && page->told == 0 &&
                     page_is_round(page->count);
    plan->cut_off = t->window_end_param && (page->count >= t->window_items_max || cut_short);
    plan->doubtful = !t->window_end_param && cut_short;
    if (!plan->trouble)
        plan->trouble = trouble_of(plan, page);
}

// The window is read: the cursor is its end, whatever was refused, since windows are read again for
// as long as `lookback` says.
static void plan_window(struct feed_plan *plan, struct feed_record *record) {
    char end[TIME_STAMP_MAX];
    time_format_stamp(plan->window_end_ms, end);
    if (!plan->cut_off && !plan->more && !plan->trouble && is_further(end, record->cursor))
        set_cursor(record, end);
}

// Of pages whose items come in no order only the last may move the cursor: an earlier page may hold
// the newest. And while several of them were read, items may have slipped from one to another
// unseen; a poll that finds all of it known has seen a list that stood still.
static void plan_watermark(struct feed_plan *plan, struct feed_record *record) {
    bool ordered = plan->template->ordered;
    if (plan->page_all_refused || ((plan->more || plan->trouble || plan->doubtful) && !ordered) ||
        !is_further(plan->watermark, record->cursor))
        return;
    plan->cursor_tentative = plan->pages > 1 && !ordered;
    if (!plan->cursor_tentative || plan->new_count == 0)
        set_cursor(record, plan->watermark);
}

void feed_plan_page(struct feed_plan *plan, const struct feed_page *page,
                    struct feed_record *record) {
    const struct template *t = plan->template;
    plan->pages++;
    read_end(plan, page);
    plan->page_all_refused = plan->page_all_refused || page->all_refused;
    plan->cursor_tentative = false;
    if (is_further(page->watermark, plan->watermark) &&
        !is_to_come(page->watermark, page->received_ms))
        copy_cursor(plan->watermark, page->watermark);
    // An ETag belongs to a URL, of which the cursor is a part, and to a poll of one page.
    if (plan->pages > 1 || plan->more || plan->trouble || plan->page_all_refused)
        record->etag[0] = record->last_modified[0] = '\0';
    if (t->window_end_param)
        plan_window(plan, record);
    else
        plan_watermark(plan, record);
}

// Splits the window that was cut off, or goes to the next, which may be twice as long as the last
// that was whole. What a window gave that cannot be split is taken, and those behind it do not wait
// for the rest; but an endpoint of which many are so has no end.
static enum feed_step next_window(struct feed_plan *plan) {
    int64_t half = (plan->window_end_ms - plan->window_start_ms) / 2;
    const int64_t least =
        plan->template->times == TEMPLATE_TIMES_DAYS ? DAY_MS : FEED_WINDOW_MIN_MS;
    bool split = plan->cut_off && half >= least;
    if (plan->cut_off && !split && ++plan->unsplittable_windows > FEED_UNSPLITTABLE_MAX)
        return FEED_STEP_END;
    if (split) {
        plan->window_ms = half;
    } else {
        plan->window_start_ms = plan->window_end_ms;
        if (plan->window_start_ms >= plan->end_ms)
            return FEED_STEP_END;
        if (!plan->cut_off && plan->window_ms < plan->template->window_ms)
            plan->window_ms *= 2;
    }
    end_window(plan);
    return FEED_STEP_FIRST;
}

// Where items come by rising watermark, going on from the watermark just reached is better than
// page 2: when items change while they are read they move to the end, and those behind them slip
// into the page that has been read already. A whole page may have the same watermark: then page 2.
static enum feed_step next_page(struct feed_plan *plan, const char *cursor) {
    if (plan->template->ordered && !plan->template->window_end_param &&
        strcmp(cursor, plan->begin) != 0) {
        copy_cursor(plan->begin, cursor);
        plan->earlier_ms = 1; // whether the endpoint means "from" or "after"
        return FEED_STEP_FIRST;
    }
    if (plan->template->paging != TEMPLATE_PAGING_NUMBER)
        return FEED_STEP_NEXT;
    plan->number++;
    return FEED_STEP_NUMBER;
}

static const char *failure_of(const struct feed_plan *plan, enum feed_step step) {
    if (step != FEED_STEP_END)
        return "paging does not end";
    if (plan->page_all_refused)
        return "every signal of a page was refused: see the quarantine";
    if (plan->trouble)
        return plan->trouble;
    return plan->unsplittable_windows ? "the smallest window is still cut off" : NULL;
}

enum feed_step feed_plan_next(struct feed_plan *plan, const char *cursor, uint64_t new_count,
                              const char **failure) {
    enum feed_step step = FEED_STEP_END;
    plan->new_count += new_count;
    plan->cursor_tentative = plan->cursor_tentative && plan->new_count > 0;
    if (plan->more && !plan->cut_off)
        step = next_page(plan, cursor);
    else if (plan->template->window_end_param)
        step = next_window(plan);
    if (step == FEED_STEP_FIRST) {
        plan->number = plan->template->first_page;
        plan->query_pages = 0;
    }
    if (step != FEED_STEP_END && plan->pages < plan->template->pages_max)
        return step;
    *failure = failure_of(plan, step);
    return FEED_STEP_END;
}
