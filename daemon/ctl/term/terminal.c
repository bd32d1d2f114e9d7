// SPDX-License-Identifier: EUPL-1.2
// Takes the whole screen and gives it back. Keys are read without echo and without waiting for a
// line end only when standard input is a terminal. A picture is drawn over the last one, line by
// line, so that it does not flicker. After terminal_enter the caller must call terminal_leave.
#include "ctl/term/terminal.h"

#include <string.h>
#include <unistd.h>

// The sequences of ECMA-48 and xterm, which every terminal of these days knows.
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

void terminal_enter(struct terminal *terminal, const struct term_out *term) {
    terminal->keys = tcgetattr(STDIN_FILENO, &terminal->before) == 0;
    if (terminal->keys) {
        struct termios raw = terminal->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); // ctrl-C stays a signal
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs(ENTER, term->out);
    fflush(term->out);
}

void terminal_leave(const struct terminal *terminal, const struct term_out *term) {
    if (terminal->keys)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
    fputs(LEAVE, term->out);
    fflush(term->out);
}

void terminal_show(const struct term_out *term, const char *picture) {
    fputs(HOME, term->out);
    for (size_t line = 0; *picture && line < term->height; line++) {
        size_t len = strcspn(picture, "\n");
        if (line)
            fputc('\n', term->out);
        fwrite(picture, 1, len, term->out);
        fputs(CLEAR_LINE, term->out);
        picture += len + (picture[len] == '\n');
    }
    fputs(CLEAR_BELOW, term->out);
    fflush(term->out);
}
