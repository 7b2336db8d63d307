# Gets one object of 1 GiB into a pipe, from an nginx that serves it from memory.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/with-nginx bash bench/large-object.sh --beside-server
fi

size=$((1 << 30))
# Lines of 1 to 400 bytes.
awk -v size=$((size / 256)) 'BEGIN {
    for (i = 0; i < 400; i++) line = line "x"
    srand(1)
    while (written < size) { s = substr(line, 1, 1 + int(rand() * 399)); written += length(s) + 1; print s }
}' > "$BENCH_FILES/part"
truncate --size $((size / 256)) "$BENCH_FILES/part"
for ((i = 0; i < 256; i++)); do cat "$BENCH_FILES/part"; done > "$BENCH_FILES/large"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. bench/peers
url=$AWS_ENDPOINT_URL_S3/bench/files/large

bench/measure "get 1 GiB into a pipe" $size byte \
    "curl" "curl -s $url | cat > /dev/null" \
    "s3-get-lines" "s3-get-lines s3://bench files/large | cat > /dev/null" \
    "s3-get-lines, 32M" \
    "s3-get-lines --memory 32M --multipart-chunksize 4M s3://bench files/large | cat > /dev/null" \
    "s5cmd cat" "$s5cmd cat s3://bench/files/large | cat > /dev/null"

for memory in "" "--memory 32M --multipart-chunksize 4M"; do
    # shellcheck disable=SC2086 # two words or none
    s3-get-lines --exact $memory s3://bench files/large | cmp - "$BENCH_FILES/large"
    # shellcheck disable=SC2086 # two words or none
    peak "get 1 GiB: peak memory" "s3-get-lines${memory:+, 32M}" s3-get-lines $memory s3://bench files/large
done
