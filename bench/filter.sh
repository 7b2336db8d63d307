# Objects of 2 MB of text through a command for each, `gzip`, both ways: against the built-in format and s5cmd.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/with-nginx bash bench/filter.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers

awk 'BEGIN {
    srand(1)
    for (i = 0; i < 1000000; i++)
        printf "%09d\t{\"id\":%d,\"score\":%.6f,\"path\":\"/a/b/%08x\",\"session\":\"%08x%08x\",\"v\":%d}\n", i / 20000, i, \
            rand() * 200, rand() * 2^31, rand() * 2^31, rand() * 2^31, rand() * 99999
}' > "$work/records"
cut -f 2 "$work/records" > "$work/lines"

bench/measure "put 50 objects of 2 MB through gzip" 50 object \
    "s3-put-lines --gzip" "s3-put-lines --gzip s3://bench < $work/records > /dev/null" \
    "s3-put-lines --filter" "s3-put-lines --filter 'gzip -6' s3://bench < $work/records > /dev/null" \
    "split and s5cmd pipe" \
    "split --lines 20000 --filter 'gzip -6 | $s5cmd pipe s3://bench/\$FILE > /dev/null' $work/lines"

split --lines 20000 --numeric-suffixes "$work/lines" "$BENCH_FILES/"
gzip -6 "$BENCH_FILES"/*
bench/list-files
list="s3-list-keys s3://bench/files/"
bench/measure "get 50 objects of 2 MB through gzip" 50 object \
    "s3-get-lines" "$list | s3-get-lines s3://bench/files/ > $work/built-in" \
    "s3-get-lines --filter" "$list | s3-get-lines --filter 'gzip -dc' s3://bench/files/ > $work/filtered" \
    "s5cmd cat in a loop" \
    "$list | while read -r key; do $s5cmd cat s3://bench/files/\$key | gzip -dc; done > $work/looped"
for name in built-in filtered looped; do cmp "$work/$name" "$work/lines"; done
