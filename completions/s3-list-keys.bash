# bash completion of s3-list-keys. Made by scripts/completions.
_s3_list_keys() {
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
            --start-after|--end-before|--include|--exclude|--newer-than|--older-than|--delimiter|--shard|--split|--endpoint|--region|--profile|--addressing|--max-connections|--max-attempts|--timeout) option=$word ;;
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
        --addressing) choices='auto path virtual' ;;
        esac
    elif [[ $word == -* && ! $ended ]]; then
        for name in \
            --start-after \
            --end-before \
            --include \
            --exclude \
            --newer-than \
            --older-than \
            --delimiter \
            --shard \
            --long \
            --summary \
            --split \
            --endpoint \
            --region \
            --profile \
            --addressing \
            --max-connections \
            --max-attempts \
            --timeout \
            --no-sign-request \
            --request-payer \
            --verbose \
            --progress \
            --no-progress \
            --version \
            --help
        do
            case $name in
            --include|--exclude) choices+=" $name" ;;
            *) [[ $seen == *" $name "* ]] || choices+=" $name" ;;
            esac
        done
    else
        case $operand in
        0) compopt -o nospace; choices='s3://' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    # Bash replaces only what follows the last : or =.
    name=${word%"${2#=}"}
    COMPREPLY=("${COMPREPLY[@]#"$name"}")
}
complete -F _s3_list_keys s3-list-keys
