# s3-keygen against mawk and jq -r making the same records; its start-up time and memory.
set -euo pipefail

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

lines=4000000 kilobytes=400000 events=200000
awk -v n=$lines 'BEGIN { for (i = 0; i < n; i++) printf "%09d %-79s\n", i, "GET /index.html HTTP/1.1" }' > "$work/lines"
awk -v n=$kilobytes 'BEGIN { line = sprintf("%1023s", ""); for (i = 0; i < n; i++) print line }' > "$work/kilobytes"
awk -v n=$events 'BEGIN {
    srand(1)
    for (i = 0; i < n; i++) {
        printf "{\"ts\":\"2026-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"level\":\"info\",", 1 + rand() * 12, 1 + rand() * 28,
            rand() * 24, rand() * 60, rand() * 60, rand() * 1000
        printf "\"user\":{\"name\":\"user %d\",\"id\":%d},\"msg\":\"something happened at %d\",\"n\":[1,2,3]}\n",
            i, rand() * 10000, i
    }
}' > "$work/events"

path='d={.ts:%Y-%m-%d}/u={.user.id}'
jq='"d=\(.ts[:10])/u=\(.user.id)/\(input_line_number)\t\(tojson)"'
s3-keygen "$path/{line}" < "$work/events" | cmp - <(jq -r "$jq" "$work/events")
s3-keygen --start 1 'k{seq}' < "$work/lines" | cmp - <(mawk '{print "k" NR "\t" $0}' "$work/lines")

bench/measure "s3-keygen: snot_{ns}, 90-byte lines" $lines line \
    "mawk" "mawk '{print \"k\" NR \"\\t\" \$0}' < $work/lines > /dev/null" \
    "s3-keygen" "s3-keygen 'snot_{ns}' < $work/lines > /dev/null"
bench/measure "s3-keygen: snot_{ns}, 1 KiB lines" $((kilobytes * 1024)) byte \
    "cat" "cat < $work/kilobytes > /dev/null" \
    "s3-keygen" "s3-keygen 'snot_{ns}' < $work/kilobytes > /dev/null"
bench/measure "s3-keygen: $path/{ns}" $events line \
    "jq -r" "jq -r '$jq' < $work/events > /dev/null" \
    "s3-keygen" "s3-keygen '$path/{ns}' < $work/events > /dev/null"
bench/measure "s3-keygen: batches of 16 partitions" $lines line \
    "mawk" "mawk '{print substr(\$1, 9) \"/\" NR \"\\t\" \$0}' < $work/lines > /dev/null" \
    "s3-keygen" "s3-keygen --roll-lines 1000 --max-open 16 '{crc32:1}/{uuid}' < $work/lines > /dev/null"

python3 - "$work/events" <<'END'
import resource, subprocess, sys, time

def start_up(*command):
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began

floor, ours = (min(start_up(*command) for _ in range(100)) for command in (["true"], ["s3-keygen", "x"]))
print("s3-keygen: least start-up of 100", "true", f"{floor * 1000:.1f} ms", "-", "1.00", "-", sep="\t")
print("s3-keygen: least start-up of 100", "s3-keygen", f"{ours * 1000:.1f} ms", "-", f"{ours / floor:.2f}", "-", sep="\t")

with open(sys.argv[1]) as events:
    subprocess.run(["s3-keygen", "--roll-lines", "9", "--max-open", "64", "{.user.id}/{uuid}"],
                   stdin=events, stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("s3-keygen: peak memory", "s3-keygen", f"{peak / 1024:.1f} MiB", "-", "-", "-", sep="\t")
END
