# bash completion of json-sep. Made by scripts/completions.
_json_sep() {
    local option= word name operand=0 ended= seen=' '
    local -a line
    # Whole words: bash divides its own at : and =.
    read -ra line <<< "${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:COMP_POINT-1:1} == [[:space:]] ]] && line+=("")
    local last=$((${#line[@]} - 1)) i
    for ((i = 1; i < last; i++)); do
        word=${line[i]}
        if [[ $option ]]; then
            option=
        elif [[ $word == -- && ! $ended ]]; then
            ended=1
        elif [[ $word == -?* && ! $ended ]]; then
            seen+="${word%%=*} "
            case $word in
            --unwrap-path|--until|--reject|--max-depth|--max-value) option=$word ;;
            esac
        else
            operand=$((operand + 1))
        fi
    done
    word=${line[last]}
    if [[ ! $option && ! $ended && $word == --*=* ]]; then
        option=${word%%=*}
        word=${word#*=}
    fi
    local choices=
    if [[ $option ]]; then
        case $option in
        --reject) compopt -o default; return ;;
        esac
    elif [[ $word == -* && ! $ended ]]; then
        for name in \
            --unwrap \
            --unwrap-path \
            --lines \
            --seq \
            --until \
            --skip-invalid \
            --reject \
            --max-depth \
            --max-value \
            --version \
            --help
        do
            [[ $seen == *" $name "* ]] || choices+=" $name"
        done
    else
        case $operand in
        *) compopt -o default; return ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    # Bash replaces only what follows the last : or =.
    name=${word%"${2#=}"}
    COMPREPLY=("${COMPREPLY[@]#"$name"}")
}
complete -F _json_sep json-sep
