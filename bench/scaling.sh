# Cost per object and peak memory from 1,000 to 1,000,000 objects, and of streams from 1 to 10 GiB. BENCH_LIMIT (default
# 1000000) limits the objects, BENCH_GIBIBYTES (default 10) the stream.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/with-nginx bash bench/scaling.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

# row CASE PROGRAM COUNT UNIT COMMAND: one run: rate, CPU time per unit, peak memory.
row() {
    /usr/bin/time -o "$work/time" -f '%e %U %S %M' bash -c "$5"
    awk -v case="$1" -v program="$2" -v count="$3" -v unit="$4" '{
        printf "%s\t%s\t%.0f %s/s\t%.3g µs/%s\t-\t-\n", case, program, count / ($1 ? $1 : 0.01), \
            unit == "MiB" ? unit : unit "s", ($2 + $3) / count * 1e6, unit
        printf "%s: peak memory\t%s\t%.0f MiB\t-\t-\t-\n", case, program, $4 / 1024
    }' "$work/time"
}

for count in 1000 10000 100000 1000000; do
    [ "$count" -le "${BENCH_LIMIT:-1000000}" ] || continue
    awk -v count=$count 'BEGIN { for (i = 0; i < count; i++) printf "object-%07d\t%0199d\n", i, 0 }' > "$work/records"
    cut -f 1 "$work/records" > "$work/keys"
    row "put by number of objects" "$count objects" $count object \
        "s3-put-lines s3://bench < $work/records > $work/receipts"
    cmp "$work/receipts" "$work/keys"
    row "get by number of objects" "$count objects" $count object \
        "s3-get-lines s3://bench < $work/keys > $work/lines"
done
part=$((1 << 26))
openssl rand -base64 $part > "$work/part"
truncate --size $part "$work/part"
for gibibytes in 1 2 5 10; do
    [ "$gibibytes" -le "${BENCH_GIBIBYTES:-10}" ] || continue
    row "put of a stream by its length" "$gibibytes GiB" "$((gibibytes * 1024))" MiB \
        "for ((i = 0; i < $((gibibytes * 16)); i++)); do cat $work/part; done | s3-put-lines s3://bench k > /dev/null"
done
