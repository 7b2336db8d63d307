"""Refusals: temporary ones are retried, and the attempts are limited; permanent ones are reported at once. The journal
shows the number and times of attempts, and that each has the same body."""

import re

import pytest
from fault_proxy import Rule, s3_error
from faults import OBJECT

TRANSIENT = {
    "500": Rule("answer", status=500),
    "502": Rule("answer", status=502, body=b"<html>Bad Gateway</html>"),
    "503": Rule("answer", status=503, body=b"no healthy upstream"),
    "504": Rule("answer", status=504),
    "InternalError": s3_error(500, "InternalError"),
    "ServiceUnavailable": s3_error(503, "ServiceUnavailable"),
    "RequestTimeout": s3_error(400, "RequestTimeout"),
    "RequestTimeoutException": s3_error(400, "RequestTimeoutException"),
    "PriorRequestNotComplete": s3_error(400, "PriorRequestNotComplete"),
    "BadDigest": s3_error(400, "BadDigest"),
    "IncompleteBody": s3_error(400, "IncompleteBody"),
}
THROTTLING = {
    "429": Rule("answer", status=429),
    "SlowDown": s3_error(503, "SlowDown"),
    "Throttling": s3_error(400, "Throttling"),
    "ThrottlingException": s3_error(400, "ThrottlingException"),
    "RequestLimitExceeded": s3_error(503, "RequestLimitExceeded"),
    "TooManyRequestsException": s3_error(400, "TooManyRequestsException"),
}
# The exit status once all attempts have failed.
STATUS = {
    "500": 69, "502": 69, "503": 69, "504": 69, "InternalError": 69, "ServiceUnavailable": 69,
    "PriorRequestNotComplete": 69, "RequestTimeout": 75, "RequestTimeoutException": 75,
    "BadDigest": 76, "IncompleteBody": 76,
}  # fmt: skip
FINAL = {
    "403 AccessDenied": 77, "403 InvalidAccessKeyId": 77, "403 SignatureDoesNotMatch": 77, "400 ExpiredToken": 77,
    "400 InvalidToken": 77, "404 NoSuchBucket": 66, "400 InvalidArgument": 1, "405 MethodNotAllowed": 1,
    "400 EntityTooLarge": 1, "501 NotImplemented": 1, "403 UserSuspended": 77, "403 QuotaExceeded": 1,
    "403 AccountProblem": 77, "400 XMinioAdminBucketQuotaExceeded": 1, "413 RequestTooLarge": 1,
}  # fmt: skip


def again(rule, **changes):
    """A fresh copy of a rule."""
    fields = {name: getattr(rule, name) for name in ("status", "headers", "body")}
    return Rule("answer", **fields, **changes)


def assert_same_bytes(requests):
    assert len({(each.target, each.sha256, each.headers["x-amz-content-sha256"]) for each in requests}) == 1


@pytest.mark.parametrize("name", TRANSIENT)
def test_temporary_errors_are_retried(faulty, name):
    faulty.rules += [again(TRANSIENT[name], method=method, times=2) for method in ("PUT", "GET")]
    assert faulty.put(b"k\tdata\n").lines == ["k"]
    assert faulty.get("k").stdout == b"data\n"
    puts = faulty.requests("PUT")
    assert [each.fault for each in puts] == ["answer", "answer", None]
    assert [each.fault for each in faulty.requests("GET")] == ["answer", "answer", None]
    assert_same_bytes(puts)
    assert puts[0].length == 5


@pytest.mark.parametrize("name", TRANSIENT)
def test_attempts_are_limited(faulty, name):
    faulty.attempts(3)
    faulty.rules += [again(TRANSIENT[name], method=method, times=None) for method in ("PUT", "GET")]
    put = faulty.put(b"k\tdata\n", status=STATUS[name])
    assert put.stdout == b"" and "k: 1 line from line 1" in put.message and "3 attempts" in put.message
    assert len(faulty.requests("PUT")) == 3
    got = faulty.get("k", status=1)
    assert "k: GetObject: " in got.message and "3 attempts" in got.message
    assert len(faulty.requests("GET")) == 3
    if not name.isdigit():
        assert name in put.message and "on purpose" in put.message


@pytest.mark.parametrize("name", THROTTLING)
def test_throttling_is_retried_or_is_75(faulty, name):
    faulty.attempts(2)
    faulty.rules.append(again(THROTTLING[name], method="PUT", target="/passes"))
    faulty.rules.append(again(THROTTLING[name], method="PUT", target="/stays", times=None))
    put = faulty.put(b"passes\tdata\nstays\tdata\n", status=75)
    assert put.lines == ["passes"] and "stays: 1 line from line 2" in put.message
    assert len(faulty.requests("PUT", "/stays")) == 2


