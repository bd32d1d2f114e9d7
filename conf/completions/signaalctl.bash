# SPDX-License-Identifier: EUPL-1.2
# bash completion for signaalctl(1)

# The names of the sources, where the daemon answers.
_signaalctl_sources() {
    signaalctl --json feeds 2>/dev/null | grep -o '{"name":"[^"]*"' | cut -d'"' -f4
}

_signaalctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local dimensions="municipality province policeUnit safetyRegion category gender ageGroup
        citizenship sourceKind status year month"
    local verbs="status counts why tail feeds poll pause resume quarantine try import reload words renormalise audit erase"
    local options="--socket --json --no-colour --help --version" verb="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} && " $verbs " == *" ${COMP_WORDS[i]} "* ]] && verb=${COMP_WORDS[i]} && break
    done
    case $previous in
    --socket | --secret-file | --client-cert | --ca-file)
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
    --templates | --tables)
        COMPREPLY=($(compgen -d -- "$current"))
        return
        ;;
    --by)
        local before=""
        [[ $current == *,* ]] && before=${current%,*},
        COMPREPLY=($(compgen -P "$before" -W "$dimensions" -- "${current##*,}"))
        return
        ;;
    --where)
        compopt -o nospace
        COMPREPLY=($(compgen -S = -W "$dimensions" -- "$current"))
        return
        ;;
    --source)
        COMPREPLY=($(compgen -W "$(_signaalctl_sources)" -- "$current"))
        return
        ;;
    --format)
        COMPREPLY=($(compgen -W "csv ndjson" -- "$current"))
        return
        ;;
    --period | --from | --last | --items | --municipality | --template | --is | -n) return ;;
    esac
    case $verb in
    "") options+=" $verbs" ;;
    counts) options+=" --by --period --where" ;;
    tail) options+=" --follow --last --from" ;;
    feeds) options+=" --failing --silent $(_signaalctl_sources)" ;;
    poll | pause | resume | erase) options+=" $(_signaalctl_sources)" ;;
    quarantine) options+=" retry drop" ;;
    words) options+=" --source --is" ;;
    renormalise) options+=" --dry-run" ;;
    audit) options+=" --last --from verify" ;;
    try)
        options+=" --items --templates --tables --municipality --secret-file --client-cert --ca-file
            native signalen open311 csv csv-excel"
        compopt -o default
        ;;
    import)
        options+=" --source --template --format --dry-run"
        compopt -o default
        ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -F _signaalctl signaalctl
