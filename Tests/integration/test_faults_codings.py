"""Responses that were compressed in transit, and listings with a wrong size: decompressed, or an error."""

import gzip
import zlib

import pytest
from conftest import Shell
from lying_server import LyingServer, page

TEXT = b"".join(b"line %d\n" % number for number in range(2000))
PACKED = gzip.compress(TEXT)
ETAG = {"ETag": '"e"', "x-amz-request-id": "r"}
CODED = ETAG | {"Content-Encoding": "gzip"}


@pytest.fixture
def get(tmp_path):
    """Runs s3-get-lines --raw --exact on a server, given the listed size of `k` and the responses to GET and HEAD."""

    def get(answer, head=None, listed=None, status=0, options=(), tag="e", by_range=None):
        def handle(request):
            if "list-type" in request.query:
                return 200, {}, page(["k"], size=listed).replace(b"&quot;e&quot;", f"&quot;{tag}&quot;".encode())
            if request.method == "HEAD":
                return *head, b""
            if request.headers.get("range") == "bytes=0-0" and by_range:
                return by_range
            return answer(request) if callable(answer) else answer

        with LyingServer(handle) as server:
            shell = Shell(tmp_path, server.tool_environment(2), seconds=30)
            words = ["--all", "s3://b"] if listed is not None else ["s3://b", "k"]
            got = shell.tool("s3-get-lines", "--raw", "--exact", *options, *words).expect(status)
            got.journal = [request for request in server.journal if "list-type" not in request.query]
            return got

    return get


def sized(size, fields=ETAG):
    return 200, fields | {"Content-Length": str(size)}


def chunked(fields, body):
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"HTTP/1.1 200 OK\r\n{lines}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
    return lambda request: iter([head, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)])


def test_identity_is_requested(get):
    got = get((200, ETAG, TEXT), listed=len(TEXT))
    assert [request.headers["accept-encoding"] for request in got.journal] == ["identity"]


@pytest.mark.parametrize("fields", [CODED, CODED | {"ETag": 'W/"e"'}, CODED | {"ETag": '"e-gzip"'}],
                         ids=["strong", "weak", "added to"])  # fmt: skip
@pytest.mark.parametrize("listed", [None, len(TEXT)], ids=["named", "listed"])
@pytest.mark.parametrize("has_length", [True, False], ids=["length", "chunks"])
def test_compression_in_transit_is_undone(get, fields, listed, has_length):
    answer = (200, fields, PACKED) if has_length else chunked(fields, PACKED)
    got = get(answer, sized(len(TEXT)), listed)
    assert got.stdout == TEXT
    assert [request.method for request in got.journal] == ["GET", "HEAD"]


def test_stored_compression_is_kept(get):
    got = get((200, CODED, PACKED), listed=len(PACKED))
    assert got.stdout == PACKED and len(got.journal) == 1
    for answer in ((200, CODED, PACKED), chunked(CODED, PACKED)):
        assert get(answer, sized(len(PACKED), CODED)).stdout == PACKED
    # Compressed once more.
    twice = CODED | {"Content-Encoding": "gzip, gzip"}
    assert get((200, twice, gzip.compress(PACKED)), sized(len(PACKED), CODED)).stdout == PACKED


@pytest.mark.parametrize("head", [(200, CODED), (403, {})], ids=["compressed as well", "refused"])
def test_a_byte_range_decides_if_head_does_not(get, head):
    stored = ETAG | {"Content-Range": f"bytes 0-0/{len(TEXT)}"}
    got = get((200, CODED, PACKED), head, by_range=(206, stored, TEXT[:1]))
    assert got.stdout == TEXT
    assert [request.method for request in got.journal] == ["GET", "HEAD", "GET"]
    stored = CODED | {"Content-Range": f"bytes 0-0/{len(PACKED)}"}
    assert get((200, CODED, PACKED), head, by_range=(206, stored, PACKED[:1])).stdout == PACKED


def test_one_connection_is_enough_to_find_the_coding(get):
    assert get((200, CODED, PACKED), sized(len(TEXT)), options=["--max-connections", "1"]).stdout == TEXT


