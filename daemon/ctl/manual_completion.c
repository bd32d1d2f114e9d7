// SPDX-License-Identifier: EUPL-1.2
// The completion for bash: verbs, options and what the options take come from the rows of the
// verbs. What a value may be is told by what help calls it: FILE, DIR, "a|b". The names of sources
// are asked of the daemon when the user completes one. Written by hand is only how bash works.
#include "ctl/query/query_options.h"
#include "manual.h"

#include <string.h>

enum { WORDS_BYTES_MAX = 1 << 10 };

enum value { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_DIR, VALUE_CHOICE, VALUE_NAMED };

// The options whose values have an entry of their own in the script.
static bool is_named(const char *name) {
    return strcmp(name, "by") == 0 || strcmp(name, "where") == 0 || strcmp(name, "source") == 0;
}

static enum value value_of(const struct args_option *option) {
    if (!option->value)
        return VALUE_NONE;
    if (is_named(option->name))
        return VALUE_NAMED;
    if (strcmp(option->value, "FILE") == 0 || strcmp(option->value, "PATH") == 0)
        return VALUE_FILE;
    if (strcmp(option->value, "DIR") == 0)
        return VALUE_DIR;
    return strchr(option->value, '|') ? VALUE_CHOICE : VALUE_ANY;
}

// Adds a word unless it is there.
static void add_word(struct buf *words, const char *word) {
    struct str rest = buf_str(words), other;
    while (str_split(&rest, ' ', &other))
        if (str_is(other, word))
            return;
    buf_printf(words, "%s%s", words->len ? " " : "", word);
}

static void add_options(struct buf *words, const struct args_option *options) {
    char form[64];
    for (; options && options->name; options++) {
        (void)snprintf(form, sizeof form, "--%s", options->name);
        add_word(words, form);
    }
}

// The options whose value is of a kind, as a pattern of `case`.
static void put_pattern(const struct manual *manual, enum value value, FILE *out) {
    struct buf forms;
    char form[64];
    buf_init(&forms, WORDS_BYTES_MAX);
    for (size_t i = 0; i <= manual->verb_count; i++) {
        const struct args_option *option = i ? manual->verbs[i - 1]->options : manual->common;
        for (; option && option->name; option++) {
            if (value_of(option) != value)
                continue;
            (void)snprintf(form, sizeof form, "--%s", option->name);
            add_word(&forms, form);
            (void)snprintf(form, sizeof form, "-%c", option->letter);
            if (option->letter)
                add_word(&forms, form);
        }
    }
    for (size_t i = 0; i < forms.len; i++)
        fputs(forms.data[i] == ' ' ? " | " : (char[]){forms.data[i], '\0'}, out);
    buf_free(&forms);
}

static void put_choices(const struct manual *manual, FILE *out) {
    for (size_t i = 0; i < manual->verb_count; i++) {
        const struct args_option *option = manual->verbs[i]->options;
        for (; option && option->name; option++) {
            if (value_of(option) != VALUE_CHOICE)
                continue;
            fprintf(out, "    --%s)\n        COMPREPLY=($(compgen -W \"", option->name);
            for (const char *c = option->value; *c; c++)
                fputc(*c == '|' ? ' ' : *c, out);
            fputs("\" -- \"$current\"))\n        return\n        ;;\n", out);
        }
    }
}

// Words in small letters are to be typed as they are; the others say what belongs there.
static void add_operands(struct buf *words, const char *text, bool *takes_file) {
    struct str rest = str_from(text), part;
    while (str_split(&rest, ' ', &part)) {
        char copy[64];
        char *save = NULL;
        (void)snprintf(copy, sizeof copy, "%.*s", (int)part.len, part.data);
        for (char *word = strtok_r(copy, "[]|", &save); word; word = strtok_r(NULL, "[]|", &save)) {
            *takes_file = *takes_file || strcmp(word, "FILE") == 0;
            if (strcmp(word, "SOURCE") == 0 || strcmp(word, "NAME") == 0)
                add_word(words, "$(_signaalctl_sources)");
            else if (strcmp(word, "TEMPLATE") == 0)
                add_word(words, "$templates");
            else if (*word >= 'a' && *word <= 'z')
                add_word(words, word);
        }
    }
}

