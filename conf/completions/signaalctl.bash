# SPDX-License-Identifier: EUPL-1.2
# bash completion for signaalctl(1); printed by: signaalctl --print-completion

# The names of the sources, where the daemon answers.
_signaalctl_sources() {
    signaalctl --json feeds 2>/dev/null | grep -o '{"name":"[^"]*"' | cut -d'"' -f4
}

_signaalctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local templates="native signalen open311 csv csv-excel" verb="" i
    local dimensions="municipality province policeUnit safetyRegion category gender ageGroup citizenship sourceKind status year month"
    local verbs="status top counts trend coverage statistics report why tail feeds poll pause resume quarantine try import unmapped remap erase reload audit verify"
    local options="--socket --json --csv --no-colour --help --version"
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} && " $verbs " == *" ${COMP_WORDS[i]} "* ]] && verb=${COMP_WORDS[i]} && break
    done
    case $previous in
    --socket | --output | -o | --secret-file | --client-cert | --ca-file)
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
    --templates | --tables)
        COMPREPLY=($(compgen -d -- "$current"))
        return
        ;;
    --by)
        local before=""
        [[ $verb == coverage ]] && dimensions="province policeUnit sizeClass"
        [[ $current == *,* ]] && before=${current%,*},
        COMPREPLY=($(compgen -P "$before" -W "$dimensions" -- "${current##*,}"))
        return
        ;;
    --where)
        [[ $verb == statistics ]] && dimensions="measure ${dimensions/status /}"
        [[ $verb == trend ]] && dimensions=${dimensions/year month/}
        compopt -o nospace
        COMPREPLY=($(compgen -S = -W "$dimensions" -- "$current"))
        return
        ;;
    --source | -s)
        COMPREPLY=($(compgen -W "$(_signaalctl_sources)" -- "$current"))
        return
        ;;
    --per)
        COMPREPLY=($(compgen -W "year month" -- "$current"))
        return
        ;;
    --format)
        COMPREPLY=($(compgen -W "csv ndjson" -- "$current"))
        return
        ;;
    --interval | -i | --count | -n | --period | --days | --year | --last | --from | --items | --municipality | --template | -t | --is) return ;;
    esac
    case $verb in
    "") options+=" $verbs" ;;
    top) options+=" --interval --count" ;;
    counts) options+=" --by --period --where" ;;
    trend) options+=" --by --per --period --where" ;;
    coverage) options+=" --days --period --by --list --silent --never" ;;
    statistics) options+=" --where release" ;;
    report) options+=" --output --year --public" ;;
    why) options+=" $(_signaalctl_sources)" ;;
    tail) options+=" --follow --last --from" ;;
    feeds) options+=" --failing --silent $(_signaalctl_sources)" ;;
    poll) options+=" $(_signaalctl_sources)" ;;
    pause) options+=" $(_signaalctl_sources)" ;;
    resume) options+=" $(_signaalctl_sources)" ;;
    quarantine) options+=" retry drop" ;;
    try) options+=" --items --templates --tables --allow-missing --municipality --secret-file --client-cert --ca-file $templates" && compopt -o default ;;
    import) options+=" --source --template --format --allow-missing --dry-run" && compopt -o default ;;
    unmapped) options+=" --source --is" ;;
    remap) options+=" --dry-run" ;;
    erase) options+=" $(_signaalctl_sources)" ;;
    audit) options+=" --last --from verify" ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -F _signaalctl signaalctl
