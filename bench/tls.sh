# Small objects and streams over TLS, with a certificate made by the benchmark.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    ${CC:-clang} -O2 -o .build/bench/s3-floor bench/c/s3-floor.c -lcurl -lcrypto
    BENCH_TLS=1 exec bench/with-nginx bash bench/tls.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers

count=20000
awk -v count=$count 'BEGIN { for (i = 0; i < count; i++) printf "object-%06d\t%0199d\n", i, 0 }' > "$work/records"
cut -f 1 "$work/records" > "$work/keys"
bench/measure "https: put 20,000 objects of 200 B" $count object \
    "C loop, libcurl" ".build/bench/s3-floor put $count 64 bench" \
    "s3-put-lines, 64 at once" "s3-put-lines --max-connections 64 s3://bench < $work/records > $work/receipts" \
    "s3-put-lines" "s3-put-lines s3://bench < $work/records > $work/receipts"
bench/measure "https: get 20,000 objects of 200 B" $count object \
    "C loop, libcurl" ".build/bench/s3-floor get $count 64 bench" \
    "s3-get-lines, 64 at once" "s3-get-lines --max-connections 64 s3://bench < $work/keys > $work/lines" \
    "s3-get-lines" "s3-get-lines s3://bench < $work/keys > $work/lines"

size=$((1 << 30))
# Incompressible bytes, in lines.
openssl rand -base64 $((1 << 25)) > "$BENCH_FILES/part"
truncate --size $((1 << 25)) "$BENCH_FILES/part"
for _ in $(seq 32); do cat "$BENCH_FILES/part"; done > "$BENCH_FILES/large"
url=$AWS_ENDPOINT_URL_S3/bench/files/large
bench/measure "https: get 1 GiB into a pipe" $size byte \
    "curl" "curl -s $url | cat > /dev/null" \
    "s3-get-lines" "s3-get-lines s3://bench files/large | cat > /dev/null" \
    "s5cmd cat" "$s5cmd cat s3://bench/files/large | cat > /dev/null"
s3-get-lines --exact s3://bench files/large | cmp - "$BENCH_FILES/large"

# rclone asks for the object that it has put, and this server keeps nothing.
commands=(
    "s5cmd pipe" "$s5cmd pipe s3://bench/large"
    "s3-put-lines" "s3-put-lines s3://bench large"
    "s3-put-lines, CRC-64/NVME" "s3-put-lines --checksum crc64nvme s3://bench large"
    "aws s3 cp -" "$aws s3 cp --only-show-errors - s3://bench/large"
)
arguments=()
for ((i = 0; i < ${#commands[@]}; i += 2)); do
    arguments+=("${commands[i]}" "cat $BENCH_FILES/large | ${commands[i + 1]} > /dev/null")
done
BENCH_RUNS=${BENCH_RUNS:-3} bench/measure "https: put 1 GiB from a pipe" $size byte "${arguments[@]}"
for ((i = 0; i < ${#commands[@]}; i += 2)); do
    # shellcheck disable=SC2086 # words
    peak "https: put 1 GiB: peak memory" "${commands[i]}" ${commands[i + 1]} < <(cat "$BENCH_FILES/large")
done
