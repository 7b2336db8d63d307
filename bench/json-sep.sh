# json-sep against yajl's json_reformat, the fastest comparable filter in Debian, and against cat in pipes.
set -euo pipefail

work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

# The same 20,000 log records of 250 to 300 bytes, 40 times, so that the input is created in seconds.
awk 'BEGIN {
    srand(1)
    split("the quick brown fox jumps over lazy dog while seven wizards box up jugs of liquid oxygen", word, " ")
    for (i = 0; i < 20000; i++) {
        text = ""
        for (j = 0; j < 12; j++) text = text (j ? " " : "") word[1 + int(rand() * 16)]
        printf "{\"id\":%d,\"ts\":\"2026-11-23T06:%02d:%02d.%03dZ\",\"level\":\"%s\"", i, i / 60 % 60, i % 60, i % 1000, \
            rand() < 0.5 ? "info" : "warn"
        printf ",\"user\":{\"name\":\"Zo\303\253%d\",\"active\":%s,\"score\":%.3f}", rand() * 9999, \
            rand() < 0.5 ? "true" : "false", rand() * 200 - 100
        printf ",\"tags\":[\"%s\",\"%s\"],\"msg\":\"%s\",\"n\":null", word[1 + i % 16], word[1 + i % 7], text
        printf ",\"v\":[%d,%d,%d],\"path\":\"/a/b/%d?q=\\\"x\\\"\"}\n", rand() * 99999, rand() * 999, rand() * 9, i
    }
}' > "$work/some"
for _ in $(seq 40); do cat "$work/some"; done > "$work/lines.json"
jq . "$work/some" > "$work/some.pretty"
for _ in $(seq 25); do cat "$work/some.pretty"; done > "$work/pretty.json"
for name in lines pretty; do
    # In compact input, ,{ and }{ occur only between elements.
    { printf '['; sed 's/^}$/},/; s/^{.*}$/&,/' "$work/$name.json" | sed '$ s/,$//'; echo ']'; } > "$work/$name.array.json"
done

measure() { # NAME OPTION
    input=$work/$1.json
    bench/measure "json-sep: $1" "$(stat -c %s "$input")" byte \
        "json_reformat" "json_reformat -m -s < $input > /dev/null" \
        "json-sep" "json-sep $2 < $input > /dev/null"
}
measure lines ""
measure pretty ""
measure lines.array --unwrap
measure pretty.array --unwrap

json-sep < "$work/lines.json" | cmp - "$work/lines.json"
json-sep --unwrap < "$work/lines.array.json" | cmp - "$work/lines.json"
cmp <(json-sep < "$work/some.pretty") <(jq -c . "$work/some")
json-sep --unwrap < "$work/pretty.array.json" | cmp - <(json-sep < "$work/pretty.json")

bench/measure "json-sep: lines in pipes" "$(stat -c %s "$work/lines.json")" byte \
    "cat" "cat $work/lines.json | cat | cat > /dev/null" \
    "json-sep" "cat $work/lines.json | json-sep | cat > /dev/null"