@pytest.mark.parametrize("name", FINAL)
def test_permanent_errors_are_reported_at_once(faulty, name):
    status, code = name.split()
    faulty.rules.append(s3_error(int(status), code, method="PUT", times=None))
    put = faulty.put(b"k\tdata\n", status=FINAL[name])
    assert code in put.message and "k: 1 line" in put.message and "attempts" not in put.message
    assert len(faulty.requests("PUT")) == 1 and faulty.bucket.keys() == []


@pytest.mark.parametrize("body", [b"<html>Console</html>", b""])
def test_a_web_servers_page_is_not_an_object(faulty, body):
    """For instance the port of a web console next to the intended one."""
    faulty.rule("answer", method="GET", status=200, body=body, times=None)
    got = faulty.get("k", status=1)
    assert got.stdout == b"" and "not from S3" in got.message
    faulty.rules[0].headers = (("x-amz-request-id", "1"),)
    assert faulty.get("k", options=["--exact"]).stdout == body


def test_max_attempts_counts_the_first(faulty):
    faulty.attempts(1)
    faulty.rule("answer", method="PUT", times=None)
    faulty.put(b"k\tdata\n", status=69)
    assert len(faulty.requests("PUT")) == 1
    faulty.put(b"k\tdata\n", "--max-attempts", "2", status=69)
    assert len(faulty.requests("PUT")) == 3


def test_the_services_retry_delay_is_honored(faulty):
    headers = (("x-amz-retry-after", "700"),)
    faulty.rule("answer", method="PUT", status=503, headers=headers, times=2)
    faulty.put(b"k\tdata\n")
    times = [each.time for each in faulty.requests("PUT")]
    assert all(after - before >= 0.7 for before, after in zip(times, times[1:])), times


def test_a_storm_of_slow_downs_shrinks_concurrency_and_passes(faulty):
    """All objects are stored, receipts are in order, and --verbose shows the limit of concurrent requests: it shrinks
    and then grows again."""
    faulty.attempts(10)
    faulty.rules.append(s3_error(503, "SlowDown", method="PUT", times=60))
    records = b"".join(b"k%03d\t%d\n" % (number, number) for number in range(200))
    put = faulty.put(records, "--verbose", "--max-connections", "32")
    assert put.lines == [f"k{number:03d}" for number in range(200)]
    widths = [
        int(width) for width in re.findall(r"SlowDown; retry in \d+ ms, at most (\d+) requests at once", put.message)
    ]
    assert len(widths) == 60 and widths[0] == 16 and min(widths) < 16
    widths = [int(width) for width in re.findall(r"PutObject: 200, .* ms: at most (\d+) requests at once", put.message)]
    assert widths[-1] > min(widths)
    assert faulty.bucket.keys() == put.lines
    assert len(faulty.requests("PUT")) == 260
    peak = int(re.search(r"objects, .*/s, (\d+) at once$", put.message, re.MULTILINE)[1])
    assert max(widths) <= peak <= 32


def test_there_are_no_more_requests_than_descriptors(faulty):
    """If the limit of open files is this low, the number of concurrent requests is reduced, whether it is the default
    or an option, and nothing fails."""
    faulty.bucket.fill({f"k{number:03d}": b"data %d\n" % number for number in range(200)})
    keys = " ".join(f"k{number:03d}" for number in range(200))
    for options in "", "--max-connections 100":
        script = f"ulimit -n 40; exec s3-get-lines --verbose {options} {faulty.location} {keys}"
        got = faulty.shell.run(script, shell=("bash", "-c")).expect()
        assert got.lines == [f"data {number}" for number in range(200)]
        assert int(re.search(r"objects, .*/s, (\d+) at once$", got.message, re.MULTILINE)[1]) <= 16


def test_a_failed_object_does_not_hold_up_others(faulty):
    for number in range(10):
        faulty.bucket.put(f"k{number}", b"data %d\n" % number)
    faulty.rules.append(s3_error(403, "AccessDenied", method="GET", target="/k5$", times=None))
    got = faulty.get(*[f"k{number}" for number in range(10)], status=1)
    assert got.lines == [f"data {number}" for number in range(10) if number != 5]
    assert "k5: " in got.message and "missing key" in got.message


def test_damage_in_transit_is_detected_by_the_service(strict):
    """The signature covers the body's hash, so the service refuses a flipped bit, and the object is sent again."""
    faulty = strict
    faulty.rule("flip upload", method="PUT", times=2)
    records = b"".join(b"k\t" + line + b"\n" for line in OBJECT.splitlines())
    assert faulty.put(records).lines == ["k"]
    assert faulty.bucket.get("k") == OBJECT
    assert len(faulty.requests("PUT")) == 3


def test_messages_of_a_service_cannot_move_the_cursor(faulty):
    body = "<Error><Code>Evil</Code><Message>a\x9b2Jb&#10;s3-put-lines: all is well\u202e</Message></Error>"
    faulty.rule("answer", method="PUT", status=400, body=body.encode())
    message = faulty.put(b"k\tdata\n", status=1).message
    assert len(message.splitlines()) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", message)
    assert r"a\x9B2Jb\ns3-put-lines: all is well" in message
