"""Mistakes of new users: each has one message that says what was expected, what was found and what to do."""

import os
import pty
import subprocess

import pytest
import servers
from conftest import BIN, Shell
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
    (["s3-keygen", "--start", "-1", "{seq}"], "--start: '-1' is not a whole number (0, 1, 2, ...)"),
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
        (["s3-delete-keys", "s3://b/k"], "nothing was deleted"),
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


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "reading records from the terminal, KEY TAB DATA on each line"),
        (["k"], "reading the object's lines from the terminal"),
    ],
)
def test_put_reports_that_it_reads_from_a_terminal(words, message, tmp_path):
    terminal, end = pty.openpty()
    shell = Shell(tmp_path, {})
    process = subprocess.Popen(
        [BIN / "s3-put-lines", "-nq", "s3://b", *words], env=shell.environment, cwd=tmp_path, stdin=end,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=servers.die_with_parent,
    )  # fmt: skip
    try:
        assert message in process.stderr.readline().decode()
        os.write(terminal, b"\x04")  # Ctrl-D
        process.communicate(timeout=30)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(end)
        os.close(terminal)
