"""Checksums of objects fetched in ranges, from a server that damages data and responds as a test defines."""

import base64
import re

import pytest
from checksums import ALGORITHMS
from conftest import Shell
from lying_server import LyingServer, error

KIB = 1 << 10
ETAG = {"ETag": '"e"'}
RANGES = ("--multipart-threshold", "64K", "--multipart-chunksize", "64K")
BODY = b"".join(b"line %06d of the object\n" % number for number in range(20_000))  # 500 KB, 8 ranges


def checksum(data, algorithm="crc32", kind="FULL_OBJECT", suffix=""):
    value = base64.b64encode(ALGORITHMS[algorithm](data)).decode() + suffix
    return {f"x-amz-checksum-{algorithm}": value} | ({"x-amz-checksum-type": kind} if kind else {})


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class Store:
    """One object: `whole` are the header fields of a response with all of it, `part(range, bytes)` those for a
    range."""

    def __init__(self, whole, part=lambda bounds, data: {}, damaged=None, lost=None):
        self.whole, self.part, self.lost = whole, part, lost
        self.sent = BODY if damaged is None else flipped(BODY, damaged)

    def __call__(self, request):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if not wanted:
            if self.lost:
                lines = [f"{name}: {value}" for name, value in (ETAG | self.whole).items()]
                head = "\r\n".join(["HTTP/1.1 200 OK", *lines, f"Content-Length: {len(BODY)}", "", ""])
                return iter([head.encode() + self.sent[: self.lost]])
            return 200, ETAG | self.whole, self.sent
        first, last = int(wanted[1]), int(wanted[2] or len(BODY) - 1)
        last = min(last, len(BODY) - 1)
        fields = self.part((first, last), self.sent[first : last + 1])
        bounds = {"Content-Range": f"bytes {first}-{last}/{len(BODY)}"}
        return 206, ETAG | bounds | fields, self.sent[first : last + 1]


def get(directory, handle, *options, status=0):
    with LyingServer(handle) as server:
        shell = Shell(directory, server.tool_environment(2), seconds=30)
        got = shell.tool("s3-get-lines", *options, "s3://bucket", "k").expect(status)
        assert server.journal[0].headers["x-amz-checksum-mode"] == "ENABLED"
        return got, server.journal


def assert_damaged(got):
    """The output is whole lines, but not all of them, and the object is reported as damaged."""
    assert got.message.startswith("s3-get-lines: k: ") and "mismatch: expected" in got.message
    written = len(got.stdout)
    assert written < len(BODY) and (written == 0 or got.stdout.endswith(b"\n"))
    assert written == 0 or f"{written} bytes of it were written" in got.message


def test_the_algorithms_match_the_standards():
    assert ALGORITHMS["crc64nvme"](b"123456789").hex() == "ae8b14860a799888"
    assert ALGORITHMS["crc32c"](b"123456789").hex() == "e3069283"


@pytest.mark.parametrize("kind", ["FULL_OBJECT", None])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ranges_are_verified_as_the_whole_object(tmp_path, algorithm, kind):
    whole = checksum(BODY, algorithm, kind)
    got, journal = get(tmp_path, Store(whole), *RANGES)
    assert got.stdout == BODY
    assert len(journal) == (len(BODY) - 1) // (64 * KIB) + 1


# In the first response, in ranges, in the last byte: the last lines are written only after verification.
@pytest.mark.parametrize("place", [7, 64 * KIB, 300_000, len(BODY) - 1])
@pytest.mark.parametrize("order", [(), ("--unordered",)], ids=["ordered", "unordered"])
def test_one_damaged_byte_of_any_range_is_found(tmp_path, place, order):
    got, _ = get(tmp_path, Store(checksum(BODY), damaged=place), *RANGES, *order, status=1)
    assert_damaged(got)


