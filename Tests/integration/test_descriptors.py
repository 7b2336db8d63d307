"""Descriptors as somebody else has left them: non-blocking, sockets, full. The tools wait as `cat` would have to."""

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import threading
import time

import pytest
from conftest import BIN, SECONDS, TOOLS, require

LINES = 120_000  # more than the widest pipe holds, with keys
NOTHING = ["--no-sign-request", "--endpoint", "http://127.0.0.1:9"]
# Each filter with lines for it, and what it makes of a line.
FILTERS = {
    "json-sep": (["json-sep"], lambda n: b'{"n": %d}\n' % n, lambda n: b'{"n":%d}\n' % n),
    "s3-keygen": (["s3-keygen", "some/key/{seq}"], lambda n: b"line %d\n" % n, lambda n: b"some/key/%d\tline %d\n" % (n, n)),
    "s3-put-lines": (
        ["s3-put-lines", "--dry-run", *NOTHING, "s3://b"],
        lambda n: b"some/long/key/of/an/object/%d\tx\n" % n,
        lambda n: b"some/long/key/of/an/object/%d\n" % n,
    ),
}  # fmt: skip


@pytest.fixture(params=FILTERS)
def filtered(request):
    """A filter's words, an input of many lines, and what the filter must write."""
    words, line, written = FILTERS[request.param]
    require(words[0])
    numbers = range(LINES)
    return [BIN / words[0], *words[1:]], b"".join(map(line, numbers)), b"".join(map(written, numbers))


@contextlib.contextmanager
def ends(kind="pipe"):
    """The reading and the writing end of a pipe, or of a pair of sockets, neither of which blocks."""
    if kind == "pipe":
        reader, writer = os.pipe()
    else:
        first, second = socket.socketpair()
        reader, writer = first.detach(), second.detach()
    for end in (reader, writer):
        os.set_blocking(end, False)
    try:
        yield reader, writer
    finally:
        for end in (reader, writer):
            with contextlib.suppress(OSError):
                os.close(end)


def read_slowly(reader):
    """All that comes, with pauses in which the writer has no room."""
    data, pauses = b"", 0
    while True:
        if pauses < 30:
            time.sleep(0.01)
            pauses += 1
        assert select.select([reader], [], [], SECONDS)[0]
        some = os.read(reader, 50_000)
        if not some:
            return data
        data += some


def fill(writer):
    """Writes until there is no room; returns what was written."""
    size = 0
    while True:
        try:
            size += os.write(writer, b"." * 4096)
        except BlockingIOError:
            break
    try:
        while True:
            size += os.write(writer, b".")
    except BlockingIOError:
        return b"." * size


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_slow_reader_of_a_nonblocking_output_gets_everything(filtered, kind, plain_shell):
    words, stdin, expected = filtered
    (plain_shell.directory / "in").write_bytes(stdin)
    with ends(kind) as (reader, writer), open(plain_shell.directory / "in", "rb") as file:
        process = subprocess.Popen(words, stdin=file, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert read_slowly(reader) == expected
        assert (process.communicate(timeout=SECONDS)[1], process.returncode) == (b"", 0)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_nonblocking_input_is_waited_for(filtered, kind):
    words, stdin, expected = filtered

    def feed(writer):
        os.set_blocking(writer, True)  # of a pipe and of a pair of sockets the other end stays as it is
        for start in range(0, len(stdin), len(stdin) // 10):
            time.sleep(0.02)
            rest = memoryview(stdin)[start : start + len(stdin) // 10]
            while rest:
                rest = rest[os.write(writer, rest) :]
        os.close(writer)

    with ends(kind) as (reader, writer):
        thread = threading.Thread(target=feed, args=(os.dup(writer),))
        os.close(writer)
        process = subprocess.Popen(words, stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(reader)
        thread.start()
        stdout, stderr = process.communicate(timeout=SECONDS)
        thread.join()
    assert (stdout, stderr, process.returncode) == (expected, b"", 0)


@pytest.mark.parametrize(
    "words, status",
    [
        (["json-sep", "--skip-invalid"], 1),
        (["s3-keygen", "--reject", "r", "{.a}"], 1),
        (["s3-put-lines", "--dry-run", *NOTHING, "--reject", "r", "s3://b"], 1),
        (["s3-get-lines", *NOTHING, "s3://b"], 65),
        (["json-sep", "--bogus"], 64),
        (["s3-keygen", "{"], 64),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_messages_wait_for_a_nonblocking_standard_error(words, status, plain_shell):
    require(words[0])
    with ends() as (reader, writer):
        before = fill(writer)
        process = subprocess.Popen(
            [BIN / words[0], *words[1:]], cwd=plain_shell.directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=writer, env=plain_shell.environment,
        )  # fmt: skip
        os.close(writer)
        process.stdin.write(b"\\x\n")
        process.stdin.close()
        time.sleep(0.2)
        assert process.poll() is None, "its message was lost"
        message = read_slowly(reader).removeprefix(before).decode()
        assert process.wait(SECONDS) == status
    assert message.startswith(words[0] + ": ") and message.endswith("\n")


@pytest.mark.parametrize("tool", TOOLS)
def test_help_waits_for_a_nonblocking_output(tool):
    require(tool)
    with ends() as (reader, writer):
        before = fill(writer)
        process = subprocess.Popen([BIN / tool, "--help"], stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        text = read_slowly(reader).removeprefix(before)
        assert (process.communicate(timeout=SECONDS)[1], process.returncode) == (b"", 0)
    assert text == subprocess.check_output([BIN / tool, "--help"])


def test_lines_of_objects_wait_for_a_nonblocking_output(bucket, shell):
    data = b"".join(b"line %d\n" % number for number in range(200_000))
    bucket.put("k", data)
    with ends() as (reader, writer):
        words = [BIN / "s3-get-lines", f"s3://{bucket.name}", "k"]
        process = subprocess.Popen(words, env=shell.environment, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert read_slowly(reader) == data
        assert (process.communicate(timeout=SECONDS)[1], process.returncode) == (b"", 0)


def test_descriptors_stay_as_they_were(filtered):
    """Neither is made non-blocking, nor blocking: others share them."""
    words, stdin, _ = filtered
    for blocks in (True, False):
        with ends() as (reader, writer), ends() as (other, stdout):
            for end in (reader, stdout):
                os.set_blocking(end, blocks)
            flags = [fcntl.fcntl(end, fcntl.F_GETFL) for end in (reader, stdout)]
            os.write(writer, stdin[: stdin.index(b"\n") + 1])
            os.close(writer)
            assert subprocess.run(words, stdin=reader, stdout=stdout, timeout=SECONDS).returncode == 0
            assert [fcntl.fcntl(end, fcntl.F_GETFL) for end in (reader, stdout)] == flags
