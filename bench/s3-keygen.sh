#!/usr/bin/env bash
# s3-keygen against what else puts a key before each line: bench/s3-keygen.sh [MILLIONS OF LINES]
#
# Each pair is timed in one run of hyperfine, and the best times are compared, which suits busy machines.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
keygen=$root/.build/release/s3-keygen
millions=${1:-4}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

seq -f '%09.0f xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' \
    "${millions}000000" > lines
awk 'BEGIN { line = sprintf("%1023s", ""); gsub(/ /, "y", line); for (i = 0; i < 500000; i++) print line }' > kilobytes
awk 'BEGIN {
    srand(1)
    for (i = 0; i < 200000; i++)
        printf "{\"ts\":\"2026-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"level\":\"info\",\"user\":{\"name\":\"user %d\",\"id\":%d}," \
            "\"msg\":\"something happened at %d\",\"n\":[1,2,3]}\n", 1 + rand() * 12, 1 + rand() * 28, rand() * 24,
            rand() * 60, rand() * 60, rand() * 1000, i, rand() * 10000, i
}' > events

# Prints how long `$2` and `$3` take on the file `$1`, in lines and bytes a second, and their ratio.
compare() {
    hyperfine --shell bash --warmup 1 --runs "${RUNS:-7}" --export-json times.json --style none \
        "$2 < $1 > /dev/null" "$3 < $1 > /dev/null" > /dev/null 2>&1
    local lines bytes
    lines=$(wc -l < "$1") bytes=$(wc -c < "$1")
    jq -r --argjson lines "$lines" --argjson bytes "$bytes" '
        [.results[].min] as [$ours, $theirs]
        | "  \($lines / $ours / 1e4 | round / 100) M lines/s, \($bytes / $ours / 1e7 | round / 100) GB/s; "
          + "peer \($lines / $theirs / 1e4 | round / 100) M lines/s; "
          + "time ratio \($ours / $theirs * 1000 | round / 1000), speed-up \($theirs / $ours * 10 | round / 10)"' times.json
}

echo "snot_{ns}, 90-byte lines, against mawk:"
compare lines "$keygen 'snot_{ns}'" "mawk '{print \"k\" NR \"\\t\" \$0}'"
echo "snot_{ns}, 1 KiB lines, against cat:"
compare kilobytes "$keygen 'snot_{ns}'" "cat"
echo "d={.ts:%Y-%m-%d}/u={.user.id}/{ns}, JSON events, against jq -r:"
compare events "$keygen 'd={.ts:%Y-%m-%d}/u={.user.id}/{ns}'" \
    "jq -r '\"d=\\(.ts[:10])/u=\\(.user.id)/\\(input_line_number)\\t\\(tojson)\"'"
echo "batches by hash ({sha256:1}/{uuid}, --roll-lines 1000 --max-open 64), against mawk:"
compare lines "$keygen --roll-lines 1000 --max-open 64 '{sha256:1}/{uuid}'" "mawk '{print substr(\$1, 9) \"/\" NR \"\\t\" \$0}'"

echo "start-up:"
hyperfine --shell none --warmup 5 --runs 50 --style none --export-json times.json "$keygen x" > /dev/null 2>&1 < /dev/null
jq -r '"  \(.results[0].min * 1e5 | round / 100) ms at least, \(.results[0].median * 1e5 | round / 100) ms median"' times.json
echo "peak memory:"
python3 - "$keygen" <<'END'
import resource, subprocess, sys
with open("events") as events:
    subprocess.run([sys.argv[1], "--roll-lines", "9", "--max-open", "64", "{.user.id}/{uuid}"],
                   stdin=events, stdout=subprocess.DEVNULL, check=True)
print(f"  {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.1f} MiB")
END
