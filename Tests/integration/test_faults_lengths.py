"""Responses with wrong lengths: headers that are contradictory or missing, and bodies that contradict them. Status 0
never comes with truncated data."""

import pytest
from conftest import Shell
from lying_server import LyingServer, page

CHUNKS = b"6\r\nabcde\n\r\n0\r\n\r\n"
TAGGED = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nx-amz-request-id: r\r\n'


@pytest.fixture
def get(tmp_path):
    """Runs s3-get-lines on a server with the handler `handle`."""

    def get(handle, *words, status):
        with LyingServer(handle) as server:
            shell = Shell(tmp_path, server.tool_environment(2), seconds=30)
            got = shell.tool("s3-get-lines", *words).expect(status)
            got.journal = server.journal
            return got

    return get


LIES = {
    "a length beside chunks": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "a longer length beside chunks": b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n" + CHUNKS,
    "two lengths": b"Content-Length: 6\r\nContent-Length: 3\r\n\r\nabcde\n",
    "two lengths, the shorter first": b"Content-Length: 3\r\nContent-Length: 6\r\n\r\nabcde\n",
    "two lengths in one field": b"Content-Length: 3,6\r\n\r\nabcde\n",
    "a coding that no one asked for": b"Transfer-Encoding: gzip\r\n\r\nabc",
    "an unknown coding": b"Transfer-Encoding: x-cut\r\n\r\nabc",
    "no length": b"\r\nabc",
}


@pytest.mark.parametrize("words", [["k"], ["--unordered", "k"], ["--bytes", "k"]], ids=" ".join)
@pytest.mark.parametrize("lie", LIES)
def test_an_object_with_a_wrong_length_fails(get, lie, words):
    if "--bytes" in words:
        words = ["--raw", "--exact", "k"]
    got = get(lambda request: iter([TAGGED + LIES[lie]]), *words[:-1], "s3://b", words[-1], status=1)
    assert got.stdout == b""
    assert len(got.journal) >= 2, "not tried again"
    assert "the response may be incomplete" in got.message


@pytest.mark.parametrize("lie", LIES)
def test_a_temporary_wrong_length_is_retried(get, lie):
    lies = [TAGGED + LIES[lie]]
    truth = TAGGED + b"Content-Length: 6\r\nConnection: close\r\n\r\nabcde\n"
    got = get(lambda request: iter([lies.pop() if lies else truth]), "s3://b", "k", status=0)
    assert got.stdout == b"abcde\n"
    assert len(got.journal) == 2


def test_a_listing_with_a_wrong_length_is_refused(get):
    body = page(["p/aaaa"])
    lie = b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    get(lambda request: iter([b"HTTP/1.1 200 OK\r\n" + lie]), "--all", "s3://b/p/", status=76)


@pytest.mark.parametrize("line", [b"HTTP/X: y", b"HTTP/2 404: no", b"HTTP/1.1 503: Slow Down"])
def test_a_header_that_looks_like_a_status_line_is_not_one(get, line):
    answer = TAGGED + line + b"\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcde\n"
    assert get(lambda request: iter([answer]), "s3://b", "k", status=0).stdout == b"abcde\n"


def test_trailers_are_not_headers(get):
    answer = TAGGED + b'Transfer-Encoding: chunked\r\n\r\n0\r\nETag: "other"\r\nHTTP/1.1 404: No\r\n\r\n'
    assert get(lambda request: iter([answer]), "s3://b", "k", status=0).stdout == b""