def test_a_decompressed_download_resumes_after_a_lost_connection(get):
    """Offsets are those of the stored object, not of the compressed response."""
    large = b"".join(b"%d\n" % (number * 7919) for number in range(100_000))
    packed, cuts = gzip.compress(large), [1]

    def answer(request):
        if found := request.headers.get("range"):
            first = int(found[6:].split("-")[0])
            span = {"Content-Range": f"bytes {first}-{len(large) - 1}/{len(large)}"}
            return 206, ETAG | span, large[first:]
        if cuts:
            cuts.pop()
            head = f'HTTP/1.1 200 OK\r\nETag: W/"e"\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n'
            return iter([head.encode(), packed[: len(packed) // 2]])
        return 200, CODED, packed

    got = get(answer, sized(len(large)))
    assert got.stdout == large
    assert any("range" in request.headers for request in got.journal)


BROTLI = ETAG | {"Content-Encoding": "br"}


@pytest.mark.parametrize(
    "answer, head",
    [
        ((200, BROTLI, b"\x0b\x02\x80abc\x03"), sized(3)),
        ((200, CODED | {"Content-Encoding": "deflate"}, zlib.compress(TEXT)), sized(len(TEXT))),
        ((200, CODED, PACKED[:-9]), sized(len(TEXT))),
        ((200, CODED, b"not gzip"), sized(8)),
        ((200, CODED, gzip.compress(TEXT[:-8])), sized(len(TEXT))),
        ((200, CODED, PACKED), (403, {})),
        ((200, CODED, PACKED), (404, {})),
        ((200, CODED, PACKED), (200, CODED)),
        (chunked(CODED, PACKED), sized(len(PACKED) + 1, CODED)),
        ((200, CODED, PACKED), sized(len(PACKED) - 1, CODED)),
        ((200, CODED, PACKED), sized(len(TEXT), ETAG | {"ETag": '"other"'})),
    ],
)
def test_an_unknown_coding_is_an_error(get, answer, head):
    got = get(answer, head, status=1)
    assert got.stdout == b"" and got.message.startswith("s3-get-lines: k: GetObject: ")


@pytest.mark.parametrize("size", [len(TEXT) - 1, len(TEXT) + 1, 0])
@pytest.mark.parametrize("answer", [(200, ETAG, TEXT), chunked(ETAG, TEXT)], ids=["length", "chunks"])
def test_a_wrong_listed_size_is_an_error(get, answer, size):
    got = get(answer, sized(len(TEXT)), listed=size, status=1)
    assert got.stdout == b""
    assert "received" in got.message or "expected an object of" in got.message


@pytest.mark.parametrize("head", [sized(len(PACKED), CODED), sized(len(PACKED)), (403, {})],
                         ids=["says so", "says a length", "says nothing"])  # fmt: skip
def test_decompression_in_transit_is_an_error(get, head):
    """nginx does this if `gunzip` is on: it sends no length, and a weak tag."""
    got = get(chunked(ETAG | {"ETag": 'W/"e"'}, TEXT), head, status=1)
    assert [request.method for request in got.journal][:2] == ["GET", "HEAD"]
    assert get(chunked(ETAG | {"ETag": 'W/"e"'}, TEXT), listed=len(PACKED), status=1)


def test_a_weak_tag_without_a_length_may_be_valid(get):
    assert get(chunked(ETAG | {"ETag": 'W/"e"'}, TEXT), sized(len(TEXT), ETAG)).stdout == TEXT


def test_googles_stored_size_is_compared(get):
    stored = ETAG | {"x-goog-stored-content-length": str(len(PACKED)), "x-goog-stored-content-encoding": "gzip"}
    assert "received" in get(chunked(stored, TEXT), status=1).message
    assert "expected an object of" in get((200, stored, TEXT), status=1).message
    assert get((200, stored | {"Content-Encoding": "gzip"}, PACKED), sized(len(PACKED), CODED)).stdout == PACKED


def test_an_object_replaced_after_it_was_listed_is_read(get):
    assert get((200, ETAG, TEXT), listed=5, tag="older").stdout == TEXT


def test_a_listing_compressed_in_transit_is_decompressed(tmp_path):
    def handle(request):
        if "list-type" in request.query:
            return 200, {"Content-Encoding": "gzip"}, gzip.compress(page(["k"], size=2))
        return 200, ETAG, b"1\n"

    with LyingServer(handle) as server:
        shell = Shell(tmp_path, server.tool_environment(2), seconds=30)
        assert shell.tool("s3-get-lines", "--all", "s3://b").expect().stdout == b"1\n"
