#!/usr/bin/env bash
# s3-keygen against what else puts a key before each line: bench/s3-keygen.sh [MILLIONS OF LINES]
#
# Each pair is run alternately, and the least CPU times are compared: all of them have one thread and read
# from the page cache, and on a busy machine the clock says more about the neighbours.
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

# Compares the shell commands `$2` and `$3`, each reading the file `$1`.
compare() {
    python3 - "$@" "${RUNS:-7}" <<'END'
import os, subprocess, sys

path, ours, theirs, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with open(path, "rb") as file:
    lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

def seconds(command):
    with open(path) as file:
        process = subprocess.Popen("exec " + command, shell=True, stdin=file, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime

times = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
our, their = (min(column) for column in zip(*times))
print(f"  {lines / our / 1e6:.2f} M lines/s, {os.path.getsize(path) / our / 1e9:.2f} GB/s of CPU time;"
      f" peer {lines / their / 1e6:.3f} M lines/s; time ratio {our / their:.3f}, speed-up {their / our:.1f}")
END
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
