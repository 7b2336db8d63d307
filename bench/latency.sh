# Puts small objects to a server with a latency of 1, 10, 30 and 100 ms: with the default of each program, and the rate
# in objects per second by the number of connections.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    for milliseconds in ${BENCH_MILLISECONDS:-30 1 10 100}; do
        BENCH_LATENCY=$(printf '0.%03d' $milliseconds) \
            bench/with-nginx bash bench/latency.sh --beside-server $milliseconds
    done
    exit
fi

milliseconds=$2
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers

count=10000
mkdir "$work/files"
awk -v count=$count -v directory="$work/files" 'BEGIN {
    for (i = 0; i < count; i++) {
        line = sprintf("%0199d", 0)
        key = sprintf("object-%06d", i)
        print key "\t" line
        print line > (directory "/" key)
        close(directory "/" key)
    }
}' > "$work/records"
cut -f 1 "$work/records" > "$work/keys"

put="s3://bench < $work/records > $work/receipts"
if [ "$milliseconds" = 30 ]; then
    bench/measure "put $count objects of 200 B at 30 ms" $count object \
        "s5cmd cp" "$s5cmd cp '$work/files/*' s3://bench/ > /dev/null" \
        "s3-put-lines" "s3-put-lines $put" \
        "rclone copy, 64 transfers" \
        "$rclone --transfers 64 --checkers 64 copy --no-traverse --no-check-dest $work/files s3:bench"
    cmp "$work/receipts" "$work/keys"
    bench/measure "get $count objects of 200 B at 30 ms" $count object \
        "s3-get-lines, 64 at once" "s3-get-lines --max-connections 64 s3://bench < $work/keys > $work/lines" \
        "s3-get-lines" "s3-get-lines s3://bench < $work/keys > $work/lines"
    cut -f 2 "$work/records" | cmp - "$work/lines"
fi
# Fewer where each takes longer, so that 16 at once take a minute in all.
few=$((milliseconds < 30 ? 10000 : 120000 / milliseconds))
head -n $few "$work/records" > "$work/few"
find "$work/files" -type f | sort | tail -n +$((few + 1)) | xargs -r rm
put="s3://bench < $work/few > $work/receipts"
BENCH_RUNS=${BENCH_RUNS:-3} bench/measure "put $few objects of 200 B at $milliseconds ms" $few object \
    "64 at once" "s3-put-lines --max-connections 64 $put" \
    "16 at once" "s3-put-lines --max-connections 16 $put" \
    "128 at once" "s3-put-lines --max-connections 128 $put" \
    "256 at once" "s3-put-lines --max-connections 256 $put" \
    "512 at once" "s3-put-lines --max-connections 512 $put" \
    "no option" "s3-put-lines $put" \
    "s5cmd cp" "$s5cmd cp '$work/files/*' s3://bench/ > /dev/null"
