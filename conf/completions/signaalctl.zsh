#compdef signaalctl
# SPDX-License-Identifier: EUPL-1.2
# zsh completion for signaalctl(1): it offers what the completion for bash does, which asks the program itself.

_signaalctl() {
    local for_bash=${functions_source[_signaalctl]:h:h:h}/bash-completion/completions/signaalctl
    local -a offered=(${(f)"$(bash -c '
        compopt() { [[ $2 != default ]] || echo "<file>"; }
        compgen() { case $1 in -f) echo "<file>" ;; -d) echo "<folder>" ;; *) builtin compgen "$@" ;; esac; }
        source "$1" && shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _signaalctl
        printf "%s\n" "${COMPREPLY[@]}"' bash $for_bash "${(@)words[1,CURRENT]}" 2>/dev/null)"})
    (( ! ${offered[(Ie)<folder>]} )) || _files -/
    (( ! ${offered[(Ie)<file>]} )) || _files
    compadd -S '' -- ${(M)offered:#*=}
    compadd -- ${offered:#(*=|<*>)}
}

_signaalctl "$@"
