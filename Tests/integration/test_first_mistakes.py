"""Mistakes of new users: each has one message that says what was expected, what was found and what to do."""

import os
import pty
import signal

import pytest
from conftest import Shell
from lying_server import LyingServer

# A command line, and a part of the first line of its message; all are usage errors.
MISTAKES = [
    (["s3-put-lines"], "LOCATION is missing: s3://BUCKET[/PREFIX]"),
    (["s3-keygen"], "TEMPLATE is missing, such as 'logs/{now:%Y-%m-%d}/{uuid}'"),
    (["s3-put-lines", "--hepl"], "Unknown option '--hepl'; did you mean '--help'?"),
    (["s3-get-lines", "--reg", "eu", "s3://b"], "Unknown option '--reg'; did you mean '--region'?"),
    (["s3-get-lines", "--profil=x", "b"], "Unknown option '--profil=x'; did you mean '--profile'?"),
    (["s3-put-lines", "--memory", "1X", "--bogus", "s3://b"], "Unknown option '--bogus'"),
    (["s3-put-lines", "-nx", "s3://b"], "Unknown option '-nx'"),
    (["s3-get-lines", "--recursive", "s3://b"], "Unknown option '--recursive'; --all fetches every object"),
    (["s3-list-keys", "-l", "s3://b"], "Unknown option '-l'; did you mean '--long'?"),
    (["s3-list-keys", "--recursive", "s3://b"], "Unknown option '--recursive'; keys in folders are listed, too"),
    (["s3-delete-keys", "-r", "s3://b"], "Unknown option '-r'; s3-list-keys prints the keys to delete"),
    (["json-sep", "-c"], "Unknown option '-c'; the output is always compact"),
    (["s3-put-lines", "--acl", "s3://b"], "LOCATION is missing: s3://BUCKET[/PREFIX] ('s3://b' is the value of --acl)"),
    (["s3-list-keys", "arn:aws:s3:eu-west-1:123456789012:accesspoint/a"], "did you mean s3://arn:aws:s3:eu-west-1:"),
    (["s3-keygen", "--start", "-1", "{seq}"], "--start: '-1': expected a whole number from 0 to 9223372036854775807"),
    (["s3-list-keys", "bucket/logs/"], "expected s3://BUCKET[/PREFIX]; did you mean s3://bucket/logs/?"),
    (["s3-list-keys", "s3:/b"], "did you mean s3://b?"),
    (["s3-list-keys", "S3://b"], "did you mean s3://b?"),
    (["s3-list-keys", "s3:///b"], "and BUCKET is missing"),
    (["s3-list-keys", "https://b.s3.amazonaws.com"], "give the URL of a service with --endpoint"),
    (["s3-put-lines", "s3://b", "-"], "KEY '-': the tool always reads standard input"),
    (["s3-get-lines", "s3://b", "-"], "KEY '-': omit it to read keys from standard input"),
    (["s3-get-lines", "--shard", "5/4", "s3://b"], "--shard: '5/4': expected I/N, such as 1/4, with I from 1 to N"),
    (["s3-list-keys", "--newer-than", "yesterday", "s3://b"], "--newer-than: 'yesterday': expected a length of time"),
    (["s3-put-lines", "--checksum", "md5", "s3://b"], "--checksum: 'md5' is not one of crc64nvme, crc32, crc32c"),
    (["s3-put-lines", "--addressing", "dns", "s3://b"], "--addressing: 'dns' is not one of auto, path, virtual"),
    (["s3-put-lines", "--expires", "7d", "s3://b"], "--expires: '7d': expected a date: 2026-01-02"),
    (["s3-put-lines", "--metadata", "a=1,b=2", "s3://b"], "--metadata 'a=1' --metadata 'b=2'"),
    (["s3-put-lines", "--metadata", "a=é", "s3://b"], "--metadata 'a=é': only ASCII can be sent"),
    (["s3-put-lines", "--metadata", "a=\x1b[m", "s3://b"], "a control character cannot be sent"),
    (["s3-put-lines", "--tag", "a=1&b=2", "s3://b"], "--tag 'a=1' --tag 'b=2'"),
    (["s3-put-lines", "--reject", "", "s3://b"], "--reject: expected the name of a file, found ''"),
    (["s3-get-lines", "--done", "", "s3://b", "k"], "--done: expected the name of a file, found ''"),
    (["json-sep", "--reject", ""], "--reject: expected the name of a file, found ''"),
    (["s3-get-lines", "--bytes", "--with-key", "s3://b", "k"], "--bytes cannot be combined with --with-key"),
    (["s3-keygen", "--roll-lines", "9", "{sha256}"], "--roll-lines: the template must contain {ns}, {us}, {seq}"),
    (["s3-keygen", "--roll-after", "5m", "dt={now:%F}"], "--roll-after: the template must contain {ns}"),
    (["s3-get-lines", "--all", "--interval", "1s", "s3://b"], "--interval needs --follow"),
    (["s3-keygen", "--start", "5", "{line}"], "--start: the template has no {seq}, which this number is for"),
    (["s3-keygen", "--max-open", "1", "{uuid}"], "--max-open needs --roll-lines, --roll-bytes or --roll-after"),
    (["s3-put-lines", "--part-size", "8M", "--min-part-size", "5M", "s3://b"], "--min-part-size cannot be combined with --part-size"),
    (["s3-put-lines", "--endpoint-url", "http://h", "s3://b"], "Unknown option '--endpoint-url'; did you mean '--endpoint'?"),
    (["s3-get-lines", "--no-verify-ssl", "s3://b", "k"], "Unknown option '--no-verify-ssl'; TLS is always verified"),
    (["s3-list-keys", "--numworkers=9", "s3://b"], "Unknown option '--numworkers=9'; did you mean '--max-connections'?"),
    (["s3-list-keys", "-lh", "s3://b"], "Unknown option '-lh'; did you mean '--long'?"),
    (["s3-list-keys", "--versions", "s3://b"], "Unknown option '--versions'; only the current version of an object"),
    (["s3-list-keys", "--max-keys", "5", "s3://b"], "; to print some keys: s3-list-keys LOCATION | head -n N"),
    (["s3-get-lines", "-o", "f", "s3://b", "k"], "Unknown option '-o'; lines go to standard output: > FILE"),
    (["s3-get-lines", "--include", "*", "s3://b"], "; s3-list-keys has this option, and prints the keys to fetch"),
    (["s3-delete-keys", "-f", "s3://b"], "Unknown option '-f'; the tool never asks for confirmation"),
    (["s3-delete-keys", "--older-than", "9d", "s3://b"], "; s3-list-keys has this option, and prints the keys to delete"),
    (["s3-put-lines", "--recursive", "s3://b"], "Unknown option '--recursive'; to store files, use aws s3 cp --recursive"),
    (["s3-put-lines", "--roll-bytes", "9M", "s3://b"], "; s3-keygen has this option, and gives the lines of an object"),
    (["s3-keygen", "-l", "1000", "{seq}"], "Unknown option '-l'; did you mean '--roll-lines'?"),
    (["s3-keygen", "--bytes=9M", "{seq}"], "Unknown option '--bytes=9M'; did you mean '--roll-bytes'?"),
    (["json-sep", "-s"], "Unknown option '-s'; the output is one value on each line, which jq -s makes one array of"),
    (["json-sep", ".", "a.json"], "'.' is a filter of jq: expected the names of files (--unwrap does what .[] does)"),
    (["json-sep", ".[]"], "'.[]' is a filter of jq: expected the names of files"),
    (["s3-delete-keys", "s3://b", "k"], "Unexpected argument 'k'; keys come from standard input, one on each line"),
    (["s3-keygen", "a.jsonl", "{seq}"], "Unexpected argument '{seq}'; lines come from standard input: s3-keygen TEMPLATE"),
    (["s3-put-lines", "s3://b", "a", "b"], "Unexpected argument 'b'; data comes from standard input: s3-put-lines LOC"),
    (["s3-list-keys", "s3://b", "p"], "Unexpected argument 'p'; a prefix is part of the location: s3://BUCKET/PREFIX"),
    (["s3-put-lines", "file", "s3://b"], "'file' is not a location: LOCATION is the first operand, and 's3://b' comes after"),
    (["s3-get-lines", "k", "l", "s3://b"], "'k' is not a location: LOCATION is the first operand, and 's3://b' comes after"),
    (["s3-get-lines", "cat", "k"], "'cat' is not a location: expected s3://BUCKET[/PREFIX]; this tool has no subcommands"),
    (["s3-get-lines", "--region", "s3://b", "k"], "expected s3://BUCKET[/PREFIX] ('s3://b' is the value of --region)"),
    (["s3-put-lines", "s3://a", "s3://b"], "KEY 's3://b': expected a key, which is relative to the location s3://a, found"),
    (["s3-put-lines", "--memory", "10M", "s3://b"], "--memory must be at least 20M, which is 4 parts of 5M"),
    (["s3-get-lines", "--multipart-chunksize", "1G", "s3://b"], "must be from 1 to 64M, half of --memory"),
    (["s3-keygen", "{date}"], "unknown field 'date'; the fields are ns us ms s now seq line uuid"),
    (["s3-keygen", "{$.a.b}"], "; for the field of a JSON line write {.a.b}"),
    (["s3-keygen", "{nosuch}"], "unknown field 'nosuch'; the fields are ns us ms s now seq line uuid"),
    (["s3-keygen", "{now:yyyy-MM-dd}"], "for 'yyyy-MM-dd' write '%Y-%m-%d'"),
    (["s3-keygen", "{.t:YYYY}"], "for 'YYYY' write '%Y'"),
    (["s3-keygen", "{now:2006/01}"], "for '2006/01' write '%Y/%m'"),
]


