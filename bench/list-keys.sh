# Lists 1,000,000 random keys from a server with a latency of 30 ms, as S3 has, and from one without latency.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    bench/list-server 1000000 30 bash bench/list-keys.sh --beside-server 30
    exec bench/list-server 1000000 0 bash bench/list-keys.sh --beside-server 0
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers

# Minutes of s5cmd for each round at 30 ms.
export BENCH_RUNS=${BENCH_RUNS:-3} BENCH_WARMUPS=0
if [ "$2" = 30 ]; then
    bench/measure "list 1,000,000 keys, 30 ms a page" 1000000 key \
        "s3-list-keys" "s3-list-keys s3://bench > $work/keys" \
        "s3-list-keys --long" "s3-list-keys --long s3://bench > $work/long" \
        "s5cmd ls" "$s5cmd ls 's3://bench/*' > $work/s5cmd"
    cmp "$work/keys" <(cut -f 1 "$work/long")
    cmp "$work/keys" <(sed 's/.* //' "$work/s5cmd")
    peak "list 1,000,000 keys: peak memory" s3-list-keys s3-list-keys s3://bench
    peak "list 1,000,000 keys: peak memory" "s3-list-keys --long" s3-list-keys --long s3://bench
else
    bench/measure "list 1,000,000 keys, 0 ms a page" 1000000 key \
        "s3-list-keys, page by page" "s3-list-keys --max-connections 1 s3://bench > $work/keys" \
        "s3-list-keys" "s3-list-keys s3://bench > $work/all" \
        "s5cmd ls" "$s5cmd ls 's3://bench/*' > $work/s5cmd"
    cmp "$work/keys" "$work/all"
fi
