"""s3-get-lines --all --follow: a bucket as a queue."""

import signal
import subprocess
import uuid

import pytest
import servers
from conftest import BIN, Bucket, require
from lying_server import LyingServer, page

pytestmark = pytest.mark.usefixtures("tool")


@pytest.fixture(scope="module")
def tool():
    require("s3-get-lines")


@pytest.fixture
def follow(plain_shell):
    """Starts to follow a location; what it writes is read line by line."""
    processes = []

    def start(server, location, *options):
        shell = plain_shell.with_environment(**servers.SeaweedFS.tool_environment(server))
        words = [BIN / "s3-get-lines", "--all", "--follow", "--interval", "50ms", *options, location]
        processes.append(
            subprocess.Popen(
                words, env=shell.environment, cwd=shell.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL, preexec_fn=servers.die_with_parent,
            )  # fmt: skip
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_what_arrives_is_read_once_until_a_signal(server, bucket, follow):
    bucket.put("a", b"1\n")
    process = follow(server, f"s3://{bucket.name}")
    assert process.stdout.readline() == b"1\n"
    # The last one belongs before those that were read.
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
    process = follow(seaweedfs, f"s3://{bucket.name}", "--until-idle", "200ms", "--done", "done")
    assert process.stdout.read().decode().splitlines() == sorted(keys)
    assert process.wait(30) == 0


def test_a_poll_without_news_is_one_request_and_ends_at_a_failure(follow):
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
        ["--follow"], ["--all", "--until-idle", "1s"], ["--all", "--lookback", "5"], ["--all", "--follow", "--lookback", "x"],
        ["--all", "--follow", "--end-before", "k"], ["--all", "--follow", "--interval", "0"],
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_64(plain_shell, options):
    plain_shell.tool("s3-get-lines", *options, "s3://bucket").expect(64)
