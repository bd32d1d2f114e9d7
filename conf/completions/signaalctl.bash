# SPDX-License-Identifier: EUPL-1.2
# bash completion for signaalctl(1)

_signaalctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local dimensions="municipality province policeUnit safetyRegion category gender ageGroup
        citizenship sourceKind status year month"
    local options="--socket --json --no-colour --help --version" verb="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        status | counts | why | tail | reload) verb=${COMP_WORDS[i]} && break ;;
        esac
    done
    case $previous in
    --socket)
        COMPREPLY=($(compgen -f -- "$current"))
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
    --period | --from | --last | -n) return ;;
    esac
    case $verb in
    "") options+=" status counts why tail reload" ;;
    counts) options+=" --by --period --where" ;;
    tail) options+=" --follow --last --from" ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -F _signaalctl signaalctl
