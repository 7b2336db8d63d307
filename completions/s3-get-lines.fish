function __s3-get-lines_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-get-lines_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __s3-get-lines_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-get-lines_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __s3-get-lines_parse_tokens -S
    set -l unparsed_tokens (__s3-get-lines_tokens -pc)
    switch $unparsed_tokens[1]
    case 's3-get-lines'
        __s3-get-lines_parse_subcommand -r 2 'all' 'start-after=' 'shard=' 'unordered' 'with-key' 'exact' 'raw' 'multipart-threshold=' 'multipart-chunksize=' 'memory=' 'endpoint=' 'region=' 'profile=' 'addressing=' 'max-connections=' 'max-attempts=' 'no-sign-request' 'request-payer' 'verbose' 'progress' 'no-progress' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __s3-get-lines_parse_subcommand -r 1 'version'
        end
    end
end

function __s3-get-lines_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __s3-get-lines_parse_subcommand -S -a positional_count
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

function __s3-get-lines_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __s3-get-lines_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__s3-get-lines_tokens -p)
    if test -z "$(__s3-get-lines_tokens -t)"
        set -l index (count (__s3-get-lines_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 's3-get-lines' -f
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" all' -l 'all' -d 'Take every key under the location, in listing order.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" start-after' -l 'start-after' -d 'With --all, take only the keys behind KEY.' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" shard' -l 'shard' -d 'Take the I-th of N shares of the keys.' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" unordered' -l 'unordered' -d 'Write whole lines as they arrive, in any order of the objects.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" with-key' -l 'with-key' -d 'Write KEY and a TAB before each line.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" exact' -l 'exact' -d 'Add no newline to an object that ends without one.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" raw' -l 'raw' -d 'Write gzip objects as they are stored.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" multipart-threshold' -l 'multipart-threshold' -d 'Fetch objects of this size and more in parallel ranges.' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" multipart-chunksize' -l 'multipart-chunksize' -d 'Size of the ranges. (default: 8M, or a quarter of --memory)' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" memory' -l 'memory' -d 'Most bytes that are fetched and not yet written.' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" endpoint' -l 'endpoint' -d 'Address of the service. (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, profile, AWS)' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" region' -l 'region' -d 'Region of the bucket. (default: AWS_REGION, AWS_DEFAULT_REGION, profile, us-east-1)' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" profile' -l 'profile' -d 'Profile of the shared configuration files. (default: AWS_PROFILE, default)' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" addressing' -l 'addressing' -d 'How the bucket is addressed: path is HOST/BUCKET, virtual is BUCKET.HOST. (default: auto)' -rfka 'auto path virtual'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" max-connections' -l 'max-connections' -d 'Most requests at once.' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" max-attempts' -l 'max-attempts' -d 'Most attempts of a request, the first one counted. (default: AWS_MAX_ATTEMPTS, 10)' -rfka ''
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" no-sign-request' -l 'no-sign-request' -d 'Send requests without credentials.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" request-payer' -l 'request-payer' -d 'Agree to be charged for requests to a requester-pays bucket.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" verbose' -l 'verbose' -d 'Show each request on standard error, and a summary at the end.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" progress' -l 'progress' -d 'Show progress on standard error. (default: if it is a terminal and standard output is not)'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" no-progress' -l 'no-progress' -d 'Show progress on standard error. (default: if it is a terminal and standard output is not)'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" version' -l 'version' -d 'Show the version.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_positional "s3-get-lines" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 's3-get-lines' -n '__s3-get-lines_should_offer_completions_for_flags_or_options "s3-get-lines help" version' -l 'version' -d 'Show the version.'
