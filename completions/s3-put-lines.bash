# bash completion of s3-put-lines. Made by scripts/completions.
_s3_put_lines() {
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
            --max-open|--min-part-size|--part-size|--memory|--reject|--commit-on|--gzip-level|--zstd-level|--filter|--checksum|--content-type|--content-encoding|--content-disposition|--content-language|--cache-control|--expires|--metadata|--tag|--storage-class|--acl|--sse|--sse-kms-key-id|--endpoint|--region|--profile|--addressing|--max-connections|--max-attempts|--timeout) option=$word ;;
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
        --checksum) choices='crc64nvme crc32 crc32c sha256 none' ;;
        --storage-class) choices='STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER GLACIER_IR DEEP_ARCHIVE REDUCED_REDUNDANCY EXPRESS_ONEZONE' ;;
        --acl) choices='private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read bucket-owner-full-control' ;;
        --sse) choices='AES256 aws:kms aws:kms:dsse' ;;
        --addressing) choices='auto path virtual' ;;
        esac
    elif [[ $word == -* && ! $ended ]]; then
        for name in \
            --each \
            --max-open \
            --min-part-size \
            --part-size \
            --memory \
            --long \
            --quiet \
            --no-clobber \
            --idempotent \
            --reject \
            --commit-on \
            --dry-run \
            --gzip \
            --gzip-level \
            --zstd \
            --zstd-level \
            --filter \
            --checksum \
            --content-type \
            --content-encoding \
            --content-disposition \
            --content-language \
            --cache-control \
            --expires \
            --metadata \
            --tag \
            --storage-class \
            --acl \
            --sse \
            --sse-kms-key-id \
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
            --metadata|--tag) choices+=" $name" ;;
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
complete -F _s3_put_lines s3-put-lines
