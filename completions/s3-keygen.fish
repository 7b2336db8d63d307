function __s3-keygen_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-keygen_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __s3-keygen_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __s3-keygen_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __s3-keygen_parse_tokens -S
    set -l unparsed_tokens (__s3-keygen_tokens -pc)
    switch $unparsed_tokens[1]
    case 's3-keygen'
        __s3-keygen_parse_subcommand 1 'start=' 'reject=' 'roll-lines=' 'roll-bytes=' 'roll-after=' 'max-open=' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __s3-keygen_parse_subcommand -r 1 'version'
        end
    end
end

function __s3-keygen_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __s3-keygen_parse_subcommand -S -a positional_count
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

function __s3-keygen_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __s3-keygen_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__s3-keygen_tokens -p)
    if test -z "$(__s3-keygen_tokens -t)"
        set -l index (count (__s3-keygen_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 's3-keygen' -f
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" start' -l 'start' -d 'The first number that {seq} gives.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" reject' -l 'reject' -d 'Append lines that get no key to FILE and go on; exit status 1.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" roll-lines' -l 'roll-lines' -d 'Give one key to up to N lines.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" roll-bytes' -l 'roll-bytes' -d 'Give one key to lines of up to SIZE bytes.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" roll-after' -l 'roll-after' -d 'Give one key to the lines of TIME, then close it, lines or not.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" max-open' -l 'max-open' -d 'Keep a batch open for each of the N latest texts of the line\'s fields.' -rfka ''
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" version' -l 'version' -d 'Show the version.'
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_positional "s3-keygen" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 's3-keygen' -n '__s3-keygen_should_offer_completions_for_flags_or_options "s3-keygen help" version' -l 'version' -d 'Show the version.'
