function __s3-put-lines_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-put-lines_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __s3-put-lines_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-put-lines_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __s3-put-lines_parse_tokens -S
    set -l unparsed_tokens (__s3-put-lines_tokens -pc)
    switch $unparsed_tokens[1]
    case 's3-put-lines'
        __s3-put-lines_parse_subcommand 2 'each' 'max-open=' 'min-part-size=' 'part-size=' 'memory=' 'long' 'quiet' 'no-clobber' 'reject=' 'commit-on=' 'dry-run' 'gzip' 'gzip-level=' 'content-type=' 'content-encoding=' 'cache-control=' 'metadata=+' 'tag=+' 'storage-class=' 'acl=' 'sse=' 'sse-kms-key-id=' 'endpoint=' 'region=' 'profile=' 'addressing=' 'max-connections=' 'max-attempts=' 'no-sign-request' 'request-payer' 'verbose' 'progress' 'no-progress' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __s3-put-lines_parse_subcommand -r 1 'version'
        end
    end
end

function __s3-put-lines_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __s3-put-lines_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __s3-put-lines_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __s3-put-lines_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__s3-put-lines_tokens -p)
    if test -z "$(__s3-put-lines_tokens -t)"
        set -l index (count (__s3-put-lines_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 's3-put-lines' -f
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" each' -l 'each' -d 'Send each record as an object of its own, the moment it is read.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" max-open' -l 'max-open' -d 'Most objects that wait for more records at once. (default: 1)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" min-part-size' -l 'min-part-size' -d 'From this size on an object is sent in parts.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" part-size' -l 'part-size' -d 'Size of every part but the last. (default: parts grow with the object)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" memory' -l 'memory' -d 'Most bytes that are buffered; input waits meanwhile.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" long' -l 'long' -d 'Print ETag, bytes and lines behind each key, separated by TABs.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" quiet' -l 'quiet' -d 'Print no keys.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" no-clobber' -l 'no-clobber' -d 'Fail records whose object exists already.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" reject' -l 'reject' -d 'Append records that were not stored to FILE and go on; exit status 1.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" commit-on' -l 'commit-on' -d 'The last record\'s data must be LINE; it is not stored. Without it what is open is given up.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" dry-run' -l 'dry-run' -d 'Print what would be stored and send nothing.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" gzip' -l 'gzip' -d 'Compress objects.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" gzip-level' -l 'gzip-level' -d 'How hard to compress, from 1 to 9; implies --gzip. (default: 6)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" content-type' -l 'content-type' -d 'Content-Type of the objects.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" content-encoding' -l 'content-encoding' -d 'Content-Encoding of the objects.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" cache-control' -l 'cache-control' -d 'Cache-Control of the objects.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines"' -l 'metadata' -d 'Metadata of the objects; may be repeated.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines"' -l 'tag' -d 'A tag of the objects; may be repeated.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" storage-class' -l 'storage-class' -d 'Storage class: STANDARD_IA, GLACIER, ...' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" acl' -l 'acl' -d 'Canned ACL: private, public-read, ...' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" sse' -l 'sse' -d 'Encryption by the service: AES256, aws:kms or aws:kms:dsse.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" sse-kms-key-id' -l 'sse-kms-key-id' -d 'Key of --sse aws:kms.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" endpoint' -l 'endpoint' -d 'Address of the service. (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, profile, AWS)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" region' -l 'region' -d 'Region of the bucket. (default: AWS_REGION, AWS_DEFAULT_REGION, profile, us-east-1)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" profile' -l 'profile' -d 'Profile of the shared configuration files. (default: AWS_PROFILE, default)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" addressing' -l 'addressing' -d 'How the bucket is addressed: path is HOST/BUCKET, virtual is BUCKET.HOST. (default: auto)' -rfka 'auto path virtual'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" max-connections' -l 'max-connections' -d 'Most requests at once.' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" max-attempts' -l 'max-attempts' -d 'Most attempts of a request, the first one counted. (default: AWS_MAX_ATTEMPTS, 10)' -rfka ''
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" no-sign-request' -l 'no-sign-request' -d 'Send requests without credentials.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" request-payer' -l 'request-payer' -d 'Agree to be charged for requests to a requester-pays bucket.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" verbose' -l 'verbose' -d 'Show each request on standard error, and a summary at the end.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" progress' -l 'progress' -d 'Show progress on standard error. (default: if it is a terminal and standard output is not)'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" no-progress' -l 'no-progress' -d 'Show progress on standard error. (default: if it is a terminal and standard output is not)'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" version' -l 'version' -d 'Show the version.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_positional "s3-put-lines" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 's3-put-lines' -n '__s3-put-lines_should_offer_completions_for_flags_or_options "s3-put-lines help" version' -l 'version' -d 'Show the version.'
