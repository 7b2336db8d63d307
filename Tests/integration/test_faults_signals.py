"""Runs that a signal ends at any moment: no upload is left open, no object is partial, and the receipts name exactly
the objects that exist."""

import random
import signal
import subprocess
import threading
import time

import pytest
from conftest import BIN, within
from faults import large

MOMENTS = 20
OBJECTS = {f"k{number}": large(6 << 20, seed=number) for number in range(4)}


class Fed:
    """A tool whose standard input a thread writes slowly, until it is stopped."""

    def __init__(self, faulty, *words, data, seconds, stays_open=False):
        self.process = subprocess.Popen(
            [BIN / words[0], *words[1:]],
            env=faulty.shell.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.fed, self.stopping, self.stays_open = b"", threading.Event(), stays_open
        self.thread = threading.Thread(target=self._feed, args=(data, seconds))
        self.thread.start()

    def _feed(self, data, seconds, pieces=50):
        size = len(data) // pieces
        try:
            for start in range(0, len(data), size):
                self.process.stdin.write(data[start : start + size])
                self.process.stdin.flush()
                self.fed = data[: start + size]
                if self.stopping.wait(seconds / pieces):
                    break
            if self.stays_open:
                self.stopping.wait()
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def end(self):
        """Stops writing, as the upstream process of a pipeline does on the same signal."""
        self.stopping.set()
        self.thread.join()
        self.process.stdin = None
        try:
            stdout, stderr = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, stdout.decode().splitlines(), stderr.decode()


def assert_exact(faulty, receipts, stderr, expected):
    """Asserts that exactly the confirmed objects exist; `expected` contains the bytes of each object."""
    assert faulty.bucket.keys() == sorted(receipts), stderr
    for key in receipts:
        assert faulty.bucket.get(key) == expected(key), key
    assert faulty.open_uploads() == [], stderr


@pytest.mark.parametrize("moment", range(MOMENTS // 2))
def test_sigterm_leaves_exactly_the_objects_with_receipts(faulty, moment):
    records = b"".join(
        key.encode() + b"\t" + line + b"\n" for key, data in OBJECTS.items() for line in data.splitlines()
    )
    tool = Fed(faulty, "s3-put-lines", "--part-size", "5M", faulty.location, data=records, seconds=1)
    time.sleep(random.Random(moment).uniform(0.02, 1.5))
    tool.process.send_signal(signal.SIGTERM)
    status, receipts, stderr = tool.end()
    # Once everything is stored, a signal has nothing to end.
    assert status == -signal.SIGTERM or (status == 0 and receipts == list(OBJECTS)), stderr
    whole = tool.fed[: tool.fed.rfind(b"\n") + 1].splitlines(keepends=True)

    def expected(key):
        start = key.encode() + b"\t"
        return b"".join(line[len(start) :] for line in whole if line.startswith(start))

    assert receipts == list(OBJECTS)[: len(receipts)]
    assert_exact(faulty, receipts, stderr, expected)


@pytest.mark.parametrize("moment", range(MOMENTS // 2))
def test_sigterm_in_one_large_object_leaves_nothing(faulty, moment):
    """The end of the object is not known, so the upload is aborted at once."""
    data = b"".join(OBJECTS.values())
    tool = Fed(faulty, "s3-put-lines", "--part-size", "5M", faulty.location, "one", data=data, seconds=1)
    time.sleep(random.Random(moment).uniform(0.02, 1.5))
    tool.process.send_signal(signal.SIGTERM)
    status, receipts, stderr = tool.end()
    # Once all input was read, the object is completed.
    assert status == -signal.SIGTERM or (status == 0 and receipts == ["one"]), stderr
    assert_exact(faulty, receipts, stderr, lambda key: data)


@pytest.mark.parametrize("target, delay", [(r"\?uploads=", 0.5), ("partNumber=1&", 0.5), ("partNumber=2&", 0.5)])
def test_sigterm_during_a_request_leaves_no_upload_open(faulty, target, delay):
    """The tool waits for the response to CreateMultipartUpload, because only it contains the ID to abort."""
    faulty.rule("none", target=target, delay=delay)
    tool = Fed(faulty, "s3-put-lines", "--part-size", "5M", faulty.location, "one", data=OBJECTS["k0"], seconds=30)
    tool.stopping.set()
    within(20, lambda: tool.process.poll() is not None or faulty.requests(None, target))
    tool.process.send_signal(signal.SIGTERM)
    status, receipts, stderr = tool.end()
    assert faulty.open_uploads() == [], stderr
    assert faulty.bucket.keys() == receipts


def test_an_abort_that_waits_for_a_connection_is_sent(faulty):
    """The time limit is for responses only: the wait for a busy connection used to count as an unresponsive service."""
    faulty.rule("none", method="PUT", target="/small", delay=7, times=1)
    records = b"".join(b"large\t" + line + b"\n" for line in OBJECTS["k0"].splitlines()) + b"small\tdata\nsmall\n"
    words = ["--max-connections", "1", "--max-open", "2", "--commit-on", "end", "--part-size", "5M"]
    tool = Fed(faulty, "s3-put-lines", *words, faulty.location, data=records, seconds=0, stays_open=True)
    within(30, lambda: faulty.requests("PUT", "/small"))
    tool.process.send_signal(signal.SIGTERM)
    status, receipts, stderr = tool.end()
    assert (status, receipts) == (-signal.SIGTERM, ["small"]) and "not aborted" not in stderr
    assert faulty.open_uploads() == [], stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU])
def test_other_signals_leave_nothing_open_either(faulty, number):
    """A closed terminal, Ctrl-\\, a CPU time limit: each used to leave the upload open without a message."""
    tool = Fed(faulty, "s3-put-lines", "--part-size", "5M", faulty.location, "one", data=OBJECTS["k0"], seconds=1,
               stays_open=True)  # fmt: skip
    within(30, lambda: faulty.requests("PUT", "partNumber=1&"))
    assert faulty.open_uploads() != []
    tool.process.send_signal(number)
    status, receipts, stderr = tool.end()
    assert (status, receipts) == (-number, []) and "one: " in stderr
    assert faulty.open_uploads() == [] and faulty.bucket.keys() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(faulty, number):
    faulty.rule("stall", method="PUT", times=None)
    tool = Fed(faulty, "s3-put-lines", faulty.location, data=b"a\t1\n" * 50, seconds=30)
    within(30, lambda: faulty.requests("HEAD"))
    tool.process.send_signal(number)
    time.sleep(0.2)
    tool.process.send_signal(number)
    status, receipts, _ = tool.end()
    assert status == -number and receipts == []


def test_a_reader_of_receipts_that_exits_leaves_nothing_open(faulty):
    """The shell sees status 141; uploads in progress are aborted first."""
    small = b"".join(b"s%02d\t%0200000d\n" % (number, number) for number in range(40))
    records = small + b"".join(b"large\t" + line + b"\n" for line in OBJECTS["k0"].splitlines())
    tool = Fed(faulty, "s3-put-lines", "--part-size", "5M", faulty.location, data=records, seconds=2)
    assert tool.process.stdout.readline() == b"s00\n"
    tool.process.stdout.close()
    tool.process.stdout = None
    tool.thread.join()
    tool.process.stdin = None
    assert tool.process.wait(30) == -signal.SIGPIPE
    tool.process.stderr.close()
    assert faulty.open_uploads() == []
    assert "large" not in faulty.bucket.keys()


def test_a_full_disk_for_receipts_is_74_and_leaves_nothing_open(faulty):
    records = b"s\tdata\n" + b"".join(b"large\t" + line + b"\n" for line in OBJECTS["k0"].splitlines())
    put = faulty.shell.run(f"s3-put-lines --part-size 5M {faulty.location} > /dev/full", stdin=records).expect(74)
    assert "standard output" in put.message
    assert faulty.open_uploads() == []


@pytest.mark.parametrize("words", ["s3-put-lines {0}", "s3-get-lines {0} k"])
def test_a_closed_standard_output_is_74(faulty, words):
    """No connection gets descriptor 1 and then the receipts."""
    faulty.bucket.put("k", b"data\n")
    finished = faulty.shell.run(words.format(faulty.location) + " >&-", stdin=b"new\tdata\n").expect(74)
    assert "standard output" in finished.message


@pytest.mark.parametrize("words", ["s3-put-lines {0}", "s3-get-lines {0}"])
def test_a_closed_standard_input_is_74(faulty, words):
    faulty.shell.run(words.format(faulty.location) + " <&-").expect(74)
