# Start-up time of each tool, and the sizes of the stripped binaries.
set -euo pipefail

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b

BENCH_SHELL=none BENCH_RUNS=${BENCH_RUNS:-20} bench/measure "start-up" 1 run \
    "true" "true" \
    "json-sep" "json-sep" \
    "s3-keygen" "s3-keygen x" \
    "s3-put-lines" "s3-put-lines --dry-run s3://b" \
    "s3-get-lines" "s3-get-lines s3://b" \
    "s3-list-keys --version" "s3-list-keys --version" \
    "s3-delete-keys" "s3-delete-keys --dry-run s3://b" \
    "curl --version" "curl --version"

for tool in $(scripts/tools); do
    strip -o "$work/$tool" "$(command -v "$tool")"
    printf 'size, stripped\t%s\t%s KiB\t-\t-\t-\n' "$tool" "$(($(stat -c %s "$work/$tool") / 1024))"
done
