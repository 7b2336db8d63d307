# Compression and decompression of one stream of 250 MB, and of 200 objects of 2 MB of text, against pigz, zstd and
# zcat.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/with-nginx bash bench/compression.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers

# Log records, all different.
awk 'BEGIN {
    srand(1)
    split("the quick brown fox jumps over lazy dog while seven wizards box up jugs of liquid oxygen", word, " ")
    for (i = 0; written < 250000000; i++) {
        text = ""
        for (j = 0; j < 12; j++) text = text (j ? " " : "") word[1 + int(rand() * 16)]
        record = sprintf("{\"id\":%d,\"ts\":\"2026-11-23T06:%02d:%02d.%03dZ\",\"level\":\"%s\",\"score\":%.3f,\"msg\":\"%s\",\"v\":[%d,%d]," \
            "\"path\":\"/a/b/%d\",\"session\":\"%08x%08x%08x\"}", i, i / 60 % 60, i % 60, i % 1000, \
            rand() < 0.5 ? "info" : "warn", rand() * 200, text, rand() * 99999, rand() * 999, i, rand() * 2^31, \
            rand() * 2^31, rand() * 2^31)
        print record
        written += length(record) + 1
    }
}' > "$work/text"
truncate --size 250000000 "$work/text"
size=$(stat -c %s "$work/text")

bench/measure "compress 250 MB into one object" "$size" byte \
    "s3-put-lines --gzip, one processor" "taskset -c 0 s3-put-lines --gzip s3://bench k < $work/text > /dev/null" \
    "s3-put-lines --gzip" "s3-put-lines --gzip s3://bench k < $work/text > /dev/null" \
    "pigz -6 into s5cmd pipe" "pigz -6 < $work/text | $s5cmd pipe s3://bench/k > /dev/null" \
    "s3-put-lines --zstd" "s3-put-lines --zstd s3://bench k < $work/text > /dev/null" \
    "zstd -T0 into s5cmd pipe" "zstd -q -T0 < $work/text | $s5cmd pipe s3://bench/k > /dev/null"

# 200 objects of each format; the second hundred repeats the first.
split --bytes 2000000 --numeric-suffixes --suffix-length 3 "$work/text" "$work/part."
for ((number = 0; number < 100; number++)); do
    name=$(printf %03d $number)
    gzip -6 < "$work/part.$name" > "$BENCH_FILES/$name.gz"
    zstd -q < "$work/part.$name" > "$BENCH_FILES/$name.zst"
    for suffix in gz zst; do ln "$BENCH_FILES/$name.$suffix" "$BENCH_FILES/1$name.$suffix"; done
done
bench/list-files

get() { echo "s3-list-keys --include '*.$1' s3://bench/files/ | $2 s3-get-lines s3://bench/files/ > $work/lines"; }
bench/measure "200 compressed objects of 2 MB of text" 200 object \
    "s3-get-lines, gzip, one processor" "$(get gz 'taskset -c 0')" \
    "s3-get-lines, gzip" "$(get gz '')" \
    "s5cmd cat into zcat" "$s5cmd cat 's3://bench/files/*.gz' | zcat > $work/lines" \
    "s3-get-lines, zstd, one processor" "$(get zst 'taskset -c 0')" \
    "s3-get-lines, zstd" "$(get zst '')" \
    "s5cmd cat into zstdcat" "$s5cmd cat 's3://bench/files/*.zst' | zstdcat > $work/lines"

# A part may end within a line; without --exact, a newline would be added.
for copy in 1 2; do
    for ((number = 0; number < 100; number++)); do cat "$work/part.$(printf %03d $number)"; done
done > "$work/expected"
for suffix in gz zst; do
    s3-list-keys --include "*.$suffix" s3://bench/files/ | s3-get-lines --exact s3://bench/files/ |
        cmp - "$work/expected"
done
