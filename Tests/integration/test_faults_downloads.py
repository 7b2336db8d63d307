"""Downloads that are damaged, replaced, or answered differently than requested: the output is right, or the tool
reports an error."""

import base64
import itertools
import re
import zlib

import pytest
from fault_proxy import Answer, s3_error
from faults import OBJECT, large

LARGE = large(12 << 20)
RANGES = ("--multipart-threshold", "5M", "--multipart-chunksize", "1M")


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def with_checksum(data, damaged):
    """Adds the object's checksum to responses, and flips a bit in the first `damaged` of them."""
    count = itertools.count()

    def rewrite(answer):
        answer.headers.append(("x-amz-checksum-crc32", crc32(data)))
        if next(count) < damaged:
            answer.body = answer.body[:7] + bytes([answer.body[7] ^ 1]) + answer.body[8:]
        return answer

    return rewrite


@pytest.mark.parametrize("damaged", [1, 4])
def test_a_damaged_object_is_fetched_again(faulty, damaged):
    faulty.bucket.put("k", OBJECT)
    faulty.rule("rewrite", method="GET", rewrite=with_checksum(OBJECT, damaged), times=None)
    assert faulty.get("k").stdout == OBJECT
    requests = faulty.requests("GET")
    assert len(requests) == damaged + 1
    assert all(each.headers["x-amz-checksum-mode"] == "ENABLED" and "range" not in each.headers for each in requests)


def test_an_object_that_stays_damaged_is_never_written(faulty):
    faulty.bucket.put("a", OBJECT)
    faulty.bucket.put("b", b"data\n")
    faulty.rule("rewrite", method="GET", target="/a$", rewrite=with_checksum(OBJECT, damaged=99), times=None)
    got = faulty.get("a", "b", status=1)
    assert got.stdout == b"data\n"
    assert "a: " in got.message and "CRC32" in got.message and crc32(OBJECT) in got.message


def test_a_large_object_that_is_damaged_is_an_error(faulty):
    """Written output cannot be taken back, so the error says how much of it is wrong."""
    faulty.bucket.put("k", LARGE)
    rewrite = with_checksum(LARGE, damaged=99)
    faulty.rule("rewrite", method="GET", rewrite=rewrite, times=1)
    got = faulty.get("k", options=RANGES, status=1)
    assert "CRC32" in got.message and f"{len(got.stdout)} bytes" in got.message
    assert len(got.stdout) in (0, len(LARGE)) or got.stdout.endswith(b"\n")


def test_verification_can_be_switched_off(faulty):
    faulty.bucket.put("k", OBJECT)
    faulty.rule("rewrite", method="GET", rewrite=with_checksum(OBJECT, damaged=1), times=None)
    faulty.shell = faulty.shell.with_environment(AWS_RESPONSE_CHECKSUM_VALIDATION="when_required")
    assert faulty.get("k").stdout != OBJECT
    assert "x-amz-checksum-mode" not in faulty.requests("GET")[0].headers


def test_ranges_make_the_object(faulty):
    faulty.bucket.put("k", LARGE)
    assert faulty.get("k", options=RANGES).stdout == LARGE
    first, *rest = faulty.requests("GET")
    assert len(rest) == len(LARGE) >> 20 and "range" not in first.headers
    assert len({each.headers["if-match"] for each in rest}) == 1


@pytest.mark.parametrize("fault", ["cut", "cut by reset", "reset", "lose answer", "unfinished chunks", "close"])
def test_every_range_fails_once(faulty, fault):
    faulty.attempts(8)
    faulty.bucket.put("k", LARGE)
    for start in range(0, 12, 2):
        # The rule matches only the target, so the journal's order determines the range that it hits.
        faulty.rule(fault, method="GET", skip=start, times=1, at=0.7)
    assert faulty.get("k", options=RANGES).stdout == LARGE


def test_an_object_replaced_between_ranges_is_never_mixed(faulty):
    """The output is all of one version, or complete lines of the first version and an error, never a mixture."""
    faulty.bucket.put("k", LARGE)
    other = large(12 << 20, seed=2)

    def replaced(answer):
        faulty.bucket.put("k", other)
        return answer

    faulty.rule("rewrite", method="GET", rewrite=replaced)
    got = faulty.get("k", options=(*RANGES, "--max-connections", "1"), status=None)
    if got.status == 0:
        assert got.stdout == other
    else:
        assert got.status == 1 and "replaced" in got.message
        assert LARGE.startswith(got.stdout) and got.stdout[-1:] in (b"", b"\n")
        assert got.stdout == b"" or f"{len(got.stdout)} bytes" in got.message


def test_an_object_replaced_before_a_resume_is_never_mixed(faulty):
    faulty.bucket.put("k", OBJECT)

    def replaced_and_cut(answer):
        faulty.bucket.put("k", OBJECT[::-1])
        answer.headers.append(("Connection", "close"))
        return answer

    faulty.rule("cut", method="GET", at=0.5)
    faulty.rule("rewrite", method="GET", skip=1, rewrite=replaced_and_cut)
    assert faulty.get("k").stdout in (OBJECT, OBJECT[::-1])


def test_a_server_that_ignores_if_match_is_detected(faulty):
    """The server sends a range of another version; its ETag shows that."""
    faulty.bucket.put("k", LARGE)
    other = large(12 << 20, seed=2)

    def other_version(answer):
        headers = [(name, '"other"' if name.lower() == "etag" else value) for name, value in answer.headers]
        return Answer(answer.status, headers, other[: len(answer.body)])

    faulty.rule("rewrite", method="GET", skip=1, rewrite=other_version, times=None)
    got = faulty.get("k", options=RANGES, status=1)
    assert "replaced" in got.message
    assert LARGE.startswith(got.stdout)