@pytest.mark.parametrize(
    "words, message", MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_mistake_is_explained(words, message, plain_shell):
    finished = plain_shell.tool(*words).expect(64)
    first = finished.message.splitlines()[0]
    assert first.startswith(f"{words[0]}: ") and message in first
    assert finished.stdout == b""


def test_a_line_without_a_key_names_s3_keygen(plain_shell):
    finished = plain_shell.tool("s3-put-lines", "-n", "s3://b", stdin=b"just text\n").expect(65)
    first = finished.message.splitlines()[0]
    assert first.startswith("s3-put-lines: line 1: expected KEY TAB DATA, found no TAB in 'just text'; s3-keygen gives")


# A PREFIX that does not end with /


@pytest.mark.parametrize(
    "tool, stdin, done", [("s3-put-lines", b"k\tv\nl\tv\n", "stored"), ("s3-delete-keys", b"k\nl\n", "deleted")]
)
def test_a_dry_run_names_objects_in_full(tool, stdin, done, plain_shell):
    finished = plain_shell.tool(tool, "-n", "s3://b/pre", stdin=stdin).expect()
    assert finished.stdout == b"k\nl\n"
    assert finished.message == f"{tool}: dry run: s3://b/prek would be {done}; -v names all\n"
    finished = plain_shell.tool(tool, "-nv", "s3://b/pre", stdin=stdin).expect()
    assert finished.stdout == b"k\nl\n"
    lines = [line for line in finished.message.splitlines() if "credentials: " not in line]
    assert lines[:2] == [f"{tool}: s3://b/pre{key}: would be {done}" for key in "kl"]
    assert "2 objects, " in lines[2]


def answers(handle, *words, stdin=b"", directory="/"):
    """Runs a tool with a server; returns the result and the requests."""
    with LyingServer(handle) as server:
        shell = Shell(directory, server.tool_environment(1), seconds=30)
        return shell.tool(*words, stdin=stdin), server.journal


def test_verbose_names_objects_in_full():
    def handle(request):
        return 200, {"ETag": '"e"'}, b"data\n" if request.method == "GET" else b""

    put, _ = answers(handle, "s3-put-lines", "-qv", "s3://b/pre", stdin=b"k\tv\n")
    assert put.expect().stdout == b""
    assert "HEAD s3://b: HeadBucket: 200, attempt 1" in put.message
    assert "PUT s3://b/prek: PutObject: 200, attempt 1" in put.message
    got, _ = answers(handle, "s3-get-lines", "-v", "s3://b/pre", "k")
    assert "GET s3://b/prek: GetObject: 200, attempt 1" in got.expect().message


@pytest.mark.parametrize(
    "words, hint",
    [
        (["s3-get-lines", "s3://b/k"], "nothing was fetched. For the object s3://b/k: s3-get-lines s3://b k"),
        (["s3-get-lines", "s3://b/a/k"], "nothing was fetched. For the object s3://b/a/k: s3-get-lines s3://b/a/ k"),
        (["s3-get-lines", "s3://b/a b/c\\d"],
         "nothing was fetched. For the object s3://b/a b/c\\d: s3-get-lines 's3://b/a b/' 'c\\\\d'"),
        (["s3-delete-keys", "s3://b/k"], "nothing was deleted"),
        (["s3-get-lines", "s3://b/a*/k"],
         "nothing was fetched. For a glob: s3-list-keys --include 'a*/k' s3://b | s3-get-lines s3://b"),
        (["s3-get-lines", "s3://b/a/"], None),
        (["s3-get-lines", "s3://b"], None),
        (["s3-delete-keys", "s3://b"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_missing_keys_are_explained_if_the_location_may_be_a_key(words, hint):
    finished, journal = answers(lambda request: (500, {}, b""), *words)
    assert finished.expect().message == (f"{words[0]}: standard input had no keys; {hint}\n" if hint else "")
    assert journal == []


@pytest.mark.parametrize("words", [["s3-list-keys"], ["s3-get-lines", "--all"]])
def test_a_location_that_is_meant_as_a_glob_is_explained(words):
    def handle(request):
        return 200, {}, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    advice = "no key begins with this prefix, which is literal; for a glob: s3-list-keys --include '*.gz' 's3://b/a b/'"
    if words[0] == "s3-get-lines":
        advice += " | s3-get-lines 's3://b/a b/'"
    finished, _ = answers(handle, *words, "s3://b/a b/*.gz")
    assert finished.expect().message == f"{words[0]}: s3://b/a b/*.gz: {advice}\n"
    finished, _ = answers(handle, *words, "--start-after", "x", "s3://b/a b/*.gz")
    assert finished.expect().message == ""
    finished, _ = answers(handle, *words, "s3://b/a/")
    assert finished.expect().message == ""


@pytest.mark.parametrize(
    "location, key, advice",
    [
        ("s3://b/p", b"k", "; the object is s3://b/pk, because no / joins the prefix and the key"),
        ("s3://b/p/", b"k\r", "; the key ends in a carriage return, which tr -d '\\r' removes from a list of keys"),
        ("s3://b", b"s3://b/k", "; a key is relative to the location, without s3://BUCKET/"),
        ("s3://b", b"*.gz", "; a key is literal; for a glob: s3-list-keys --include '*.gz' s3://b | s3-get-lines s3://b"),
        ("s3://b/p/", b"k", None),
    ],
)  # fmt: skip
def test_a_missing_key_is_explained(location, key, advice):
    missing = b"<Error><Code>NoSuchKey</Code><Message>No such key.</Message></Error>"
    finished, _ = answers(lambda request: (404, {}, missing), "s3-get-lines", location, stdin=key + b"\n")
    message = finished.expect(66).message
    assert message.endswith(f"{advice or '404 NoSuchKey: No such key.'}\n"), message


@pytest.mark.parametrize(
    "words, variables, name",
    [
        (["--region", "a b"], {"AWS_REGION": "eu-west-1"}, "--region"),
        ([], {"AWS_REGION": "a b"}, "AWS_REGION"),
        ([], {"AWS_DEFAULT_REGION": "a b"}, "AWS_DEFAULT_REGION"),
    ],
)
def test_an_invalid_region_is_named_by_its_source(words, variables, name, tmp_path):
    finished = Shell(tmp_path, variables).tool("s3-list-keys", "--no-sign-request", *words, "s3://b").expect(78)
    assert finished.message.startswith(f"s3-list-keys: {name}: expected letters, digits and '-'"), finished.message


def test_an_endpoint_of_another_region_is_explained():
    def handle(request):
        return 301, {"x-amz-bucket-region": "eu-west-3"}, b""

    finished, journal = answers(handle, "s3-put-lines", "s3://b", stdin=b"k\tv\n")
    message = finished.expect(78).message
    assert "the bucket is in region eu-west-3, which --region and --endpoint must fit" in message and len(journal) == 2


@pytest.mark.parametrize(
    "endpoint, status",
    [
        ("https://a.r2.cloudflarestorage.com/b", 78), ("https://b.s3.eu-west-1.amazonaws.com", 78),
        ("http://127.0.0.1:1/b", 69), ("http://127.0.0.1:1/c", 69),
    ],
)  # fmt: skip
def test_an_endpoint_does_not_contain_the_bucket(endpoint, status, plain_shell):
    words = ["s3-list-keys", "--no-sign-request", "--max-attempts", "1", "--endpoint", endpoint, "s3://b"]
    message = plain_shell.tool(*words).expect(status).message
    assert ("contains the bucket 'b', which the tool adds itself: leave it out" in message) == (status == 78)


@pytest.mark.parametrize("template", ["seq", "uuid", ".a", "now:%F", "col:1"])
def test_a_field_without_braces_is_explained(template, plain_shell):
    finished = plain_shell.tool("s3-keygen", template, stdin=b"line\n").expect()
    assert finished.stdout == template.encode() + b"\tline\n"
    assert finished.message == (
        f"s3-keygen: template: '{template}' has no braces, so each line gets this key; for the field write"
        f" '{{{template}}}'\n"
    )


@pytest.mark.parametrize("template", ["x", "dump.sql", "logs/seq", "{{seq}}"])
def test_other_templates_without_a_field_are_not_explained(template, plain_shell):
    assert plain_shell.tool("s3-keygen", template, stdin=b"line\n").expect().message == ""


# Options that other tools have too


def test_bytes_are_the_stored_ones():
    stored = b"\x1f\x8b\x08 no newline"
    got, _ = answers(lambda request: (200, {"ETag": '"e"'}, stored), "s3-get-lines", "--bytes", "s3://b", "k")
    assert got.expect().stdout == stored


def test_header_fields_of_objects_are_sent():
    options = [
        "--content-disposition", 'attachment; filename="a.csv"', "--content-language", "en-GB",
        "--expires", "2026-12-31T23:59:59Z", "--metadata", "note=a,b", "--metadata", "x=1",
    ]  # fmt: skip
    put, journal = answers(
        lambda request: (200, {"ETag": '"e"'}, b""), "s3-put-lines", *options, "s3://b", stdin=b"k\tv\n"
    )
    assert put.expect().stdout == b"k\n"
    sent = journal[-1].headers
    assert sent["content-disposition"] == 'attachment; filename="a.csv"' and sent["content-language"] == "en-GB"
    assert sent["expires"] == "Thu, 31 Dec 2026 23:59:59 GMT"
    assert sent["x-amz-meta-note"] == "a,b" and sent["x-amz-meta-x"] == "1"


@pytest.mark.parametrize("time", ["2024-02-29", "2024-02-29T00:00:00Z", "Thu, 29 Feb 2024 00:00:00 GMT"])
def test_expires_takes_dates(time):
    words = ["s3-put-lines", "--expires", time, "s3://b", "k"]
    _, journal = answers(lambda request: (200, {"ETag": '"e"'}, b""), *words)
    assert journal[-1].headers["expires"] == "Thu, 29 Feb 2024 00:00:00 GMT"


# In a terminal


@pytest.fixture
def typed(tmp_path):
    """s3-put-lines with a terminal as standard input, which `typed.type` writes to."""
    terminal, end = pty.openpty()
    started = []

    class Typed:
        def start(self, *words):
            started.append(Shell(tmp_path, {}).start("s3-put-lines", "-n", "s3://b", *words, stdin=end))
            return started[-1]

        def type(self, text):
            os.write(terminal, text)

    yield Typed()
    for process in started:
        process.kill()
        process.wait()
    os.close(end)
    os.close(terminal)


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "reading records from the terminal, KEY TAB DATA on each line"),
        (["k"], "reading the object's lines from the terminal; Ctrl-D ends the input; '< FILE' stores a file"),
    ],
)
def test_put_reports_that_it_reads_from_a_terminal(words, message, typed):
    process = typed.start("-q", *words)
    assert message in process.stderr.readline().decode()
    typed.type(b"\x04")  # Ctrl-D
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_an_interrupt_ends_records_that_are_typed(typed):
    """Nothing upstream flushes on the signal, so there is nothing to wait for."""
    process = typed.start()
    typed.type(b"k\tv\nl\tv\n")
    assert process.stdout.readline() == b"k\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (-signal.SIGINT, b"l\n")
    assert b"did not end" not in stderr
