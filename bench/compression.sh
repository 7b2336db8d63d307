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
    for (i = 0; i < 1000000; i++) {
        text = ""
        for (j = 0; j < 12; j++) text = text (j ? " " : "") word[1 + int(rand() * 16)]
        printf "{\"id\":%d,\"ts\":\"2026-11-23T06:%02d:%02d.%03dZ\",\"level\":\"%s\",\"score\":%.3f,\"msg\":\"%s\",\"v\":[%d,%d]," \
            "\"path\":\"/a/b/%d\",\"session\":\"%08x%08x%08x\"}\n", i, i / 60 % 60, i % 60, i % 1000, \
            rand() < 0.5 ? "info" : "warn", rand() * 200, text, rand() * 99999, rand() * 999, i, rand() * 2^31, \
            rand() * 2^31, rand() * 2^31
    }
}' | head -c 250000000 > "$work/text"
size=$(stat -c %s "$work/text")

bench/measure "compress 250 MB into one object" "$size" byte \
    "s3-put-lines --gzip, one processor" "taskset -c 0 s3-put-lines --gzip s3://bench k < $work/text > /dev/null" \
    "s3-put-lines --gzip" "s3-put-lines --gzip s3://bench k < $work/text > /dev/null" \
    "pigz -6 into s5cmd pipe" "pigz -6 < $work/text | $s5cmd pipe s3://bench/k > /dev/null" \
    "s3-put-lines --zstd" "s3-put-lines --zstd s3://bench k < $work/text > /dev/null" \
    "zstd -T0 into s5cmd pipe" "zstd -q -T0 < $work/text | $s5cmd pipe s3://bench/k > /dev/null"

split --bytes 2000000 --numeric-suffixes --suffix-length 3 "$work/text" "$work/part."
decompress() { # NAME SUFFIX COMPRESSOR DECOMPRESSOR
    rm -f "$BENCH_FILES"/*
    for part in "$work"/part.0* "$work"/part.1[0-1]*; do cat "$part"; done > /dev/null
    local number=0
    for ((number = 0; number < 200; number++)); do
        part=$(printf '%s/part.%03d' "$work" $((number % 120)))
        $3 < "$part" > "$BENCH_FILES/$(printf '%03d' $number)$2"
        cat "$part"
    done > "$work/expected"
    bench/list-files
    local get="s3-get-lines --all s3://bench/files/ > $work/lines"
    bench/measure "200 $1 objects of 2 MB of text" 200 object \
        "s3-get-lines, one processor" "taskset -c 0 $get" \
        "s3-get-lines" "$get" \
        "s5cmd cat into $4" "$s5cmd cat 's3://bench/files/*' | $4 > $work/lines.s5cmd"
    # A part may end within a line; then a newline is added.
    s3-get-lines --exact --all s3://bench/files/ | cmp - "$work/expected"
}
decompress gzip .gz "gzip -6" zcat
decompress zstd .zst "zstd -q" zstdcat
