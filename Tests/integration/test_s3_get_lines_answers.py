"""s3-get-lines against a server that responds as a test defines: late, in part, without a length, or not at all."""

import contextlib
import gzip
import random
import re
import select
import signal
import subprocess
import threading
import time

import pytest
import servers
from conftest import BIN, Shell, memory, until_idle
from lying_server import LyingServer, environment, error, page

KIB, MIB = 1 << 10, 1 << 20
ETAG = {"ETag": '"e"'}
SMALL_MEMORY = ("--memory", "1M", "--multipart-threshold", "64M")


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path, environment(attempts=3), seconds=30)


def get(shell, handle, *arguments, status=0, location="s3://bucket", stdin=b""):
    """Runs the tool against a server that responds as `handle` defines; returns the result and the requests."""
    with LyingServer(handle) as server:
        shell = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint)
        return shell.tool("s3-get-lines", *arguments[:-1], location, *arguments[-1], stdin=stdin).expect(
            status
        ), server.journal


@contextlib.contextmanager
def running(shell, handle, options, keys):
    """The tool, running, with pipes for its three standard descriptors."""
    with LyingServer(handle) as server:
        process = subprocess.Popen(
            [BIN / "s3-get-lines", *options, "s3://bucket", *keys],
            env=shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint).environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=servers.die_with_parent,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def head(size, status="200 OK", more=""):
    length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
    return f'HTTP/1.1 {status}\r\nx-amz-request-id: r\r\n{more}{length}\r\nConnection: close\r\n\r\n'.encode()


def tagged(size, status="200 OK", more=""):
    return head(size, status, 'ETag: "e"\r\n' + more)


def chunked(body):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body, b"")) if body else b"0\r\n\r\n"


def name(request):
    return request.path.rsplit("/", 1)[-1]


def asked_range(request, size):
    first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["range"]).groups()
    return int(first), min(int(last or size - 1), size - 1)


def partial(request, body):
    first, last = asked_range(request, len(body))
    return 206, ETAG | {"Content-Range": f"bytes {first}-{last}/{len(body)}"}, body[first : last + 1]


# Lines of different objects never run together


