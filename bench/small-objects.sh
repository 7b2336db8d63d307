# Puts and gets small objects, 64 at once, with an nginx that accepts everything.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    ${CC:-clang} -O2 -o .build/bench/s3-floor bench/c/s3-floor.c -lcurl -lcrypto
    exec bench/with-nginx bash bench/small-objects.sh --beside-server
fi

# The number of objects for the peers, which would take minutes for more.
count=20000
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

. bench/peers
s5cmd+=" --numworkers 64"
rclone+=" --transfers 64 --checkers 64"

mkdir "$work/files"
awk -v count=$count -v directory="$work/files" 'BEGIN {
    for (i = 0; i < 100000; i++) {
        line = sprintf("%0199d", 0)
        key = sprintf("object-%06d", i)
        print key "\t" line
        if (i >= count) continue
        print line > (directory "/" key)
        close(directory "/" key)
    }
}' > "$work/records"

bench/measure "put 100,000 objects of 200 B" 100000 object \
    "C loop, libcurl" ".build/bench/s3-floor put 100000 64 bench" \
    "s3-put-lines, 64 at once" "s3-put-lines --max-connections 64 s3://bench < $work/records > $work/receipts" \
    "s3-put-lines" "s3-put-lines s3://bench < $work/records > $work/receipts"
cmp "$work/receipts" <(cut -f 1 "$work/records")

BENCH_RUNS=${BENCH_RUNS:-3} bench/measure "put 20,000 objects of 200 B" $count object \
    "s3-put-lines" "head -n $count $work/records | s3-put-lines s3://bench > $work/receipts" \
    "s5cmd cp" "$s5cmd cp '$work/files/*' s3://bench/ > /dev/null" \
    "rclone copy" "$rclone copy --no-traverse --no-check-dest $work/files s3:bench"

head -n $count "$work/records" | cut -f 1 > "$work/keys"
bench/measure "get 20,000 objects of 200 B" $count object \
    "C loop, libcurl" ".build/bench/s3-floor get $count 64 bench" \
    "s3-get-lines, 64 at once" "s3-get-lines --max-connections 64 s3://bench < $work/keys > $work/lines" \
    "s3-get-lines" "s3-get-lines s3://bench < $work/keys > $work/lines" \
    "s3-get-lines --all" "s3-get-lines --all s3://bench > $work/lines.all"
head -n $count "$work/records" | cut -f 2 | cmp "$work/lines" -
cmp "$work/lines" "$work/lines.all"

BENCH_RUNS=${BENCH_RUNS:-3} bench/measure "cat 20,000 objects of 200 B" $count object \
    "s3-get-lines --all" "s3-get-lines --all s3://bench > $work/lines.all" \
    "rclone cat" "$rclone cat s3:bench > $work/lines.rclone" \
    "s5cmd cat" "$s5cmd cat 's3://bench/*' > $work/lines.s5cmd"
