"""s3-put-lines if requests fail: the run stops, or the records of failed objects go to the file of --reject."""

import os
import random

import pytest
from fault_proxy import CHAOS, Chaos, s3_error

MIB = 1 << 20


def rejected(faulty):
    return (faulty.shell.directory / "r").read_bytes()


def test_without_reject_a_failure_stops_the_run(faulty):
    faulty.rule(s3_error(403, "AccessDenied", method="PUT", target="/bad$", times=None))
    process = faulty.shell.start("s3-put-lines", faulty.location, bufsize=0)
    process.stdin.write(b"a\t1\nbad\t2\nb\t3\nopen\t4\n")
    try:  # the input stays open, so the run must end by itself
        assert process.wait(30) == 77
    finally:
        process.kill()
    stdout, stderr = process.communicate()
    assert stdout == b"a\n"
    assert b"bad: 1 line from line 2: PutObject: 403 AccessDenied" in stderr
    assert b"open: 1 line from line 4: " in stderr
    # Receipts tell which part of the input is stored.
    assert b"stored without a receipt, because an earlier one was not stored: 1\n" in stderr
    assert faulty.bucket.keys() == ["a", "b"]


def test_rejected_records_are_the_input_of_the_retry(faulty):
    faulty.rule(s3_error(500, "InternalError", method="PUT", target="/k[37]$", times=None))
    records = b"".join(b"k%d\t%d\nk%d\tmore\\t\n" % (n, n, n) for n in range(10)) + b"no tab\nbad\\q\tx\n"
    put = faulty.put(records, "--reject", "r", status=1)
    assert put.lines == [f"k{n}" for n in range(10) if n not in (3, 7)]
    expected = b"k3\t3\nk3\tmore\\t\nk7\t7\nk7\tmore\\t\nno tab\nbad\\q\tx".split(b"\n")
    assert sorted(rejected(faulty).splitlines()) == sorted(expected)
    faulty.rules.clear()
    again = faulty.shell.run(f"grep '^k' r | s3-put-lines {faulty.location}").expect()
    assert sorted(again.lines) == ["k3", "k7"]
    assert faulty.bucket.get("k3") == b"3\nmore\\t\n"


@pytest.mark.parametrize("options", [[], ["--gzip-level", "1"]])
def test_an_object_in_parts_is_rejected_completely(faulty, options):
    """Its parts were sent and their memory was reused when the second part fails."""
    faulty.rule(s3_error(400, "InvalidArgument", method="PUT", target="partNumber=2&", times=None))
    generator = random.Random(3)
    large = b"".join(b"large\t%s\n" % generator.randbytes(1000).hex().encode() for _ in range(12_000))
    put = faulty.put(b"a\t1\n" + large + b"z\t2\n", *options, "--reject", "r", status=1)
    assert put.lines == ["a", "z"]
    assert rejected(faulty) == large
    assert faulty.open_uploads() == []
    assert faulty.bucket.keys() == ["a", "z"]
    assert os.listdir(faulty.shell.directory) == ["r"]


@pytest.mark.parametrize("body", [b"", b"<html>OK</html>", b"<CompleteMultipartUploadResult/>"])
def test_an_unknown_response_to_complete_is_not_a_success(faulty, body):
    faulty.rule("answer", method="POST", target="uploadId=", status=200, body=body, times=None)
    put = faulty.put_object("k", b"x" * 6 * MIB, status=76)
    assert put.stdout == b"" and faulty.bucket.keys() == []
    # An empty response may be incomplete: the service may still be working.
    assert len(faulty.open_uploads()) == (1 if body == b"" else 0)


def test_each_object_is_stored_or_rejected_while_requests_fail(faulty):
    # SeaweedFS does not compare the body with the signed hash.
    faulty.proxy.chaos = Chaos(seed=5, rate=0.15, faults=[fault for fault in CHAOS if fault != "flip upload"])
    faulty.attempts(10)
    records = b"".join(b"k%03d\t%s\n" % (n, b"x" * (n * 37 % 2000)) for n in range(300))
    large = random.Random(9).randbytes(6 * MIB).replace(b"\n", b"")
    put = faulty.put(records + b"large\t" + large + b"\n", "--reject", "r", status=None)
    assert put.status in (0, 1), put.message
    failed = {line.split(b"\t")[0].decode() for line in rejected(faulty).splitlines()}
    expected = {f"k{n:03d}" for n in range(300)} | {"large"}
    assert set(put.lines) | failed == expected and not set(put.lines) & failed
    for key in put.lines:
        body = large if key == "large" else b"x" * (int(key[1:]) * 37 % 2000)
        assert faulty.bucket.get(key) == body + b"\n", key
    assert faulty.open_uploads() == []
