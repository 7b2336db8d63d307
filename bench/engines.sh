# Query engines that read the same data: DuckDB on 144 MB of JSON, chDB on gzip objects of lines.
set -euo pipefail

if [ "${1:-}" != --beside-server ]; then
    exec bench/with-nginx bash bench/engines.sh --beside-server
fi

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

awk 'BEGIN {
    srand(1)
    for (i = 0; i < 1000000; i++)
        printf "{\"id\":%d,\"level\":\"%s\",\"score\":%.3f,\"tags\":[\"a\",\"b%d\"],\"user\":{\"name\":\"user %d\",\"active\":true}," \
            "\"path\":\"/a/b/%d?q=x\",\"n\":null}\n", i, rand() < 0.5 ? "info" : "warn", rand() * 200, i % 99, i, i
}' > "$work/lines.json"
{ printf '['; sed '$!s/$/,/' "$work/lines.json"; echo ']'; } > "$work/array.json"

cat > "$work/duck.py" <<'END'
import sys, duckdb
kind, path = sys.argv[1:]
duckdb.sql(f"COPY (SELECT json FROM read_json_objects('{path}', format='{kind}')) TO '/dev/null' (HEADER false, QUOTE '', DELIMITER '\t')")
END
for kind in newline_delimited array; do
    file=$work/lines.json option=
    [ $kind = newline_delimited ] || file=$work/array.json option=--unwrap
    bench/measure "JSON of 144 MB, $kind" "$(stat -c %s "$file")" byte \
        "json-sep" "json-sep $option < $file > /dev/null" \
        "DuckDB" ".venv/bin/python $work/duck.py $kind $file"
done

split --number l/60 --numeric-suffixes --additional-suffix .json "$work/lines.json" "$BENCH_FILES/"
gzip -6 "$BENCH_FILES"/*.json
bench/list-files
cat > "$work/ch.py" <<END
import chdb
chdb.query("SELECT line FROM s3('$AWS_ENDPOINT_URL_S3/bench/files/*.json.gz', '$AWS_ACCESS_KEY_ID', '$AWS_SECRET_ACCESS_KEY', 'LineAsString', 'line String', 'gzip') INTO OUTFILE '$work/lines.ch' TRUNCATE FORMAT TSVRaw")
END
bench/measure "60 gzip objects of lines, 144 MB of text" "$(stat -c %s "$work/lines.json")" byte \
    "s3-get-lines" "s3-get-lines --all s3://bench/files/ > $work/lines" \
    "chDB" ".venv/bin/python $work/ch.py"
cmp "$work/lines" "$work/lines.json"
cmp <(sort "$work/lines.ch") <(sort "$work/lines.json")