@pytest.mark.parametrize("order", [[], ["--unordered"]], ids=["ordered", "unordered"])
@pytest.mark.parametrize("size", [3000, 40_000])
def test_a_stalled_reader_never_joins_lines(shell, order, size):
    keys = [f"k{number}" for number in range(1_600_000 // size)]
    generator = random.Random(1)

    def handle(request):
        # So that they arrive out of order.
        time.sleep(generator.random() / 10)
        return 200, ETAG, name(request).encode() + b"-" * size

    with running(shell, handle, [*order, *SMALL_MEMORY], keys) as process:
        written = b""
        until_idle(process)
        while part := process.stdout.read(100_000):
            written += part
            time.sleep(0.02)
        assert process.wait(10) == 0
    lines = written.split(b"\n")
    assert lines.pop() == b""
    expected = [key.encode() + b"-" * size for key in keys]
    assert (sorted(lines) if order else lines) == (sorted(expected) if order else expected)


@pytest.mark.parametrize("other", ["--with-key", "--unordered"])
def test_exact_is_rejected_if_lines_could_be_joined(shell, other):
    got = shell.tool("s3-get-lines", "--exact", other, "s3://b", "k").expect(64)
    assert other in got.message


# Parts


@pytest.mark.parametrize("content_range", ["", "Content-Range: bytes 500-999/*\r\n", "Content-Range: x\r\n"])
def test_a_range_response_without_content_range_is_invalid(shell, content_range):
    body = b"".join(b"%08d\n" % number for number in range(0, 1000))[:1000]

    def handle(request):
        if "range" not in request.headers:
            yield tagged(1000) + body[:500]
        else:
            yield tagged(500, "206 Partial Content", content_range) + body[500:]

    got, _ = get(shell, handle, ["k"], status=1)
    assert got.stdout == b""
    assert "has no Content-Range" in got.message


@pytest.mark.parametrize("size", [2**63 - 1, 2**63 - 2, 2**63, 10**30])
@pytest.mark.parametrize("status", ["200 OK", "206 Partial Content"])
def test_an_impossible_size_fails_one_object(shell, size, status):
    content_range = f"Content-Range: bytes 0-8388607/{size}\r\n" if status.startswith("206") else ""

    def handle(request):
        if name(request) == "good":
            return 200, ETAG, b"good\n"
        return iter([tagged(size, status, content_range) + b"line\n" * 10])

    got, _ = get(shell, handle, ["bad", "good"], status=1)
    assert got.stdout.endswith(b"good\n") and "bad" in got.message


def test_an_object_deleted_while_it_is_read_fails(shell):
    body = b"line\n" * (200 * KIB)

    def handle(request):
        if "range" not in request.headers:
            return 200, ETAG, body
        if asked_range(request, len(body))[0] < 512 * KIB:
            return partial(request, body)
        return 404, {"x-amz-request-id": "1"}, error("NoSuchKey")

    options = ["--memory", "1M", "--multipart-threshold", "256K", "--multipart-chunksize", "256K"]
    got, _ = get(shell, handle, *options, ["k"], status=1)
    assert "the object was deleted while it was read" in got.message
    assert f"{len(got.stdout)} bytes of it were written" in got.message
    assert body.startswith(got.stdout) and got.stdout.endswith(b"\n")


def test_without_etag_an_unwritten_object_is_fetched_again(shell):
    count = iter(range(9))

    def handle(request):
        yield head(1000) + (b"x" * 500 if next(count) == 0 else b"x" * 999 + b"\n")

    got, journal = get(shell, handle, ["k"])
    assert got.stdout == b"x" * 999 + b"\n"
    assert len(journal) == 3 and "range" not in journal[2].headers


def test_a_damaged_unwritten_gzip_object_is_fetched_again(shell):
    good = gzip.compress(b"line\n" * 1000)
    count = iter(range(9))
    got, journal = get(
        shell, lambda request: (200, ETAG, good if next(count) else good[:20] + b"\xff\xff" + good[22:]), ["k"]
    )
    assert got.stdout == b"line\n" * 1000
    assert len(journal) == 2


# Memory, signals, timeouts


def test_keys_before_short_lines_are_formatted_while_writing(shell):
    lines = 2 * MIB
    with running(
        shell, lambda request: (200, ETAG, b"\n" * lines), ["--with-key", "--memory", "8M"], ["k" * 300]
    ) as process:
        written = len(process.stdout.read(1))
        until_idle(process)
        while written < 40 * MIB:
            written += len(process.stdout.read(MIB))
        assert memory(process) < 64 * MIB


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_line_longer_than_memory(shell, number):
    done = threading.Event()

    def handle(request):
        yield tagged(8 * MIB) + b"x" * (3 * MIB)
        done.wait(20)

    with running(shell, handle, SMALL_MEMORY, ["k"]) as process:
        read = 0
        while read < 2 * MIB:
            read += len(process.stdout.read(MIB))
        process.send_signal(number)
        try:
            rest, message = process.communicate(timeout=5)
        finally:
            done.set()
    assert process.returncode == -number
    assert set(rest) <= {ord("x")} and message == b""


def test_unordered_writes_lines_as_they_arrive(shell):
    done = threading.Event()

    def handle(request):
        if name(request) == "late":
            yield tagged(300 * KIB)
        else:
            yield tagged(300 * KIB) + b"line\n" * (10 * KIB)
        done.wait(20)

    options = ["--unordered", "--memory", "1M", "--multipart-chunksize", "16K", "--multipart-threshold", "64M"]
    with running(shell, handle, options, ["late", "early"]) as process:
        try:
            assert select.select([process.stdout], [], [], 5)[0], "nothing is written"
            assert process.stdout.read(5) == b"line\n"
        finally:
            done.set()


# Responses without a length


@pytest.mark.parametrize("order", [[], ["--unordered"]], ids=["ordered", "unordered"])
def test_objects_of_unknown_size_are_fetched_in_parallel_and_once(shell, order):
    keys = [f"k{number}" for number in range(12)]
    lock, now, most = threading.Lock(), [0], [0]

    def handle(request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        yield tagged(None)
        time.sleep(0.3)
        yield chunked(name(request).encode() * 1000 + b"\n")
        with lock:
            now[0] -= 1

    got, journal = get(shell, handle, *order, keys)
    expected = [key * 1000 for key in keys]
    assert (sorted(got.lines) if order else got.lines) == (sorted(expected) if order else expected)
    assert len(journal) == len(keys)
    assert most[0] > 3


@pytest.mark.parametrize("order", [[], ["--unordered"]], ids=["ordered", "unordered"])
def test_long_objects_of_unknown_size_block_no_others(shell, order):
    keys = [f"k{number}" for number in range(9)]
    bodies = {key: b"%s\n" % key.encode() * (200 * KIB if number % 3 else 10) for number, key in enumerate(keys)}

    def handle(request):
        yield tagged(None) + chunked(bodies[name(request)])

    got, journal = get(shell, handle, *order, *SMALL_MEMORY, keys)
    expected = b"".join(bodies[key] for key in keys)
    if order:
        assert sorted(got.stdout.splitlines()) == sorted(expected.splitlines())
    else:
        assert got.stdout == expected


# Messages


def test_a_web_server_is_not_s3(shell):
    got, journal = get(
        shell, lambda request: (404, {}, b"<html>nothing here</html>"), [f"k{n}" for n in range(300)], status=76
    )
    assert len(got.message.splitlines()) == 1
    assert "not from S3" in got.message


def test_a_web_page_among_s3_responses_fails_one_object(shell):
    def handle(request):
        return (404, {}, b"<html/>") if name(request) == "b" else (200, ETAG, b"1\n")

    got, _ = get(shell, handle, "--max-connections", "1", ["a", "b", "c"], status=1)
    assert got.stdout == b"1\n1\n"


def test_verbose_shows_ranges_and_cancelled_requests(shell):
    body = b"line\n" * (100 * KIB)

    def handle(request):
        return partial(request, body) if "range" in request.headers else (200, ETAG, body)

    options = ["--verbose", "--multipart-threshold", "256K", "--multipart-chunksize", "256K"]
    got, _ = get(shell, handle, *options, ["k"])
    assert got.stdout == body
    assert "/k: GetObject: 206, bytes=262144-511999, attempt 1" in got.message


def test_the_hint_for_403_is_for_named_keys_only(shell):
    def handle(request):
        if "list-type" in request.query:
            return 200, {}, page(["k"])
        return 403, {}, error("AccessDenied")

    got, _ = get(shell, handle, ["k"], status=1)
    assert "missing key" in got.message
    got, _ = get(shell, handle, "--all", [], status=1)
    assert "missing key" not in got.message


def test_a_failed_list_names_its_location(shell):
    got, _ = get(
        shell, lambda request: (403, {}, error("AccessDenied")), "--all", [], status=77, location="s3://bucket/p/"
    )
    assert "s3://bucket/p/: ListObjectsV2: 403" in got.message


@pytest.mark.parametrize("key", ["k" * 1025, "a\\x"])
def test_start_after_is_a_key(shell, key):
    got = shell.tool("s3-get-lines", "--all", "--start-after", key, "s3://b").expect(65)
    assert "--start-after" in got.message
