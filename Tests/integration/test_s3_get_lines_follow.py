"""s3-get-lines --all --follow: a bucket as a queue."""

import signal
import subprocess
import uuid

import pytest
from conftest import Bucket
from lying_server import LyingServer, page



@pytest.fixture
def follow(plain_shell):
    """Starts to follow a location; the output is read line by line."""
    processes = []

    def start(server, location, *options):
        shell = plain_shell.with_environment(**server.tool_environment())
        words = ["--all", "--follow", "--interval", "50ms", *options, location]
        processes.append(shell.start("s3-get-lines", *words, stdin=subprocess.DEVNULL))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_new_objects_are_read_once_until_a_signal(server, bucket, follow):
    bucket.put("a", b"1\n")
    process = follow(server, bucket.location)
    assert process.stdout.readline() == b"1\n"
    # The last one is before the keys that were read.
    for key, line in (("b", b"2\n"), ("d", b"3\n"), ("c", b"4\n")):
        bucket.put(key, line)
        assert process.stdout.readline() == line
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == b"" and process.wait(30) == -signal.SIGTERM
    assert process.stderr.read() == b""


def test_until_idle_ends_it(seaweedfs, follow):
    bucket = Bucket(seaweedfs)
    keys = [str(uuid.uuid4()) for _ in range(50)]
    for key in keys:
        bucket.put(key, key.encode())
    process = follow(seaweedfs, bucket.location, "--until-idle", "200ms", "--done", "done")
    assert process.stdout.read().decode().splitlines() == sorted(keys)
    assert process.wait(30) == 0


def test_an_empty_poll_is_one_request_and_a_failure_ends_the_run(follow):
    polls = []

    def handle(request):
        if "list-type" not in request.query:
            return 200, {"ETag": '"e"'}, b"line\n"
        polls.append(request.query.get("start-after"))
        if len(polls) > 6:
            return 403, {}, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        return 200, {}, page(["a", "b", "c"] if polls[-1] is None else ["c"])

    with LyingServer(handle) as server:
        process = follow(server, "s3://bucket", "--lookback", "1")
        assert process.stdout.read() == b"line\n" * 3
        assert process.wait(30) == 77 and b"AccessDenied" in process.stderr.read()
    assert polls == [None] + ["b"] * 6


@pytest.mark.parametrize(
    "options",
    [
        ["--follow"], ["--all", "--until-idle", "1s"], ["--all", "--lookback", "5"],
        ["--all", "--interval", "5s"], ["--interval", "1s"], ["--all", "--cursor", "c", "--interval", "1s"],
        ["--all", "--follow", "--lookback", "x"],
        ["--all", "--follow", "--end-before", "k"], ["--all", "--follow", "--interval", "0"],
        ["--per", "*/"], ["--all", "--per", "*/", "--start-after", "k"], ["--all", "--per", "*/", "--end-before", "k"],
    ],
)  # fmt: skip
def test_incompatible_options_are_64(plain_shell, options):
    plain_shell.tool("s3-get-lines", *options, "s3://bucket").expect(64)


def test_a_new_prefix_is_followed(server, bucket, follow):
    for key in ("logs/1/eu/b", "logs/2/us/b", "logs/1/x", "logs/1/eu/c/d", "other/1/eu/b"):
        bucket.put(key, key.encode())
    process = follow(server, f"{bucket.location}/logs/", "--per", "*/*/", "--cursor", "cursor")
    assert sorted(process.stdout.readline() for _ in range(3)) == [
        b"logs/1/eu/b\n",
        b"logs/1/eu/c/d\n",
        b"logs/2/us/b\n",
    ]
    # In the middle, before all others, and in new prefixes.
    for key in ("logs/1/eu/a", "logs/0/eu/z", "logs/1/af/z", "logs/2/us/c"):
        bucket.put(key, key.encode())
        assert process.stdout.readline() == key.encode() + b"\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == b"" and process.wait(30) == -signal.SIGTERM
    assert process.stderr.read() == b""


def test_each_prefix_is_listed_by_itself_and_a_failure_ends_it(follow):
    asked = []

    def handle(request):
        if "list-type" not in request.query:
            return 200, {"ETag": '"e"'}, b"line\n"
        prefix = request.query.get("prefix", "")
        asked.append(prefix)
        if prefix == "x/" and asked.count(prefix) > 4:
            return 403, {}, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        if request.query.get("delimiter"):
            prefixes = "".join(f"<CommonPrefixes><Prefix>{each}/</Prefix></CommonPrefixes>" for each in "xyz")
            return 200, {}, page([]).replace(b"</ListBucketResult>", prefixes.encode() + b"</ListBucketResult>")
        return 200, {}, page([prefix + "a"])

    with LyingServer(handle) as server:
        process = follow(server, "s3://bucket", "--per", "*/")
        assert process.stdout.read() == b"line\n" * 3
        assert process.wait(30) == 77
    assert set(asked) == {"", "x/", "y/", "z/"} and asked.count("x/") == 5


@pytest.mark.parametrize("options", [[], ["--unordered"], ["--lookback", "1h"]], ids=" ".join)
def test_each_prefix_has_a_cursor(bucket, shell, options):
    words = ["--all", "--per", "acc*/*/", "--cursor", "cursor", *options, f"{bucket.location}/l/"]
    for key in ("l/acc1/eu/b", "l/acc1/us/b", "l/acc2/eu/a", "l/xx1/eu/a"):
        bucket.put(key, key.encode())
    lines = shell.tool("s3-get-lines", *words).expect().lines
    assert sorted(lines) == ["l/acc1/eu/b", "l/acc1/us/b", "l/acc2/eu/a"]
    for key in ("l/acc1/eu/c", "l/acc3/eu/a", "l/acc1/us/a"):
        bucket.put(key, key.encode())
    late = ["l/acc1/us/a"] if "--lookback" in options else []
    lines = shell.tool("s3-get-lines", *words).expect().lines
    assert sorted(lines) == sorted(["l/acc1/eu/c", "l/acc3/eu/a", *late])
    assert (shell.directory / "cursor").read_text().splitlines() == [
        f"{bucket.location}/l/{place}" for place in ("acc1/eu/\tc", "acc1/us/\tb", "acc2/eu/\ta", "acc3/eu/\ta")
    ]
    got = shell.tool("s3-get-lines", "--all", "--cursor", "cursor", f"{bucket.location}/l/").expect(78)
    assert "remove it" in got.message


def test_idle_prefixes_end_it(seaweedfs, follow):
    bucket = Bucket(seaweedfs)
    for key in ("a/1", "b/1"):
        bucket.put(key, key.encode())
    process = follow(seaweedfs, bucket.location, "--per", "*/", "--until-idle", "200ms")
    assert sorted(process.stdout.read().split()) == [b"a/1", b"b/1"]
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("pattern", "what"),
    [("*", "does not end in /"), ("a/", "has no *"), ("a/**/", "within one segment"), ("", "is empty")],
)
def test_an_invalid_pattern_is_64(plain_shell, pattern, what):
    got = plain_shell.tool("s3-get-lines", "--all", "--per", pattern, "s3://bucket").expect(64)
    assert what in got.message and "AWSLogs/*/CloudTrail/*/" in got.message