static void put_verb(const struct ctl_verb *verb, FILE *out) {
    bool takes_file = false;
    struct buf words;
    buf_init(&words, WORDS_BYTES_MAX);
    add_options(&words, verb->options);
    add_operands(&words, verb->words, &takes_file);
    if (words.len || takes_file)
        fprintf(out, "    %s) options+=\" %.*s\"%s ;;\n", verb->name, (int)words.len,
                words.len ? words.data : "", takes_file ? " && compopt -o default" : "");
    buf_free(&words);
}

static void put_words(const struct manual *manual, FILE *out) {
    struct buf words;
    buf_init(&words, WORDS_BYTES_MAX);
    query_put_dimensions(&words, " ");
    fprintf(out, "    local dimensions=\"%.*s\"\n    local verbs=\"", (int)words.len, words.data);
    for (size_t i = 0; i < manual->verb_count; i++)
        fprintf(out, "%s%s", i ? " " : "", manual->verbs[i]->name);
    words.len = 0;
    add_options(&words, manual->common);
    fprintf(out, "\"\n    local options=\"%.*s\"\n", (int)words.len, words.data);
    buf_free(&words);
}

static const char head[] =
    "# SPDX-License-Identifier: EUPL-1.2\n"
    "# bash completion for signaalctl(1); printed by: signaalctl --print-completion\n\n"
    "# The names of the sources, where the daemon answers.\n"
    "_signaalctl_sources() {\n"
    "    signaalctl --json feeds 2>/dev/null | grep -o '{\"name\":\"[^\"]*\"' | cut -d'\"' -f4\n"
    "}\n\n"
    "_signaalctl() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local templates=\"native signalen open311 csv csv-excel\" verb=\"\" i\n";

static const char find_verb[] =
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        [[ ${COMP_WORDS[i]} && \" $verbs \" == *\" ${COMP_WORDS[i]} \"* ]] && "
    "verb=${COMP_WORDS[i]} && break\n"
    "    done\n"
    "    case $previous in\n";

static const char named_values[] =
    "    --by)\n"
    "        local before=\"\"\n"
    "        [[ $verb == coverage ]] && dimensions=\"province policeUnit sizeClass\"\n"
    "        [[ $current == *,* ]] && before=${current%,*},\n"
    "        COMPREPLY=($(compgen -P \"$before\" -W \"$dimensions\" -- \"${current##*,}\"))\n"
    "        return\n        ;;\n"
    "    --where)\n"
    "        [[ $verb == statistics ]] && dimensions=\"measure ${dimensions/status /}\"\n"
    "        [[ $verb == trend ]] && dimensions=${dimensions/year month/}\n"
    "        compopt -o nospace\n"
    "        COMPREPLY=($(compgen -S = -W \"$dimensions\" -- \"$current\"))\n"
    "        return\n        ;;\n"
    "    --source | -s)\n"
    "        COMPREPLY=($(compgen -W \"$(_signaalctl_sources)\" -- \"$current\"))\n"
    "        return\n        ;;\n";

void manual_print_completion(const struct manual *manual, FILE *out) {
    fputs(head, out);
    put_words(manual, out);
    fputs(find_verb, out);
    fputs("    ", out);
    put_pattern(manual, VALUE_FILE, out);
    fputs(")\n        COMPREPLY=($(compgen -f -- \"$current\"))\n        return\n        ;;\n    ",
          out);
    put_pattern(manual, VALUE_DIR, out);
    fputs(")\n        COMPREPLY=($(compgen -d -- \"$current\"))\n        return\n        ;;\n",
          out);
    fputs(named_values, out);
    put_choices(manual, out);
    fputs("    ", out);
    put_pattern(manual, VALUE_ANY, out);
    fputs(") return ;;\n    esac\n    case $verb in\n    \"\") options+=\" $verbs\" ;;\n", out);
    for (size_t i = 0; i < manual->verb_count; i++)
        put_verb(manual->verbs[i], out);
    fputs("    esac\n    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n}\n"
          "complete -F _signaalctl signaalctl\n",
          out);
}
