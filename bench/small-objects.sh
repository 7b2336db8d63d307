# Put and get of small objects, 64 at once, against an nginx that agrees to everything.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    ${CC:-clang} -O2 -o .build/bench/s3-floor bench/c/s3-floor.c -lcurl -lcrypto
    exec bench/with-nginx bash bench/small-objects.sh --beside-server
fi

count=20000
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

# The launcher of the s5cmd package is a script; measured is the program.
s5cmd="$(find .venv/lib -path '*/s5cmd/bin/s5cmd' -type f) --endpoint-url $AWS_ENDPOINT_URL_S3 --numworkers 64"
cat > "$work/rclone.conf" <<END
[s3]
type = s3
provider = Other
env_auth = true
endpoint = $AWS_ENDPOINT_URL_S3
region = $AWS_REGION
no_check_bucket = true
no_head = true
list_version = 2
END
rclone=".venv/bin/rclone --config $work/rclone.conf --transfers 64 --checkers 64"

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

bench/measure "put $count objects of 200 B" $count object \
    "C loop, libcurl" ".build/bench/s3-floor put $count 64 bench" \
    "s3-put-lines" "s3-put-lines s3://bench < $work/records > $work/receipts" \
    "s5cmd cp" "$s5cmd cp '$work/files/*' s3://bench/ > /dev/null" \
    "rclone copy" "$rclone copy --no-traverse --no-check-dest $work/files s3:bench"
cmp "$work/receipts" "$work/keys"

bench/measure "get $count objects of 200 B" $count object \
    "C loop, libcurl" ".build/bench/s3-floor get $count 64 bench" \
    "s3-get-lines" "s3-get-lines s3://bench < $work/keys > $work/lines" \
    "s3-get-lines --all" "s3-get-lines --all s3://bench > $work/lines.all" \
    "s5cmd cat" "$s5cmd cat 's3://bench/*' > $work/lines.s5cmd" \
    "rclone copy" "rm -rf $work/copy; $rclone copy --no-check-dest s3:bench $work/copy"
cut -f 2 "$work/records" | cmp "$work/lines" -
cmp "$work/lines" "$work/lines.all"
