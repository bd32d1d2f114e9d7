// SPDX-License-Identifier: EUPL-1.2
// Finds out what the terminal can do (width, colour, UTF-8) and writes text to it. All text passes
// through term_out_clean, the only place that decides what may be shown: that is why a signal's
// words cannot move the cursor or turn the reading direction. Who asks for a cleaned copy frees it.
#include "ctl/term/term_out.h"

#include "base/mem.h"
#include "base/str.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <unistd.h>
#include <wchar.h>

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, WIDTH_MAX = 1000, HEIGHT_DEFAULT = 24 };
enum { LINE_MAX_BYTES = 2048 };

static bool environment_has(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

void term_out_measure(struct term_out *term) {
    struct winsize size = {0};
    if (term->terminal)
        (void)ioctl(fileno(term->out), TIOCGWINSZ, &size);
    uint64_t width = size.ws_col;
    if (width == 0 && !str_to_u64(str_from(getenv("COLUMNS")), WIDTH_MAX, &width))
        width = WIDTH_DEFAULT;
    term->width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : (size_t)width;
    term->height = size.ws_row ? size.ws_row : HEIGHT_DEFAULT;
}

void term_out_init(struct term_out *term, FILE *out, bool no_colour) {
    setlocale(LC_CTYPE, "");
    const char *kind = getenv("TERM");
    *term = (struct term_out){.out = out, .terminal = isatty(fileno(out)) == 1};
    term->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    term_out_measure(term);
    term->colour = term->terminal && !no_colour && !environment_has("NO_COLOR") && kind && *kind &&
                   strcmp(kind, "dumb") != 0;
}

// Marks that have no width of their own and change how the text around them is shown.
static bool is_invisible(wchar_t c) {
    return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

// Length of the first character; *width is -1 when it cannot be shown.
static size_t next_character(const char *text, int *width) {
    mbstate_t state = {0};
    wchar_t c = 0;
    size_t len = mbrtowc(&c, text, strlen(text), &state);
    if (len == 0 || len > strlen(text)) {
        *width = -1;
        return 1;
    }
    *width = is_invisible(c) ? -1 : wcwidth(c);
    return len;
}

static void clean_utf8(const char *text, struct buf *out) {
    for (size_t len; *text; text += len) {
        int width;
        len = next_character(text, &width);
        if (width >= 0)
            buf_put(out, text, len);
    }
}

// One '?' for each character that needs more than a byte.
static void clean_ascii(const char *text, struct buf *out) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0xc0)
            buf_putc(out, '?');
        else if (c >= 0x20 && c < 0x7f)
            buf_putc(out, *text);
    }
}

char *term_out_clean(const struct term_out *term, const char *text) {
    struct buf out;
    if (!text)
        return mem_strdup("-");
    buf_init(&out, strlen(text));
    if (term->utf8)
        clean_utf8(text, &out);
    else
        clean_ascii(text, &out);
    return buf_take(&out);
}

// Bytes of `clean` that fit in `width` columns; *columns is what they take.
static size_t fitting(const struct term_out *term, const char *clean, size_t width,
                      size_t *columns) {
    size_t at = 0;
    *columns = 0;
    while (clean[at]) {
        int w = 1;
        size_t len = term->utf8 ? next_character(clean + at, &w) : 1;
        size_t more = w > 0 ? (size_t)w : 0;
        if (*columns + more > width)
            break;
        *columns += more;
        at += len;
    }
    return at;
}

size_t term_out_columns(const struct term_out *term, const char *clean) {
    size_t columns;
    (void)fitting(term, clean, SIZE_MAX, &columns);
    return columns;
}

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",        [STYLE_STRONG] = "\033[1m", [STYLE_DIM] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m",  [STYLE_BAD] = "\033[31m",
    [STYLE_BAR] = "\033[36m"};

static void put_styled(const struct term_out *term, enum term_out_style style, const char *clean,
                       size_t len) {
    bool styled = term->colour && style != STYLE_PLAIN && len > 0;
    if (styled)
        fputs(style_codes[style], term->out);
    fwrite(clean, 1, len, term->out);
    if (styled)
        fputs("\033[0m", term->out);
}

