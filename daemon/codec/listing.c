// SPDX-License-Identifier: EUPL-1.2
// How many columns stand before the size differs between servers, and a group may have blanks in
// its name. So the date is looked for: a month's name, behind a number and before a day and a time
// or a year. Behind it and one blank the name begins. Pure; texts are borrowed.
#include "codec/listing.h"

#include "base/time.h"

#include <string.h>

enum { TOKENS_MAX = 16, BEFORE_DATE_MIN = 4, MINUTE_MS = 60000 };
static const int64_t DAY_MS = 86400000;

struct listing_line {
    struct str tokens[TOKENS_MAX];
    size_t count;
};

static struct listing_line split(struct str text) {
    struct listing_line line = {.count = 0};
    size_t at = 0;
    while (line.count < TOKENS_MAX) {
        while (at < text.len && text.data[at] == ' ')
            at++;
        size_t begin = at;
        while (at < text.len && text.data[at] != ' ')
            at++;
        if (begin == at)
            break;
        line.tokens[line.count++] = (struct str){text.data + begin, at - begin};
    }
    return line;
}

// 1 to 12; 0: none.
static int month_of(struct str text) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; text.len == 3 && month < 12; month++)
        if (memcmp(text.data, names + month * 3, 3) == 0)
            return month + 1;
    return 0;
}

// Of a day without a year the last that is not to come; a day more, since clocks and zones differ.
static bool read_clock(struct str text, int month, int day, int64_t now_ms, int64_t *ms) {
    uint64_t hour, minute;
    if (text.len != 5 || text.data[2] != ':' ||
        !str_to_u64((struct str){text.data, 2}, 23, &hour) ||
        !str_to_u64((struct str){text.data + 3, 2}, 59, &minute))
        return false;
    int64_t clock = (int64_t)(hour * 60 + minute) * MINUTE_MS;
    int year, unused_month, unused_day;
    time_civil_from_day((int32_t)(now_ms / DAY_MS), &year, &unused_month, &unused_day);
    for (int back = -1; back <= 8; back++) { // 29 February may be eight years back
        if (!time_is_civil(year - back, month, day))
            continue;
        *ms = (int64_t)time_day_from_civil(year - back, month, day) * DAY_MS + clock;
        if (*ms <= now_ms + DAY_MS)
            return true;
    }
    return false;
}

static bool read_time(const struct str *tokens, int64_t now_ms, int64_t *ms) {
    uint64_t day, year;
    int month = month_of(tokens[0]);
    if (!month || !str_to_u64(tokens[1], 31, &day) || day == 0)
        return false;
    if (read_clock(tokens[2], month, (int)day, now_ms, ms))
        return true;
    if (tokens[2].len != 4 || !str_to_u64(tokens[2], 9999, &year) ||
        !time_is_civil((int)year, month, (int)day))
        return false;
    *ms = (int64_t)time_day_from_civil((int)year, month, (int)day) * DAY_MS;
    return true;
}

static bool read_line(struct str text, int64_t now_ms, struct listing_file *file) {
    const struct listing_line line = split(text);
    for (size_t i = BEFORE_DATE_MIN; i + 3 < line.count; i++) {
        const struct str *date = &line.tokens[i];
        const char *end = text.data + text.len, *name = date[2].data + date[2].len + 1;
        if (!str_to_u64(date[-1], UINT64_MAX, &file->size) || !read_time(date, now_ms, &file->ms))
            continue;
        file->name = (struct str){name, (size_t)(end - name)};
        file->ms += file->ms == 0;
        return name < end;
    }
    return false;
}

static bool is_name(struct str name) {
    return name.len <= LISTING_NAME_MAX && str_is_clean_utf8(name) &&
           !memchr(name.data, '/', name.len);
}

bool listing_read(struct str text, int64_t now_ms,
                  void (*fn)(void *ctx, const struct listing_file *file), void *ctx,
                  size_t *unreadable) {
    struct str line;
    size_t count = 0;
    *unreadable = 0;
    while (str_split(&text, '\n', &line)) {
        struct listing_file file;
        if (line.len == 0 || line.data[0] != '-') // a folder, a link, a pipe
            continue;
        if (count++ == LISTING_FILES_MAX)
            return false;
        if (!read_line(line, now_ms, &file) || !is_name(file.name))
            ++*unreadable;
        else if (file.name.data[0] != '.')
            fn(ctx, &file);
    }
    return true;
}
