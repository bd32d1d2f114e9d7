// SPDX-License-Identifier: EUPL-1.2
// signaalctl(1) in mdoc(7), from the same rows as the help of each verb. A sentence begins a line,
// as mdoc wants it. Nothing here depends on the machine or the day, so that the committed page can
// be compared with what is printed.
#include "ctl/query/query_options.h"
#include "manual.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 8 << 10, COLUMNS_MAX = 78 };

char *manual_text(const struct ctl_verb *verb) {
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    if (verb->has_dimensions) {
        buf_puts(&text, "To count by, and to filter on: ");
        query_put_dimensions(&text, ", ");
        buf_puts(&text, ". ");
    }
    if (verb->more)
        buf_puts(&text, verb->more);
    if (text.len)
        return buf_take(&text);
    buf_free(&text);
    return NULL;
}

// A dash that begins a word belongs to an option; a dot or quote there would be a request.
static void put_word(FILE *out, struct str word) {
    static const char ellipsis[] = "\u2026";
    if (word.data[0] == '.' || word.data[0] == '\'')
        fputs("\\&", out);
    for (size_t i = 0; i < word.len; i++) {
        bool leads = i == 0 || word.data[i - 1] == '-' || word.data[i - 1] == '"';
        if (word.len - i >= 3 && memcmp(word.data + i, ellipsis, 3) == 0) {
            fputs("...", out);
            i += 2;
        } else if (word.data[i] == '\\') {
            fputs("\\e", out);
        } else if (word.data[i] == '-' && leads) {
            fputs("\\-", out);
        } else {
            fputc(word.data[i], out);
        }
    }
}

static bool ends_sentence(struct str word) {
    while (word.len && strchr("\")", word.data[word.len - 1]))
        word.len--;
    return word.len && strchr(".?!", word.data[word.len - 1]);
}

static void put_text(FILE *out, const char *text) {
    struct str rest = str_from(text), word;
    size_t column = 0;
    while (str_split(&rest, ' ', &word)) {
        if (!word.len)
            continue;
        if (column && column + 1 + word.len > COLUMNS_MAX) {
            fputc('\n', out);
            column = 0;
        }
        if (column)
            fputc(' ', out);
        put_word(out, word);
        column += word.len + (column > 0);
        if (ends_sentence(word) && rest.data) {
            fputc('\n', out);
            column = 0;
        }
    }
    fputc('\n', out);
}

static void put_options(FILE *out, const struct args_option *options) {
    fputs(".Bl -tag -width Ds\n", out);
    for (; options->name; options++) {
        fputs(".It ", out);
        if (options->letter)
            fprintf(out, "Fl %c , ", options->letter);
        fprintf(out, "Fl -%s", options->name);
        if (options->value)
            fprintf(out, " Ar %s", options->value);
        fputc('\n', out);
        put_text(out, options->help);
    }
    fputs(".El\n", out);
}

static void put_verb(FILE *out, const struct ctl_verb *verb) {
    char *text = manual_text(verb);
    fprintf(out, ".Ss %s%s%s\n", verb->name, *verb->words ? " " : "", verb->words);
    put_text(out, verb->help);
    if (text) {
        fputs(".Pp\n", out);
        put_text(out, text);
        free(text);
    }
    if (verb->options)
        put_options(out, verb->options);
}

void manual_print_page(const struct manual *manual, FILE *out) {
    fputs(".\\\" SPDX-License-Identifier: EUPL-1.2\n"
          ".\\\" Printed by: signaalctl --print-man\n"
          ".Dd November 29, 2026\n.Dt SIGNAALCTL 1\n.Os\n"
          ".Sh NAME\n.Nm signaalctl\n.Nd look into a running signaald and ask it to act\n"
          ".Sh SYNOPSIS\n.Nm\n.Op Ar option ...\n.Ar verb\n.Op Ar option ...\n"
          ".Sh DESCRIPTION\n.Nm\ntalks to\n.Xr signaald 8\n"
          "over its local socket and keeps no state of its own.\n"
          "Options of all verbs:\n",
          out);
    put_options(out, manual->common);
    fputs(".Sh VERBS\n", out);
    for (size_t i = 0; i < manual->verb_count; i++)
        put_verb(out, manual->verbs[i]);
    fprintf(out,
            ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev SIGNAALD_SOCKET\n"
            "The socket when there is no\n.Fl -socket .\n.El\n"
            ".Sh FILES\n.Bl -tag -width Ds\n.It Pa %s\n"
            "The socket when neither an option nor the environment names one.\n.El\n"
            ".Sh EXIT STATUS\n"
            "0 when all is well, 1 when it failed or something is wrong,\n2 when the command line "
            "is wrong.\n"
            ".Sh SEE ALSO\n.Xr signaald 8\n",
            manual->socket);
}
