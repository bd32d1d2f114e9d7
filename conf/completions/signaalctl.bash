# SPDX-License-Identifier: EUPL-1.2
# bash completion for signaalctl(1). Verbs, options and what these take are read from the program's own help; the names of
# sources are asked of the daemon, where it answers.

_signaalctl_sources() {
    signaalctl --json feeds 2>/dev/null | grep -o '{"name":"[^"]*"' | cut -d'"' -f4
}

# What help calls the value of the option $1; nothing for a flag.
_signaalctl_value() {
    [[ $1 =~ ^--?[a-z-]+$ ]] &&
        sed -nE "s/^  (-., |    )$1 ([^ ]+).*/\2/p; s/^  $1, --[a-z-]+ ([^ ]+).*/\1/p" <<<"$help"
}

_signaalctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb="" before="" words help word i
    local verbs=$(signaalctl --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
    local dimensions=$(COLUMNS=1000 signaalctl counts --help | sed -nE 's/.*to filter on: ([^.]*)\..*/\1/p' | tr -d ,)
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} && $'\n'$verbs$'\n' == *$'\n'"${COMP_WORDS[i]}"$'\n'* ]] && verb=${COMP_WORDS[i]} && break
    done
    help=$(signaalctl $verb --help)
    case "$previous $(_signaalctl_value "$previous")" in
    *" FILE" | *" PATH") COMPREPLY=($(compgen -f -- "$current")); return ;;
    *" DIR") COMPREPLY=($(compgen -d -- "$current")); return ;;
    "--by "*)
        [[ $verb == coverage ]] && dimensions="province policeUnit sizeClass"
        [[ $current == *,* ]] && before=${current%,*},
        COMPREPLY=($(compgen -P "$before" -W "$dimensions" -- "${current##*,}"))
        return
        ;;
    "--where "*)
        [[ $verb == statistics ]] && dimensions="measure ${dimensions/status /}"
        [[ $verb == trend ]] && dimensions=${dimensions/year month/}
        compopt -o nospace
        COMPREPLY=($(compgen -S = -W "$dimensions" -- "$current"))
        return
        ;;
    "--source "* | "-s "*) COMPREPLY=($(compgen -W "$(_signaalctl_sources)" -- "$current")); return ;;
    *" "*"|"*) word=$(_signaalctl_value "$previous"); COMPREPLY=($(compgen -W "${word//|/ }" -- "$current")); return ;;
    *" "?*) return ;;
    esac
    words=$(sed -nE 's/^  (-., |    )(--[a-z-]+).*/\2/p' <<<"$help")
    for word in $(sed -n '1s/^Usage: signaalctl//; 1s/[]|.[]/ /gp' <<<"$help"); do
        case $word in
        "$verb" | OPTION | URL | ID | N) ;;
        VERB) words+=" $verbs" ;;
        SOURCE | NAME) words+=" $(_signaalctl_sources)" ;;
        TEMPLATE) words+=" native signalen open311 csv csv-excel" ;;
        FILE) compopt -o default ;;
        *) words+=" $word" ;;
        esac
    done
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _signaalctl signaalctl
