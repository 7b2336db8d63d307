# Deletes 100,000 objects on a server with a latency of 30 ms that confirms every deletion, and counts the requests.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/list-server 100000 30 bash bench/delete-keys.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. bench/peers
s3-list-keys s3://bench > "$work/keys"

export BENCH_RUNS=${BENCH_RUNS:-3}
bench/measure "list and delete 100,000 objects, 30 ms a request" 100000 object \
    "s3-list-keys | s3-delete-keys" "s3-list-keys s3://bench | s3-delete-keys s3://bench > $work/deleted" \
    "s5cmd rm" "$s5cmd rm 's3://bench/*' > $work/s5cmd"
cmp "$work/keys" "$work/deleted"
[ "$(wc -l < "$work/s5cmd")" -eq 100000 ]

curl -s "$AWS_ENDPOINT_URL_S3/requests" > /dev/null
s3-delete-keys s3://bench < "$work/keys" > "$work/deleted"
requests=$(curl -s "$AWS_ENDPOINT_URL_S3/requests")
echo "bench: s3-delete-keys sent $requests requests for 100000 objects" >&2
[ "$requests" -le 200 ]