def test_a_server_may_ignore_ranges(faulty):
    """The server sends the whole object each time; each request uses the bytes that it needs."""
    faulty.bucket.put("k", LARGE)

    def whole(answer):
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-range"]
        return Answer(200, headers, LARGE)

    faulty.rule("rewrite", method="GET", rewrite=whole, times=None)
    options = ("--multipart-threshold", "5M", "--multipart-chunksize", "4M")
    assert faulty.get("k", options=options).stdout == LARGE


def test_a_server_may_ignore_the_range_of_a_resumed_download(faulty):
    faulty.bucket.put("k", OBJECT)
    faulty.rule("cut", method="GET", at=0.5)

    def whole(answer):
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-range"]
        return Answer(200, headers, OBJECT)

    faulty.rule("rewrite", method="GET", rewrite=whole, times=None)
    assert faulty.get("k").stdout == OBJECT
    assert len(faulty.requests("GET")) == 2


@pytest.mark.parametrize("shift", [100, -100])
def test_another_range_than_the_requested_one_is_an_error(faulty, shift):
    """The response's Content-Range is correct, but it is not the requested range."""
    faulty.bucket.put("k", LARGE)

    def shifted(answer):
        headers = {name.lower(): value for name, value in answer.headers}
        first, last = map(int, re.findall(r"\d+", headers["content-range"])[:2])
        first, last = max(0, first + shift), min(last + shift, len(LARGE) - 1)
        headers["content-range"] = f"bytes {first}-{last}/{len(LARGE)}"
        return Answer(206, list(headers.items()), LARGE[first : last + 1])

    faulty.rule("rewrite", method="GET", skip=1, rewrite=shifted, times=None)
    got = faulty.get("k", options=RANGES, status=1)
    assert LARGE.startswith(got.stdout) and "a different range" in got.message


def test_an_empty_object_is_read_without_ranges(faulty):
    """A range of it would be refused (416), so no range is requested."""
    faulty.bucket.put("k", b"")
    assert faulty.get("k", options=("--multipart-threshold", "0")).stdout == b""
    assert faulty.get("k", options=("--with-key",)).stdout == b""
    assert all("range" not in each.headers for each in faulty.requests("GET"))


def test_416_is_a_failure_of_one_object(faulty):
    faulty.bucket.put("a", b"data\n")
    faulty.bucket.put("b", b"data\n")
    faulty.rules.append(s3_error(416, "InvalidRange", method="GET", target="/a$", times=None))
    got = faulty.get("a", "b", status=1)
    assert got.stdout == b"data\n" and "InvalidRange" in got.message


@pytest.mark.parametrize("off", [1, 100])
def test_a_body_shorter_than_announced_is_an_error(faulty, off):
    faulty.attempts(2)
    faulty.bucket.put("k", b"data\n")
    faulty.rule("wrong length", method="GET", at=off, times=None)
    got = faulty.get("k", status=1)
    assert got.stdout == b""


@pytest.mark.parametrize("data", [b"data\n", b""])
def test_a_wrong_length_is_not_trusted_in_the_retry(faulty, data):
    """A request after the object's end gets 416, and the object is fetched again."""
    faulty.bucket.put("k", data)
    faulty.rule("wrong length", method="GET", at=100)
    assert faulty.get("k").stdout == data
    assert len(faulty.requests("GET")) == (3 if data else 2)


def test_a_body_longer_than_announced_affects_no_other_object(faulty):
    """The rest of it would precede the next response on the connection."""
    faulty.rule("overlong", method="GET", target="/a$", times=None)
    for key in "abc":
        faulty.bucket.put(key, b"data of " + key.encode() + b"\n")
    got = faulty.get("a", "b", "c", options=["--max-connections", "1"])
    assert got.lines[1:] == ["data of b", "data of c"]


def test_a_body_without_end_mark_is_an_error(faulty):
    """A lost connection could not be distinguished from the object's end."""
    faulty.bucket.put("k", OBJECT)
    faulty.rule("no length", method="GET", times=None)
    got = faulty.get("k", status=1)
    assert got.stdout == b"" and "neither Content-Length nor Transfer-Encoding" in got.message


def test_a_chunked_body_is_complete_at_its_last_chunk(faulty):
    faulty.bucket.put("k", OBJECT)

    faulty.rule("chunked", method="GET")
    assert faulty.get("k").stdout == OBJECT


def test_a_body_without_end_needs_no_memory(faulty):
    """It is printed as lines as long as the reader accepts them."""
    faulty.bucket.put("k", OBJECT)
    faulty.rule("endless chunks", method="GET")
    script = f"s3-get-lines --memory 8M {faulty.location} k | head -n 1000000 | tail -n 1; echo ${{PIPESTATUS[0]}}"
    got = faulty.shell.run(f"ulimit -v 1000000; {script}", shell=("bash", "-c"))
    assert got.stdout == OBJECT[-26:] + b"141\n", got.message


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("more", [0, 1, 10 << 20])
def test_an_error_is_read_up_to_a_limit(faulty, method, more):
    """An error document truncated at 64 KiB cannot be parsed: only the status determines the error."""
    start, end = b"<Error><Code>InvalidArgument</Code>", b"</Error>"
    body = start + b" " * ((64 << 10) - len(start + end) + more) + end
    faulty.rule("answer", method=method, status=400, body=body, times=None)
    if method == "PUT":
        message = faulty.put(b"k\tdata\n", status=76 if more else 1).message
    else:
        message = faulty.get("k", status=76 if more else 1).message
    assert "400" in message and ("InvalidArgument" in message) == (more == 0)


def test_a_missing_key_is_reported_although_its_error_has_no_end(faulty):
    faulty.rule("endless chunks", method="GET", times=None)
    assert "nokey" in faulty.get("nokey", status=66).message