void term_out_put(const struct term_out *term, enum term_out_style style, const char *text) {
    char *clean = term_out_clean(term, text);
    put_styled(term, style, clean, strlen(clean));
    free(clean);
}

void term_out_print(const struct term_out *term, enum term_out_style style, const char *fmt, ...) {
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    term_out_put(term, style, text);
    term_out_end_line(term);
}

void term_out_put_spaces(const struct term_out *term, size_t count) {
    while (count--)
        fputc(' ', term->out);
}

void term_out_put_field(const struct term_out *term, enum term_out_style style, const char *text,
                        size_t width, unsigned fit) {
    char *clean = term_out_clean(term, text);
    size_t columns = term_out_columns(term, clean);
    if (columns > width && (fit & FIT_CUT) && term->terminal && width > 0) {
        size_t len = fitting(term, clean, width - 1, &columns);
        put_styled(term, style, clean, len);
        fputs(term->utf8 ? "…" : "~", term->out);
        columns++;
    } else {
        if ((fit & FIT_RIGHT) && columns < width)
            term_out_put_spaces(term, width - columns);
        put_styled(term, style, clean, strlen(clean));
    }
    if (!(fit & (FIT_RIGHT | FIT_LAST)) && columns < width)
        term_out_put_spaces(term, width - columns);
    free(clean);
}

void term_out_put_bar(const struct term_out *term, int64_t value, int64_t max, size_t width) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (value <= 0 || max <= 0 || width == 0)
        return;
    size_t steps = term->utf8 ? 8 : 1; // in which one column is divided
    double share = value >= max ? 1.0 : (double)value / (double)max;
    size_t length = (size_t)(share * (double)(width * steps) + 0.5);
    if (length == 0)
        length = 1;
    if (term->colour)
        fputs(style_codes[STYLE_BAR], term->out);
    for (size_t i = 0; i < length / steps; i++)
        fputs(term->utf8 ? "█" : "#", term->out);
    fputs(parts[length % steps], term->out);
    if (term->colour)
        fputs("\033[0m", term->out);
}

char *term_out_spark(const struct term_out *term, const int64_t *values, size_t count,
                     int64_t max) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", "-", "=", "#"};
    const char *const *levels = term->utf8 ? blocks : plain;
    size_t top = (term->utf8 ? sizeof blocks : sizeof plain) / sizeof *blocks - 1;
    struct buf out;
    buf_init(&out, count * strlen(blocks[0]));
    for (size_t i = 0; i < count; i++) {
        double share = max <= 0 ? 0 : values[i] >= max ? 1.0 : (double)values[i] / (double)max;
        size_t level = values[i] <= 0 ? 0 : 1 + (size_t)(share * (double)(top - 1) + 0.5);
        buf_puts(&out, levels[level]);
    }
    return buf_take(&out);
}

void term_out_put_rule(const struct term_out *term, size_t width) {
    while (width--)
        fputs(term->utf8 ? "─" : "-", term->out);
    term_out_end_line(term);
}

void term_out_put_wrapped(const struct term_out *term, enum term_out_style style,
                          const char *text) {
    char *clean = term_out_clean(term, text);
    struct str rest = str_from(clean), word;
    size_t column = 0;
    while (str_split(&rest, ' ', &word)) {
        char *copy = mem_strndup(word.data, word.len);
        size_t columns = term_out_columns(term, copy);
        if (column && column + 1 + columns > term->width) {
            term_out_end_line(term);
            column = 0;
        }
        if (column)
            term_out_put_spaces(term, 1);
        put_styled(term, style, copy, word.len);
        column += columns + (column > 0);
        free(copy);
    }
    term_out_end_line(term);
    free(clean);
}

void term_out_end_line(const struct term_out *term) {
    fputc('\n', term->out);
}

bool term_out_is_abandoned(const struct term_out *term) {
    struct pollfd out = {.fd = fileno(term->out)};
    return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP));
}
