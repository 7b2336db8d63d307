"""The state that s3-put-lines leaves after a signal, a failure, a full disk, or with too little memory."""

import base64
import random
import re
import signal
import socket
import time
import zlib

import pytest
from conftest import within
from fault_proxy import Answer, s3_error

MIB = 1 << 20
SOON = 8  # seconds; less than ten attempts of a request take


@pytest.fixture(autouse=True)
def tries(request):
    if "faulty" in request.fixturenames:
        request.getfixturevalue("faulty").attempts(10)


def start(shell, *arguments, **variables):
    return shell.with_environment(**variables).start("s3-put-lines", *arguments, bufsize=0)


def rejected(shell):
    return (shell.directory / "r").read_bytes()


# Memory


def test_many_open_objects_with_compressors_end(plain_shell):
    records = b"".join(b"g%d\tx\n" % number for number in range(200))
    words = ["--dry-run", "--gzip", "--max-open", "500", "--memory", "20M", "--reject", "r", "s3://b"]
    put = plain_shell.tool("s3-put-lines", *words, stdin=records).expect()
    assert put.lines == [f"g{number}" for number in range(200)]
    plain_shell.tool("s3-put-lines", *words, stdin=records + records).expect()


# Files


def test_without_a_directory_for_parts_the_run_fails_at_once(plain_shell):
    shell = plain_shell.with_environment(TMPDIR="/no/such/directory")
    put = shell.tool("s3-put-lines", "--dry-run", "--reject", "r", "s3://b", stdin=b"a\t1\n").expect(74)
    assert put.stdout == b"" and "/no/such/directory" in put.message


def test_records_that_cannot_be_kept_are_named_and_not_rejected_in_part(faulty):
    line = b"x" * 999
    (faulty.shell.directory / "in").write_bytes(b"a\t1\n" + (b"large\t" + line + b"\n") * 12_000)
    script = f"trap '' XFSZ; ulimit -f 1000; s3-put-lines --reject r {faulty.location} < in"
    put = faulty.shell.run(script, shell=("bash", "-c")).expect(74)
    assert re.search(r"large: \d+ lines from line 2: its records may be missing in r", put.message)
    assert set(rejected(faulty.shell).split(b"\n")) <= {b"large\t" + line, b""}
    assert faulty.open_uploads() == []


# Stops


def test_a_long_record_with_each_is_aborted(faulty):
    faulty.rule(s3_error(403, "AccessDenied", method="PUT", target="/bad$", times=None, delay=4))
    process = start(faulty.shell, "--each", faulty.location)
    process.stdin.write(b"bad\t1\nlong\t" + b"x" * 7 * MIB)
    assert process.wait(30) == 77
    stderr = process.communicate()[1]
    assert len(faulty.requests("POST", "uploads")) == 1
    assert faulty.open_uploads() == []
    assert stderr.index(b"AccessDenied") < stderr.index(b"long: ")


def test_unprocessed_input_is_rejected(faulty):
    records = b"a\t1\nb\t2\n\tempty\n"
    words = ["s3-put-lines", "--reject", "r", faulty.location + "-that-is-not-there"]
    put = faulty.shell.tool(*words, stdin=records).expect(66)
    assert rejected(faulty.shell) == records
    assert put.message.splitlines()[0].count("does not exist") == 1


def test_a_stop_reports_where_reading_ended(plain_shell):
    put = plain_shell.tool("s3-put-lines", "--dry-run", "s3://b", stdin=b"a\t1\nbad\nb\t2\n").expect(65)
    first, second, third = put.message.splitlines()
    assert "line 2: expected KEY TAB DATA, found no TAB" in first and "a: 1 line from line 1: " in second
    assert third == "s3-put-lines: reading stopped after line 2"


def test_a_repeated_key_is_rejected_if_its_object_failed(faulty):
    faulty.rule(s3_error(400, "InvalidArgument", method="PUT", target="/bad$", times=None))
    process = start(faulty.shell, "--reject", "r", faulty.location)
    process.stdin.write(b"bad\t1\nb\t2\n")
    assert b"bad: 1 line from line 1" in process.stderr.readline()
    process.stdin.write(b"bad\t3\nc\t4\nbad\t" + b"5" * 400_000 + b"\n")
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (1, b"b\nc\n"), stderr
    assert rejected(faulty.shell) == b"bad\t1\nbad\t3\nbad\t" + b"5" * 400_000 + b"\n"


