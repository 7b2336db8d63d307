"""The behavior that all S3 tools share: signals in each phase of a run, and slow readers of standard output."""

import re
import signal
import subprocess
import threading
import time

import pytest
from conftest import BIN, Shell, memory, until_idle, within
from lying_server import LyingServer, environment

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
SECONDS = 30  # longer means that the tool hangs
MIB = 1 << 20
LINES = b"".join(b"%0999d\n" % number for number in range(4000))  # more than a pipe and a block can hold


class Tool:
    """A running tool, all of whose descriptors the test controls."""

    def __init__(self, server, *words, directory="/"):
        variables = server.tool_environment() if server else environment(2, AWS_ENDPOINT_URL_S3="http://s3")
        shell = Shell(directory, variables)
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        self.process = subprocess.Popen([BIN / words[0], *words[1:]], env=shell.environment, bufsize=0, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout, self.process.stderr):
            end.close()

    def write(self, data, close=False):
        self.process.stdin.write(data)
        if close:
            self.process.stdin.close()

    def line(self):
        return self.process.stdout.readline()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Its status and its remaining output."""
        stdout = self.process.stdout.read()
        return self.process.wait(SECONDS), stdout


def store(objects, gate=None):
    """A server with `objects`; a request for any other key waits for the gate."""

    def handle(request):
        key = request.path.rsplit("/", 1)[-1]
        if request.method != "HEAD" and key not in objects and gate:
            assert gate.wait(SECONDS)
        headers = {"ETag": '"e"', "x-amz-request-id": "r"}
        return 200, headers, objects.get(key, b"late\n") if request.method == "GET" else b""

    return LyingServer(handle)


def asked(server, key):
    """Waits until the tool has requested the key."""
    within(SECONDS, lambda: any(request.path.endswith("/" + key) for request in server.journal))


# Getting


@pytest.mark.parametrize("number", SIGNALS)
def test_get_is_ended_while_it_reads(number):
    with store({"a": b"1\n"}) as server, Tool(server, "s3-get-lines", "s3://b") as tool:
        tool.write(b"a\n")
        assert tool.line() == b"1\n"
        tool.signal(number)
        assert tool.end() == (-number, b"")


@pytest.mark.parametrize("number", SIGNALS)
def test_get_is_ended_during_a_request(number):
    gate = threading.Event()
    with store({"a": b"1\n"}, gate) as server, Tool(server, "s3-get-lines", "s3://b", "a", "slow") as tool:
        assert tool.line() == b"1\n"
        asked(server, "slow")
        tool.signal(number)
        assert tool.end() == (-number, b"")
        gate.set()


@pytest.mark.parametrize("number", SIGNALS)
def test_get_completes_a_partly_written_line(number):
    """A part of a line longer than the memory was written: its rest must follow."""
    gate, line = threading.Event(), b"x" * 6 * MIB + b"\n"

    def handle(request):
        yield b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: %d\r\n\r\n' % len(line) + line[: 5 * MIB]
        assert gate.wait(SECONDS)
        yield line[5 * MIB :]

    words = ["s3-get-lines", "--memory", "1M", "--multipart-threshold", "1G", "s3://b", "k"]
    with LyingServer(handle) as server, Tool(server, *words) as tool:
        first = tool.process.stdout.read(MIB)
        tool.signal(number)
        gate.set()
        status, rest = tool.end()
        assert status == -number and first + rest == line


@pytest.mark.parametrize("number", SIGNALS)
def test_get_is_ended_while_it_waits_for_its_reader(number):
    """Everything is fetched: the signal used to be lost, with status 0."""
    with store({"a": LINES}) as server, Tool(server, "s3-get-lines", "s3://b", "a") as tool:
        asked(server, "a")
        until_idle(tool.process)
        tool.signal(number)
        until_idle(tool.process)
        assert tool.end() == (-number, LINES)


# Putting


@pytest.mark.parametrize("number", SIGNALS)
def test_put_is_ended_while_it_reads(number):
    """The tool before it in the pipeline flushes its output on the same signal."""
    with store({}) as server, Tool(server, "s3-put-lines", "s3://b") as tool:
        tool.write(b"a\t1\nb\t2\n")
        assert tool.line() == b"a\n"
        tool.signal(number)
        until_idle(tool.process)
        tool.write(b"b\t3\n", close=True)
        assert tool.end() == (-number, b"b\n")
        assert [each.body for each in server.journal if each.path == "/b/b"] == [b"2\n3\n"]


@pytest.mark.parametrize("number", SIGNALS)
def test_put_is_ended_while_it_sends(number):
    gate = threading.Event()
    with store({}, gate) as server, Tool(server, "s3-put-lines", "s3://b") as tool:
        tool.write(b"a\t1\nb\t2\n")
        asked(server, "a")
        tool.signal(number)
        until_idle(tool.process)
        gate.set()
        tool.process.stdin.close()
        assert tool.end() == (-number, b"a\nb\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_put_ends_at_once_at_a_second_signal(number):
    with store({}) as server, Tool(server, "s3-put-lines", "s3://b") as tool:
        tool.write(b"a\t1\nb\t2\n")
        assert tool.line() == b"a\n"
        tool.signal(number)
        until_idle(tool.process)
        tool.signal(number)
        assert tool.end() == (-number, b"")


@pytest.mark.parametrize("number", SIGNALS)
def test_put_is_ended_while_it_waits_for_its_reader(number):
    keys = [b"%0999d" % number for number in range(4000)]
    with Tool(None, "s3-put-lines", "--dry-run", "s3://b") as tool:
        tool.write(b"".join(key + b"\tdata\n" for key in keys), close=True)
        until_idle(tool.process)
        tool.signal(number)
        until_idle(tool.process)
        assert tool.end() == (-number, b"\n".join([*keys, b""]))


# A slow reader


@pytest.mark.parametrize("options", [[], ["--with-key"], ["--unordered"]], ids=str)
def test_slow_small_objects_use_little_memory(options):
    """They arrive one by one while nothing reads the output: each used to take a block of 64 KiB, whatever its size."""
    count = 1500
    objects = {"first": LINES[: 2 * MIB // 1000 * 1000]} | {str(number): b"small\n" for number in range(count)}
    with store(objects) as server, Tool(server, "s3-get-lines", *options, "s3://b") as tool:
        tool.write(b"first\n")
        asked(server, "first")
        until_idle(tool.process)
        before = {name: memory(tool.process, name) for name in ("VmSize", "VmRSS")}
        for number in range(count):
            tool.write(b"%d\n" % number)
            time.sleep(0.001)
        asked(server, str(count - 1))
        until_idle(tool.process)
        for name, bound in {"VmSize": 24 * MIB, "VmRSS": 8 * MIB}.items():
            assert memory(tool.process, name) - before[name] < bound, name
        tool.process.stdin.close()
        status, lines = tool.end()
        if "--with-key" in options:
            lines = re.sub(rb"(?m)^[a-z0-9]+\t", b"", lines)
        assert status == 0
        assert lines == objects["first"] + b"small\n" * count
