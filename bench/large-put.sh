# Put of one object of 1 GiB from a pipe into SeaweedFS: time, and the peak of memory.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec scripts/with-server seaweedfs bash bench/large-put.sh --beside-server
fi

size=$((1 << 30))
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
head -c $((size / 64)) /dev/urandom > "$work/block"
for ((i = 0; i < 64; i++)); do cat "$work/block"; done > "$work/data"
cat > "$work/rclone.conf" <<END
[s3]
type = s3
provider = SeaweedFS
env_auth = true
endpoint = $AWS_ENDPOINT_URL_S3
region = $AWS_REGION
no_check_bucket = true
END
s5cmd="$(find .venv/lib -path '*/s5cmd/bin/s5cmd' -type f) --endpoint-url $AWS_ENDPOINT_URL_S3"
rclone=".venv/bin/rclone --config $work/rclone.conf"

names=("s3-put-lines" "s3-put-lines, 64M" "s5cmd pipe" "rclone rcat")
commands=(
    "s3-put-lines s3://snot large"
    "s3-put-lines --memory 64M s3://snot large"
    "$s5cmd pipe s3://snot/large"
    "$rclone rcat s3:snot/large"
)
words=()
for i in "${!names[@]}"; do
    words+=("${names[i]}" "cat $work/data | ${commands[i]} > /dev/null")
done
bench/measure "put 1 GiB from a pipe" $size byte "${words[@]}"
for i in "${!names[@]}"; do
    peak=$({ cat "$work/data" | command time -f %M ${commands[i]} > /dev/null; } 2>&1 | tail -n 1)
    echo "bench: peak memory of ${names[i]}: $((peak / 1024)) MiB" >&2
done
