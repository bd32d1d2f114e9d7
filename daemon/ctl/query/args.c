// SPDX-License-Identifier: EUPL-1.2
// Makes the tables of getopt_long from the options of signaalctl and of a verb, and keeps what was
// given in the order of the command line. Names and values point into the tables and argv; only the
// list of them is allocated, and args_free frees it.
#include "ctl/query/args.h"

#include "base/mem.h"

#include <assert.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

// getopt_long returns this plus the index of the option, for short forms too.
enum { FIRST_KEY = 256 };

struct parser {
    const struct args_option *options[ARGS_OPTIONS_MAX];
    struct option longs[ARGS_OPTIONS_MAX + 1];
    char letters[2 + 2 * ARGS_OPTIONS_MAX + 1];
    size_t count, letter_count;
};

static void parser_add(struct parser *p, const struct args_option *option) {
    assert(p->count < ARGS_OPTIONS_MAX);
    p->options[p->count] = option;
    p->longs[p->count] = (struct option){.name = option->name,
                                         .has_arg = option->value ? required_argument : no_argument,
                                         .val = FIRST_KEY + (int)p->count};
    p->count++;
    if (option->letter) {
        p->letters[p->letter_count++] = option->letter;
        if (option->value)
            p->letters[p->letter_count++] = ':';
    }
}

static const struct args_option *parser_find(const struct parser *p, int key) {
    if (key >= FIRST_KEY)
        return p->options[key - FIRST_KEY];
    for (size_t i = 0; i < p->count; i++)
        if (p->options[i]->letter == key)
            return p->options[i];
    return NULL;
}

static bool parser_fault(const struct parser *p, int result, char **argv, struct err *err) {
    const struct args_option *option = optopt ? parser_find(p, optopt) : NULL;
    if (option && result == ':')
        return err_set(err, ERR_INPUT, "--%s needs a value: %s", option->name, option->value);
    if (option)
        return err_set(err, ERR_INPUT, "--%s takes no value", option->name);
    if (optopt)
        return err_set(err, ERR_INPUT, "there is no option -%c", optopt);
    return err_set(err, ERR_INPUT, "there is no option %.80s", argv[optind - 1]);
}

static void args_add(struct args *args, const char *name, const char *value) {
    args->given = mem_resize(args->given, args->given_count + 1, sizeof *args->given);
    args->given[args->given_count++] = (struct args_given){name, value};
}

bool args_parse(struct args *args, const struct args_option *common, const struct args_option *own,
                int argc, char **argv, struct err *err) {
    struct parser p = {.count = 0};
    if (!own)
        p.letters[p.letter_count++] = '+';
    p.letters[p.letter_count++] = ':';
    for (; common->name; common++)
        parser_add(&p, common);
    for (; own && own->name; own++)
        parser_add(&p, own);

    opterr = 0;
    optind = 0; // glibc: start anew
    for (int key; (key = getopt_long(argc, argv, p.letters, p.longs, NULL)) != -1;) {
        if (key == '?' || key == ':')
            return parser_fault(&p, key, argv, err);
        args_add(args, parser_find(&p, key)->name, optarg);
    }
    args->words = argv + optind;
    args->word_count = (size_t)(argc - optind);
    return true;
}

void args_free(struct args *args) {
    free(args->given);
    *args = (struct args){0};
}

const char *args_nth(const struct args *args, const char *name, size_t nth) {
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].name, name) == 0 && nth-- == 0)
            return args->given[i].value;
    return NULL;
}

bool args_has(const struct args *args, const char *name) {
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].name, name) == 0)
            return true;
    return false;
}

const char *args_value(const struct args *args, const char *name) {
    for (size_t i = args->given_count; i > 0; i--)
        if (strcmp(args->given[i - 1].name, name) == 0)
            return args->given[i - 1].value;
    return NULL;
}

void args_print_options(FILE *out, const struct args_option *options) {
    for (; options->name; options++) {
        char form[64];
        (void)snprintf(form, sizeof form, "--%s%s%s", options->name, options->value ? " " : "",
                       options->value ? options->value : "");
        if (options->letter)
            fprintf(out, "  -%c, %-20s %s\n", options->letter, form, options->help);
        else
            fprintf(out, "      %-20s %s\n", form, options->help);
    }
}
