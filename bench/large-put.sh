# Puts one object of 1 GiB from a pipe into SeaweedFS, and measures the peak memory of each program.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    # In memory, so that the disk is not measured: up to 4 GiB, freed with the server.
    TMPDIR=/dev/shm exec scripts/with-server seaweedfs bash bench/large-put.sh --beside-server
fi

size=$((1 << 30))
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
# Incompressible bytes.
openssl enc -aes-128-ctr -nosalt -pass pass:bench -pbkdf2 -in /dev/zero 2> "$work/openssl" | head -c $size \
    > "$work/large" || [ "$(stat -c %s "$work/large")" -eq $size ]

. bench/peers
names=("s3-put-lines" "s3-put-lines, 32M" "rclone rcat" "aws s3 cp -" "s5cmd pipe")
commands=(
    "s3-put-lines s3://snot large"
    "s3-put-lines --memory 32M s3://snot large"
    "$rclone rcat s3:snot/large"
    "$aws s3 cp --only-show-errors - s3://snot/large"
    "$s5cmd pipe s3://snot/large"
)

# Removing a bucket frees its space at once; replacing an object does not.
empty="(.venv/bin/aws s3 rb --force s3://snot; .venv/bin/aws s3 mb s3://snot) > /dev/null"
export BENCH_PREPARE=$empty

arguments=()
for i in "${!names[@]}"; do
    arguments+=("${names[i]}" "cat $work/large | ${commands[i]} > /dev/null")
done
bench/measure "put 1 GiB from a pipe" $size byte "${arguments[@]}"

for i in "${!names[@]}"; do
    bash -c "$empty"
    # shellcheck disable=SC2086 # words
    peak "put 1 GiB: peak memory" "${names[i]}" ${commands[i]} < <(cat "$work/large")
    s3-get-lines --raw --exact s3://snot large | cmp - "$work/large"
done
