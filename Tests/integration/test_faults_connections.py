"""Connections that are refused, reset, cut or reused: stored and read data is complete, and no request is applied twice
that must not be."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Shell
from fault_proxy import Rule
from faults import OBJECT, large
from lying_server import LyingServer, environment

RECORDS = b"a\t1\nb\t2\nc\t3\n"


def assert_stored(faulty, put):
    assert put.lines == ["a", "b", "c"]
    assert [faulty.bucket.get(key) for key in "abc"] == [b"1\n", b"2\n", b"3\n"]
    assert faulty.bucket.keys() == ["a", "b", "c"]


@pytest.fixture
def shell_of(tmp_path):
    """A shell whose tools use a lying server, with one attempt per request."""

    def shell(server):
        return Shell(tmp_path, environment(1, AWS_ENDPOINT_URL=server.endpoint), 30)

    return shell


@pytest.mark.parametrize("tool", ["put", "get"])
def test_a_service_may_start_during_the_retries(faulty, tool):
    faulty.attempts(10)
    faulty.bucket.put("k", OBJECT)
    faulty.proxy.stop()
    timer = threading.Timer(0.3, faulty.proxy.start)
    timer.start()
    if tool == "put":
        assert_stored_after = faulty.put(RECORDS)
        faulty.bucket.client.delete_object(Bucket=faulty.bucket.name, Key="k")
        assert_stored(faulty, assert_stored_after)
    else:
        assert faulty.get("k").stdout == OBJECT
    timer.join()


def test_an_unreachable_service_is_69_after_all_attempts(faulty):
    faulty.attempts(3)
    faulty.proxy.stop()
    put = faulty.put(RECORDS, status=69)
    assert put.stdout == b"" and "3 attempts" in put.message
    assert f"127.0.0.1 port {faulty.proxy.port}" in put.message
    assert faulty.get("a", status=69).stdout == b""
    faulty.proxy.start()


@pytest.mark.parametrize(
    ("scheme", "variable"),
    [("http", "http_proxy"), ("http", "all_proxy"), ("http", "ALL_PROXY"), ("https", "https_proxy"),
     ("https", "HTTPS_PROXY")])
def test_the_proxies_of_curls_variables_are_used(shell, scheme, variable):
    settings = {"AWS_ENDPOINT_URL_S3": f"{scheme}://service.invalid", variable: "http://127.0.0.1:1"}
    get = ["s3-get-lines", "--max-attempts", "1", "--no-sign-request", "s3://bucket", "k"]
    message = shell.with_environment(**settings).tool(*get).expect(69).message
    assert f"proxy 127.0.0.1:1 ({variable}): " in message and "127.0.0.1 port 1" in message
    settings["no_proxy"] = "service.invalid"
    message = shell.with_environment(**settings).tool(*get).expect(69).message
    assert "resolve host: service.invalid" in message and "proxy" not in message


def test_resets_of_fresh_connections_are_retried(faulty):
    faulty.rule("close", method="HEAD")
    faulty.rule("reset", method="PUT", reused=False, times=5)
    assert_stored(faulty, faulty.put(RECORDS))


def test_resets_of_reused_connections_are_retried(faulty):
    """libcurl itself sends a request again if a reused connection ends without a response."""
    faulty.rule("reset", method="PUT", reused=True, times=2)
    assert_stored(faulty, faulty.put(RECORDS, "--max-connections", "1"))


@pytest.mark.parametrize("reused", [False, True])
def test_an_upload_that_was_reset_is_sent_again(faulty, reused):
    if not reused:
        faulty.rule("close", method="HEAD")
    faulty.rule("reset", method="PUT", reused=reused, at=500_000, times=1)
    records = b"".join(b"k\t" + line + b"\n" for line in OBJECT.splitlines())
    assert faulty.put(records).lines == ["k"]
    assert faulty.bucket.get("k") == OBJECT
    cut, whole = faulty.requests("PUT")
    assert cut.length < whole.length == len(OBJECT) and not cut.forwarded


@pytest.mark.parametrize("reused", [False, True])
def test_a_put_whose_answer_was_lost_is_sent_again(faulty, reused):
    """An unconditional PUT is sent again: the second one has the same effect."""
    if not reused:
        faulty.rule("close", method="HEAD")
    faulty.rule("lose answer", method="PUT", reused=reused)
    assert_stored(faulty, faulty.put(RECORDS, "--max-connections", "1"))
    bodies = [(each.path, each.sha256) for each in faulty.requests("PUT")]
    assert len(bodies) == 4 and len(set(bodies)) == 3


def test_connections_may_close_after_each_response(faulty):
    faulty.rule("close", times=None)
    assert_stored(faulty, faulty.put(RECORDS))
    assert faulty.get("a", "b", "c").stdout == b"1\n2\n3\n"


@pytest.mark.parametrize("fault", ["cut", "cut by reset", "unfinished chunks"])
def test_truncated_bodies_are_resumed(faulty, fault):
    """A download resumes where it stopped: the rest is requested as a range of the same version."""
    faulty.bucket.put("k", OBJECT)
    faulty.rule(fault, method="GET", at=0.4, times=2)
    assert faulty.get("k").stdout == OBJECT
    first, second, third = faulty.requests("GET")
    assert "range" not in first.headers and "if-match" not in first.headers
    if fault == "cut":
        start = int(len(OBJECT) * 0.4)
        assert second.headers["range"] == f"bytes={start}-"
        start += int((len(OBJECT) - start) * 0.4)
        assert third.headers["range"] == f"bytes={start}-"
    assert second.headers["if-match"] == third.headers["if-match"]


def test_a_download_that_makes_progress_is_never_given_up(faulty):
    """More connections are lost than attempts are allowed, but each has made progress."""
    faulty.attempts(2)
    faulty.bucket.put("k", OBJECT)
    faulty.rule("cut", method="GET", at=100_000, times=9)
    assert faulty.get("k").stdout == OBJECT
    starts = [int(each.headers["range"][6:-1]) for each in faulty.requests("GET")[1:]]
    assert starts == [100_000 * number for number in range(1, 10)]


def test_a_download_without_progress_is_given_up(faulty):
    faulty.attempts(3)
    faulty.bucket.put("k", OBJECT)
    faulty.rule("cut", method="GET", at=0, times=None)
    got = faulty.get("k", status=1)
    assert got.stdout == b"" and "3 attempts" in got.message
    assert len(faulty.requests("GET")) == 3


def test_stalled_requests_time_out_and_are_retried(faulty):
    """Stalls before the first byte of a response, within one, and while a part is sent; in parallel."""
    data = large(12 << 20)
    faulty.bucket.put("k", OBJECT)
    faulty.rule("stall", method="PUT", target="/a$")
    faulty.rule("stall body", method="GET", target="/k$")
    faulty.rule("stall upload", method="PUT", target="partNumber=1&", at=1)
    records = b"a\t1\n" + b"".join(b"large\t" + line + b"\n" for line in data.splitlines())
    with ThreadPoolExecutor() as together:
        put = together.submit(faulty.put, records, "--part-size", "12M", "--timeout", "3s")
        got = together.submit(faulty.get, "k", options=["--timeout", "3"])
    assert put.result().lines == ["a", "large"] and got.result().stdout == OBJECT
    assert faulty.bucket.get("a") == b"1\n" and faulty.bucket.get("large") == data
    for method, target in (("PUT", "/a$"), ("GET", "/k$"), ("PUT", "partNumber=1&")):
        stalled, again = faulty.requests(method, target)
        assert 3 <= again.time - stalled.time
    assert faulty.requests("GET")[1].headers["range"] == f"bytes={len(OBJECT) // 2}-"


def test_a_service_that_stays_silent_is_75(faulty):
    faulty.attempts(1)
    faulty.rule("stall", method="PUT", times=None)
    put = faulty.put(b"k\tdata\n", "--timeout", "1s", status=75)
    assert "k: 1 line from line 1: PutObject: no data in either direction for 1 s" in put.message


def test_complete_may_take_longer_than_the_timeout(faulty):
    faulty.rule("none", method="POST", target=r"\?uploadId=", delay=4)
    data = large(6 << 20)
    assert faulty.put_object("large", data, "--timeout", "1s").lines == ["large"]
    assert len(faulty.requests("POST", r"\?uploadId=")) == 1 and faulty.bucket.get("large") == data


@pytest.mark.parametrize("seconds", [0.6, 1.2])
def test_occasional_bytes_prevent_a_timeout(shell_of, seconds):
    """White space before a listing keeps the connection alive."""
    page = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    def slowly(request):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nx-amz-request-id: 1\r\n\r\n" % (len(page) + 4)
        for _ in range(4):
            time.sleep(seconds)
            yield b" "
        yield page

    with LyingServer(slowly) as server:
        shell_of(server).tool("s3-get-lines", "--all", "--timeout", "2s", "s3://b").expect()
        assert len(server.journal) == 1


def test_an_invalid_timeout_is_64(plain_shell):
    for value in ("0", "999ms", "-1", "soon"):
        assert "--timeout" in plain_shell.tool("s3-get-lines", "--timeout", value, "s3://b", "k").expect(64).message


def test_nothing_expects_a_100_continue(faulty):
    faulty.rule("no continue", times=None)
    records = b"".join(b"k\t" + line + b"\n" for line in OBJECT.splitlines())
    faulty.put(records)
    assert faulty.get("k").stdout == OBJECT
    assert not any("expect" in each.headers for each in faulty.proxy.journal)


def test_a_slow_body_is_read_to_its_end(faulty):
    faulty.bucket.put("k", OBJECT[:3250])
    faulty.rule("trickle", method="GET", at=6400)
    assert faulty.get("k").stdout == OBJECT[:3250]


def test_a_slow_response_delays_no_other_request(faulty):
    """One of two connections waits; all other requests use the other one, and receipts keep their order."""
    faulty.rules.append(Rule("none", method="PUT", target="/k0$", delay=0.5))
    records = b"".join(b"k%d\t%d\n" % (number, number) for number in range(20))
    put = faulty.put(records, "--max-connections", "2")
    assert put.lines == [f"k{number}" for number in range(20)]
    last = [each.path[-2:] for each in faulty.requests("PUT")].index("k9")
    assert faulty.requests("PUT")[last].time < 0.5 + faulty.requests("PUT", "/k0$")[0].time


@pytest.mark.parametrize("limit", ["-n 30", "-S -n 12"])
def test_a_low_limit_of_descriptors_fails_no_request(faulty, limit):
    """The tool raises a soft limit; a hard limit reduces the number of connections instead of making them fail."""
    faulty.attempts(1)
    faulty.rules.append(Rule("none", method="PUT", delay=0.05, times=None))
    records = b"".join(b"k%03d\t%d\n" % (number, number) for number in range(100))
    script = "ulimit {}; exec s3-put-lines {} | sort", "ulimit {}; exec s3-get-lines {}"
    put = faulty.shell.run(script[0].format(limit, faulty.location), stdin=records).expect()
    assert put.lines == [f"k{number:03d}" for number in range(100)]
    got = faulty.shell.run(script[1].format(limit, faulty.location), stdin=put.stdout).expect()
    assert got.lines == [str(number) for number in range(100)]
    used = {each.connection for each in faulty.requests("PUT")}
    assert len(used) > 12 if limit.startswith("-S") else len(used) <= 30
