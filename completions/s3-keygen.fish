# fish completion of s3-keygen. Made by scripts/completions.
complete -c s3-keygen -f
complete -c s3-keygen -l start -x -d 'First number of {seq}'
complete -c s3-keygen -l first-line -x -d 'The input is the rest of another input, from its line N on; count from there'
complete -c s3-keygen -l reject -r -F -d 'Append lines that get no key to FILE and continue; exit status 1'
complete -c s3-keygen -l roll-lines -x -d 'Give one key to up to N lines'
complete -c s3-keygen -l roll-bytes -x -d 'Give one key to lines of up to SIZE bytes in all'
complete -c s3-keygen -l roll-after -x -d 'Give one key to the lines of TIME, then complete its object'
complete -c s3-keygen -l max-open -x -d 'Keep a batch for each of the N latest texts of the line\'s fields'
complete -c s3-keygen -l version -d 'Show the version'
complete -c s3-keygen -s h -l help -d 'Show help information'
