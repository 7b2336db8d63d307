"""Regions, clocks and redirects: a correction by the service is applied once, by signing again for the same host, and
no request goes to another host."""

import email.utils
import re
import time

import pytest
from conftest import Shell
from lying_server import LyingServer, environment, error

RIGHT = "eu-west-3"
RECORDS = b"a\t1\nb\t2\n"


def from_301(request):
    return 301, {"x-amz-bucket-region": RIGHT, "Location": "https://evil.invalid/"}, error("PermanentRedirect")


def from_307(request):
    headers = {"x-amz-bucket-region": RIGHT, "Location": "https://evil.invalid/"}
    return 307, headers, error("TemporaryRedirect")


def from_malformed(request):
    if request.method == "HEAD":  # a response to HEAD has no body for the error code
        return 400, {"x-amz-bucket-region": RIGHT}, b""
    return 400, {}, error("AuthorizationHeaderMalformed", more=f"<Region>{RIGHT}</Region>")


def from_header(request):
    return 400, {"x-amz-bucket-region": RIGHT}, error("IllegalLocationConstraintException")


def good(request):
    if request.method == "GET":
        return 200, {"ETag": '"e"'}, b"data\n"
    return 200, {"ETag": '"e"'}, b""


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path, environment(attempts=2), seconds=30)


def run(shell, server, tool, status=0):
    shell = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint)
    if tool == "put":
        return shell.tool("s3-put-lines", "--verbose", "s3://bucket", stdin=RECORDS).expect(status)
    return shell.tool("s3-get-lines", "--verbose", "s3://bucket", "a", "b").expect(status)


@pytest.mark.parametrize("tool", ["put", "get"])
@pytest.mark.parametrize("wrong", [from_301, from_307, from_malformed, from_header])
def test_a_region_is_corrected_by_signing_again(shell, tool, wrong):
    with LyingServer(lambda request: good(request) if request.region == RIGHT else wrong(request)) as server:
        finished = run(shell, server, tool)
    assert finished.lines == (["a", "b"] if tool == "put" else ["data", "data"])
    assert f"retry signed for region {RIGHT}" in finished.message
    regions = [request.region for request in server.journal]
    assert set(regions) == {"us-east-1", RIGHT} and regions[-1] == RIGHT
    if tool == "put":
        assert regions == ["us-east-1", RIGHT, RIGHT, RIGHT], "learned once for the whole run"


@pytest.mark.parametrize("tool", ["put", "get"])
def test_a_region_is_corrected_once(shell, tool):
    """Each response names the other region: the tool must not loop."""
    other = {"us-east-1": "eu-west-1", "eu-west-1": "us-east-1"}

    def swap(request):
        return 400, {"x-amz-bucket-region": other[request.region]}, error("AuthorizationHeaderMalformed")

    with LyingServer(swap) as server:
        run(shell, server, tool, status=78)
    assert len(server.journal) <= 4


EVIL = ["evil.invalid/", "a.b", "eu-west-3@evil.invalid", "x" * 64, "", "eu west", "eu%2Fwest", "é", "a_b"]


@pytest.mark.parametrize("region", EVIL)
@pytest.mark.parametrize("place", ["header", "body"])
def test_an_invalid_region_is_not_used(shell, region, place):
    def lie(request):
        if request.method == "HEAD":
            return 200, {}, b""
        if place == "header":
            return (
                400,
                {"x-amz-bucket-region": region.encode().decode("latin-1")},
                error("AuthorizationHeaderMalformed"),
            )
        return 400, {}, error("AuthorizationHeaderMalformed", more=f"<Region>{region}</Region>")

    with LyingServer(lie) as server:
        run(shell, server, "get", status=78)
        run(shell, server, "put", status=78)
    assert {request.region for request in server.journal} == {"us-east-1"}
    assert all(request.headers["host"] == f"127.0.0.1:{server.port}" for request in server.journal)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("tool", ["put", "get"])
def test_redirects_are_never_followed(shell, tool, status):
    """The other host gets no request, and no signature."""
    with LyingServer(good) as other:
        target = other.endpoint + "/bucket/a"
        with LyingServer(lambda request: (status, {"Location": target}, b"<html/>")) as server:
            finished = run(shell, server, tool, status=76)
    assert other.journal == []
    assert "not from S3" in finished.message and target in finished.message


@pytest.mark.parametrize("minutes", [-20, 20])
@pytest.mark.parametrize("tool", ["put", "get"])
def test_a_wrong_clock_is_corrected_once_for_the_run(shell, tool, minutes):
    def strict(request):
        now = time.time() + minutes * 60
        signed = time.mktime(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(signed - now) > 900:
            headers = {"Date": email.utils.formatdate(now, usegmt=True)}
            return 403, headers, error("RequestTimeTooSkewed")
        return good(request)

    def no_body_for_head(request):
        # A response to HEAD cannot give the reason for 403.
        return good(request) if request.method == "HEAD" else strict(request)

    with LyingServer(no_body_for_head) as server:
        finished = run(shell, server, tool)
    assert finished.lines == (["a", "b"] if tool == "put" else ["data", "data"])
    offset = re.search(r"clock (-?\d+) s ahead", finished.message)
    assert abs(int(offset[1]) - minutes * 60) <= 2


def test_a_clock_that_cannot_be_corrected_is_77(shell):
    def skewed(request):
        if request.method == "HEAD":
            return good(request)
        return 403, {"Date": "Sat, 01 Jan 2000 00:00:00 GMT"}, error("RequestTimeTooSkewed")

    with LyingServer(skewed) as server:
        finished = run(shell, server, "put", status=77)
    assert "RequestTimeTooSkewed" in finished.message
    # Both objects may have been in flight before the first response arrived.
    assert len(server.journal) <= 1 + 4


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Foo 2026 00:00:00 GMT", "Sat, 01 Jan 99999 00:00:00 GMT"])
def test_an_invalid_date_corrects_nothing(shell, date):
    def skewed(request):
        return good(request) if request.method == "HEAD" else (403, {"Date": date}, error("RequestTimeTooSkewed"))

    with LyingServer(skewed) as server:
        run(shell, server, "put", status=77)
    assert len(server.journal) <= 3


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"* OK IMAP4 ready\r\n",
        b"HTTP/0.9\r\n",
        b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b'HTTP/1.1 200 OK\r\nETag: "a\x00b"\r\nContent-Length: 5\r\n\r\ndata\n',
        b"\x00" * 100,
        b"",
    ],
)
def test_a_protocol_other_than_http_is_an_error(shell, answer):
    def lie(request):
        yield answer

    with LyingServer(lie) as server:
        got = run(shell, server, "get", status=None)
        put = run(shell, server, "put", status=None)
    assert got.stdout == put.stdout == b""
    assert got.status == 1 and put.status in (69, 76)