def test_a_failed_open_object_holds_nothing_back(faulty):
    """Its later records go to the file, even if the earlier ones were compressed."""
    faulty.rule(s3_error(400, "InvalidArgument", method="PUT", target="partNumber=1&", times=None))
    dice = random.Random(1)
    lines = [b"k\t" + dice.randbytes(2000).hex().encode() + b"\n" for _ in range(3000)]
    process = start(faulty.shell, "--gzip", "--reject", "r", faulty.location)
    process.stdin.write(b"".join(lines[:2900]))
    assert b"k: " in process.stderr.readline()
    process.stdin.write(b"".join(lines[2900:]))
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert rejected(faulty.shell) == b"".join(lines)


def test_held_lines_keep_their_numbers(plain_shell):
    words = ["--dry-run", "--commit-on", "#", "s3://b"]
    put = plain_shell.tool("s3-put-lines", *words, stdin=b"a\t#\nbad\nb\t1\n").expect(65)
    assert "line 2: expected KEY TAB DATA, found no TAB" in put.message


def test_an_empty_commit_line_is_empty_data_and_no_other(plain_shell):
    words = ["--dry-run", "--commit-on", "", "s3://b"]
    whole = plain_shell.tool("s3-put-lines", *words, stdin=b"a\t1\nb\t2\nend\t\n").expect()
    assert whole.lines == ["a", "b"]
    dead = plain_shell.tool("s3-put-lines", *words, stdin=b"a\t1\nb\t2\n").expect(65)
    assert "the input ended after line 2 without the line of --commit-on, ''" in dead.message


# Signals


def test_an_endless_rejected_line_does_not_block_a_signal(faulty):
    faulty.rule(s3_error(400, "InvalidArgument", method="PUT", target="/bad$", times=None, delay=2))
    process = start(faulty.shell, "--reject", "r", faulty.location)
    process.stdin.write(b"bad\t1\nbad\n" + b"x" * 300_000)
    assert b"found no TAB" in process.stderr.readline()
    assert b"bad: " in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert rejected(faulty.shell) == b"x" * 300_000 + b"\nbad\t1\n"


def test_a_truncated_last_record_does_not_fail_earlier_ones(faulty):
    process = start(faulty.shell, faulty.location)
    process.stdin.write(b"a\t1\nb\t2\nb\t" + b"x" * 400_000)
    assert process.stdout.readline() == b"a\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    stdout, stderr = process.communicate(timeout=30)
    assert stdout == b"b\n" and b"line 3: " in stderr
    assert faulty.bucket.get("b") == b"2\n"


def test_endless_input_is_cut_off_with_a_message(faulty):
    rests = {b"": b"the input did not end within 5 s; the lines after line 2 were not read", b"part": b"line 3: "}
    running = []
    for number, (rest, message) in enumerate(rests.items()):
        process = start(faulty.shell, f"{faulty.location}/{number}/")
        process.stdin.write(b"a\t1\nb\t2\n" + rest)
        assert process.stdout.readline() == b"a\n"
        process.send_signal(signal.SIGINT)
        running.append((process, message))
    for process, message in running:
        assert process.wait(30) == -signal.SIGINT
        assert process.stdout.read() == b"b\n" and message in process.stderr.read()
        process.stdin.close()


@pytest.mark.parametrize("words", [["k"], ["--commit-on=#"], []])
def test_a_refusing_service_does_not_block_a_signal(faulty, words):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        process = start(faulty.shell, faulty.location, *words, AWS_ENDPOINT_URL_S3=endpoint, AWS_MAX_ATTEMPTS="1000")
        process.stdin.write(b"k\t1\n" * 10)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
        assert time.monotonic() - began < SOON
        process.communicate()


def test_an_unanswered_bucket_check_does_not_block_a_signal(faulty):
    faulty.rule("stall", method="HEAD", times=None)
    process = start(faulty.shell, "--reject", "r", faulty.location)
    process.stdin.write(b"a\t1\nb\t2\n")
    within(30, lambda: faulty.requests("HEAD"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(SOON) == -signal.SIGTERM
    assert rejected(faulty.shell) == b"a\t1\nb\t2\n"
    assert b"did not end within 5 s" in process.communicate()[1]


def test_an_abandoned_upload_is_not_started_again(faulty):
    faulty.rule(s3_error(500, "InternalError", method="POST", target="uploads", times=None, delay=1))
    process = start(faulty.shell, faulty.location, "k")
    process.stdin.write(b"x" * 6 * MIB)
    within(30, lambda: faulty.requests("HEAD"))
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SOON) == -signal.SIGTERM
    assert len(faulty.requests("POST", "uploads")) == 1
    process.communicate()


def test_after_a_signal_an_abort_is_tried_three_times(faulty):
    faulty.rule(s3_error(500, "InternalError", method="DELETE", times=None))
    process = start(faulty.shell, faulty.location, "k")
    process.stdin.write(b"x" * 6 * MIB)
    within(30, faulty.open_uploads)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SOON) == -signal.SIGTERM
    assert b"was not aborted" in process.communicate()[1]
    assert len(faulty.requests("DELETE")) == 3