@pytest.mark.parametrize("options", [RANGES, ()], ids=["ranges", "whole"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_damage_is_found_with_any_algorithm(tmp_path, algorithm, options):
    store = Store(checksum(BODY, algorithm), damaged=300_001)
    assert_damaged(get(tmp_path, store, *options, status=1)[0])


@pytest.mark.parametrize(
    "part",
    [
        lambda bounds, data: checksum(BODY),
        lambda bounds, data: checksum(data),
        lambda bounds, data: checksum(b"another", kind=None),
    ],
    ids=["the object's", "the range's", "neither"],
)
def test_a_checksum_in_a_range_response_is_ignored(tmp_path, part):
    got, journal = get(tmp_path, Store({}, part), *RANGES)
    assert got.stdout == BODY and len(journal) > 1
    got, _ = get(tmp_path, Store(checksum(BODY), part), *RANGES)
    assert got.stdout == BODY
    got, _ = get(tmp_path, Store(checksum(BODY), part, damaged=300_000), *RANGES, status=1)
    assert_damaged(got)


@pytest.mark.parametrize(
    "fields",
    [
        checksum(b"parts", kind="COMPOSITE", suffix="-8"),
        checksum(b"parts", kind="COMPOSITE"),
        checksum(b"parts", kind=None, suffix="-8"),
        checksum(b"parts", "sha256", kind="COMPOSITE", suffix="-8"),
        checksum(b"parts", "crc64nvme", kind=None, suffix="-8"),
        checksum(b"parts", "crc32c", kind="COMPOSITE"),
        {"x-amz-checksum-xxhash128": "AAAAAAAAAAAAAAAAAAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"},
        {"x-amz-checksum-crc64nvme": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"},
    ],
)
@pytest.mark.parametrize("options", [RANGES, ()], ids=["ranges", "whole"])
def test_unverifiable_checksums_are_skipped(tmp_path, fields, options):
    assert get(tmp_path, Store(fields), *options)[0].stdout == BODY


def test_of_several_checksums_a_known_one_is_verified(tmp_path):
    fields = {"x-amz-checksum-xxhash128": "AAAAAAAAAAAAAAAAAAAAAA=="} | checksum(BODY, "sha1")
    assert get(tmp_path, Store(fields), *RANGES)[0].stdout == BODY
    assert_damaged(get(tmp_path, Store(fields, damaged=1), *RANGES, status=1)[0])


@pytest.mark.parametrize("place", [7, 400_000])
@pytest.mark.parametrize("options", [RANGES, ()], ids=["ranges", "whole"])
def test_bytes_before_a_lost_connection_are_verified(tmp_path, place, options):
    """The response ends within its first range, and the one that resumes it has another checksum."""
    part = lambda bounds, data: checksum(data)  # noqa: E731
    assert get(tmp_path, Store(checksum(BODY), part, lost=50_000), *options)[0].stdout == BODY
    damaged = Store(checksum(BODY), part, damaged=place, lost=50_000)
    assert_damaged(get(tmp_path, damaged, *options, status=1)[0])


@pytest.mark.parametrize("options", [RANGES, ()], ids=["ranges", "whole"])
def test_a_range_of_the_whole_object_is_verified(tmp_path, options):
    """A 206 to a request without Range, as from caches that store parts: its checksum is that of the object."""

    def answering(fields, damaged=None):
        store = Store({}, lambda bounds, data: fields, damaged)

        def handle(request):
            request.headers.setdefault("range", "bytes=0-")
            return store(request)

        return handle

    assert get(tmp_path, answering(checksum(BODY)), *options)[0].stdout == BODY
    assert_damaged(get(tmp_path, answering(checksum(BODY), damaged=300_000), *options, status=1)[0])
    composite = checksum(b"parts", kind="COMPOSITE", suffix="-8")
    assert get(tmp_path, answering(composite), *options)[0].stdout == BODY


# A service that rejects the header field that requests checksums


def refusing(status, code="InvalidArgument", also=lambda request: False):
    def handle(request):
        if "x-amz-checksum-mode" in request.headers or also(request):
            return status, {"x-amz-request-id": "r"}, error(code)
        return 200, ETAG, b"data\n"

    return handle


def run(directory, handle, *keys):
    with LyingServer(handle) as server:
        shell = Shell(directory, server.tool_environment(3), seconds=30)
        got = shell.tool("s3-get-lines", "--max-connections", "1", "s3://bucket", *keys)
        return got, [("x-amz-checksum-mode" in request.headers) for request in server.journal]


@pytest.mark.parametrize("status, code", [(400, "InvalidArgument"), (501, "NotImplemented"), (400, "")])
def test_a_service_that_refuses_the_field_is_asked_without(tmp_path, status, code):
    got, asked = run(tmp_path, refusing(status, code), "a", "b", "c")
    assert got.expect().stdout == b"data\n" * 3
    assert asked == [True, False, False, False], "known from then on"


def test_an_error_for_another_reason_remains_an_error(tmp_path):
    """It is retried once without the field; the service is not taken for one without checksums."""
    got, asked = run(tmp_path, refusing(400, also=lambda request: True), "a", "b")
    assert "400 InvalidArgument" in got.expect(1).message
    assert asked == [True, False, True, False]


def test_other_refusals_are_not_about_the_field(tmp_path):
    got, asked = run(tmp_path, refusing(403, "AccessDenied"), "a")
    assert "403 AccessDenied" in got.message and asked == [True]