# A service that accepts requests and never responds


@pytest.mark.parametrize(
    "method, target, words",
    [
        ("POST", "uploads", rb"an upload with an unknown id may have been started: Create"),
        (
            "DELETE",
            "uploadId",
            rb"upload \S+ may not have been aborted, and its parts may remain: Abort",
        ),
    ],
)
def test_a_silent_service_does_not_block_a_signal(faulty, method, target, words):
    faulty.rule("stall", method=method, target=target, times=None)
    process = start(faulty.shell, faulty.location, "k")
    process.stdin.write(b"x" * 6 * MIB)
    within(30, lambda: faulty.requests("POST", "uploads") if method == "POST" else faulty.open_uploads())
    process.send_signal(signal.SIGTERM)
    assert process.wait(SOON) == -signal.SIGTERM
    message = process.communicate()[1]
    reason = b"MultipartUpload: no response within 5 s, state unknown$"
    assert re.search(rb"^s3-put-lines: k: " + words + reason, message, re.MULTILINE), message


# A lost response


def with_checksum(data, suffix=""):
    """The response to HEAD of a service whose ETag is not an MD5."""
    checksum = base64.b64encode(zlib.crc32(data).to_bytes(4)).decode() + suffix

    def rewrite(answer):
        mine = ("etag", "x-amz-checksum-crc32")
        headers = [pair for pair in answer.headers if pair[0].lower() not in mine]
        return Answer(answer.status, headers + [("ETag", '"opaque"'), ("x-amz-checksum-crc32", checksum)], b"")

    return rewrite


@pytest.mark.parametrize("stored", [b"data\n", b"DATA\n"])
def test_a_checksum_identifies_the_writer(faulty, stored):
    faulty.rule("lose answer", method="PUT", target="/k$")
    faulty.rule("rewrite", method="HEAD", target="/k$", rewrite=with_checksum(stored))
    shell = faulty.shell.with_environment(AWS_REQUEST_CHECKSUM_CALCULATION="when_supported")
    put = shell.tool("s3-put-lines", "--no-clobber", faulty.location, stdin=b"k\tdata\n")
    assert faulty.requests("HEAD", "/k$")[0].headers["x-amz-checksum-mode"] == "ENABLED"
    if stored == b"data\n":
        assert put.expect().lines == ["k"]
    else:
        assert "state unknown" in put.expect(1).message


def test_a_composite_checksum_identifies_the_writer(faulty):
    data = bytes(range(256)) * 4096 * 6
    parts = [data[: 5 * MIB], data[5 * MIB :]]
    checksums = b"".join(zlib.crc32(part).to_bytes(4) for part in parts)
    faulty.rule("lose answer", method="POST", target="uploadId=")
    faulty.rule("rewrite", method="HEAD", target="/k$", rewrite=with_checksum(checksums, "-2"))
    shell = faulty.shell.with_environment(AWS_REQUEST_CHECKSUM_CALCULATION="when_supported")
    put = shell.tool("s3-put-lines", "--long", faulty.location, "k", stdin=data).expect()
    assert put.stdout.startswith(b'k\t"')


# Messages


def test_a_key_for_keyless_encryption_is_64(plain_shell):
    words = ["--sse", "AES256", "--sse-kms-key-id", "k", "s3://b"]
    plain_shell.tool("s3-put-lines", "--dry-run", *words, stdin=b"").expect(64)


def test_unread_input_is_not_reported(faulty):
    put = faulty.shell.tool("s3-put-lines", faulty.location + "-not-there", "k", stdin=b"x\n").expect(66)
    assert len(put.message.splitlines()) == 1


@pytest.mark.parametrize(
    "key, problem", [("", "empty"), ("a\\q", "\\q"), ("k" * 1025, "1025 bytes, more than 1024")], ids=["empty", "escape", "long"]
)
def test_a_malformed_key_operand_is_malformed_input(plain_shell, key, problem):
    put = plain_shell.tool("s3-put-lines", "--dry-run", "s3://b", key, stdin=b"a\n").expect(65)
    assert "KEY" in put.message and problem in put.message
    assert put.stdout == b""
