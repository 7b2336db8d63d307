"""Messages contain the service's reason and helpful advice, and nothing that is wrong."""

import socket

import pytest
from conftest import Shell
from lying_server import LyingServer, environment, error

HINT = "S3 answers this for a missing key, too"
PAGE = b"<!DOCTYPE html>\n<html><head><TITLE>403\n Forbidden</TITLE></head><body>no</body></html>"
KMS = "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on this resource"
PUT = ["s3-put-lines", "s3://bucket"]
GET = ["s3-get-lines", "s3://bucket", "k"]
LIST = ["s3-get-lines", "--all", "s3://bucket"]
RECORDS = b"k\tv\nl\tv\n"


@pytest.fixture
def ask(tmp_path):
    """Runs a tool against a server that gives all requests the same response; HEAD of the bucket succeeds."""

    def ask(words, status, headers, body, stdin=RECORDS, attempts=2, answers_head=False):
        def handle(request):
            if request.method == "HEAD" and not answers_head:
                return 200, {}, b""
            return status, headers, body

        with LyingServer(handle) as server:
            shell = Shell(tmp_path, server.tool_environment(attempts), seconds=30)
            finished = shell.tool(*words, stdin=stdin)
            finished.journal = server.journal
        return finished

    return ask


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (error("AccessDenied", "Access Denied"), {}),
        (error("AccessDenied", ""), {}),
        (error("AccessDenied", "User: u is not authorized to perform: s3:ListBucket on resource: b"), {}),
        (b"", {"x-amz-request-id": "1"}),
        (b"", {}),
    ],
)
def test_a_refusal_hints_at_a_missing_key(ask, body, headers):
    message = ask(GET, 403, headers, body).expect(1).message
    assert HINT in message and ": ;" not in message


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDenied", KMS),
        ("AccessDenied", "The ciphertext refers to a customer master key that does not exist (KMS)"),
        ("AccessDenied", "User: u is not authorized to perform: s3:GetObject on resource: k"),
        ("KMS.DisabledException", "the key is disabled"),
        ("InvalidObjectState", "The operation is not valid for the object's storage class"),
        ("QuotaExceeded", ""),
        ("AllAccessDisabled", "All access to this object has been disabled"),
        ("InvalidPayer", ""),
    ],
)
def test_a_refusal_that_says_why_gets_no_other_reason(ask, code, text):
    message = ask(GET, 403, {}, error(code, text)).expect(1).message
    assert HINT not in message and code in message and ": ;" not in message


@pytest.mark.parametrize("words", [PUT, GET, LIST])
def test_a_suspended_user_ends_the_run(ask, words):
    finished = ask(words, 403, {}, error("UserSuspended", "")).expect(77)
    assert "UserSuspended" in finished.message and HINT not in finished.message
    assert len(finished.message.splitlines()) <= 2


@pytest.mark.parametrize("more", ["", "<StorageClass>GLACIER</StorageClass>"])
def test_an_archived_object_gets_advice_to_restore_it(ask, more):
    message = ask(GET, 403, {}, error("InvalidObjectState", "not valid", more)).expect(1).message
    assert "not valid; the object is archived" in message and "restore" in message
    assert ("(GLACIER)" in message) == bool(more)


def test_a_quota_fails_a_record_and_not_the_run(ask, tmp_path):
    words = ["s3-put-lines", "--each", "--reject", "rejected", "s3://bucket"]
    finished = ask(words, 403, {}, error("QuotaExceeded", "")).expect(1)
    assert sorted((tmp_path / "rejected").read_bytes().splitlines(True)) == RECORDS.splitlines(True)
    assert finished.message.count("QuotaExceeded") == 2


@pytest.mark.parametrize("status", [401, 403, 404, 405])
@pytest.mark.parametrize("words", [PUT, GET, LIST])
@pytest.mark.parametrize(
    ("body", "title"), [(PAGE, "403 Forbidden"), (b"Blocked by\r\nthe office\n", "Blocked by the office")]
)
def test_a_proxys_page_is_not_s3(ask, words, status, body, title):
    message = ask(words, status, {"Content-Type": "text/html"}, body).expect(76).message
    assert f"not from S3, it says '{title}'" in message and HINT not in message


@pytest.mark.parametrize("words", [PUT, GET, LIST])
def test_a_web_server_is_not_s3(ask, words):
    """The server responds with 404 to everything, including HEAD, whose response has no body that shows it is not
    S3."""
    page = b"<html><head><title>404 Not Found</title></head></html>"
    message = ask(words, 404, {"Content-Type": "text/html"}, page, answers_head=True).expect(76).message
    assert "not from S3" in message and "does not exist" not in message


def test_a_service_without_identifying_headers_is_trusted(ask):
    """HEAD leaves it open; the listing that follows shows that there is no bucket."""
    finished = ask(PUT, 404, {}, error("NoSuchBucket"), answers_head=True).expect(66)
    assert "bucket 'bucket' does not exist" in finished.message
    assert [request.method for request in finished.journal] == ["HEAD", "GET"]
    named = ask(PUT, 404, {"x-amz-request-id": "1"}, b"", answers_head=True).expect(66)
    assert [request.method for request in named.journal] == ["HEAD"]


@pytest.mark.parametrize("words", [["s3-put-lines", "s3://bucket", "k"], PUT])
@pytest.mark.parametrize(
    "body", [b"<html><title>413 Request Entity Too Large</title></html>", b"", error("EntityTooLarge")]
)
def test_a_too_large_request_is_reported_with_its_size(ask, words, body):
    message = ask(words, 413, {}, body).expect(1).message
    size = len(RECORDS) if words[-1] == "k" else 2
    assert f"the request had {size} bytes" in message and "--part-size" in message and "--min-part-size" in message


# Connection failures: reported at once, once, in one line.


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def plain():
    """A port with an http server."""
    with LyingServer(lambda request: (200, {}, b"")) as server:
        yield server


def assert_noticed(shell, words, *reasons):
    finished = shell.tool(*words, stdin=RECORDS).expect(69)
    first, *rest = finished.message.splitlines()
    assert all(reason in first for reason in reasons), finished.message
    assert "retrying, up to 3 attempts" in first
    assert len([line for line in rest if "retrying" in line]) == 0


@pytest.mark.parametrize("words", [PUT, GET, LIST])
def test_a_closed_port_is_reported_at_once(tmp_path, words):
    port = closed_port()
    shell = Shell(tmp_path, environment(3, AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{port}"), seconds=60)
    assert_noticed(shell, words, f"127.0.0.1 port {port}")


@pytest.mark.parametrize("words", [PUT, GET, LIST])
def test_an_unknown_host_is_reported_at_once(tmp_path, words):
    shell = Shell(tmp_path, environment(3, AWS_ENDPOINT_URL_S3="http://unknown.invalid"), seconds=60)
    assert_noticed(shell, words, "resolve host: unknown.invalid")


@pytest.mark.parametrize("words", [PUT, GET, LIST])
def test_https_to_an_http_port_is_reported_at_once(tmp_path, plain, words):
    endpoint = f"https://127.0.0.1:{plain.port}"
    shell = Shell(tmp_path, environment(3, AWS_ENDPOINT_URL_S3=endpoint), seconds=60)
    assert_noticed(shell, words, "TLS handshake failed", "the server seems to speak http://")


@pytest.mark.parametrize("proxy", ["http://u:secret@127.0.0.1:{}", "127.0.0.1:{}", "socks5h://127.0.0.1:{}/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_named(tmp_path, proxy, scheme):
    port = closed_port()
    settings = {"AWS_ENDPOINT_URL_S3": f"{scheme}://service.invalid", f"{scheme}_proxy": proxy.format(port)}
    shell = Shell(tmp_path, environment(3, **settings), seconds=60)
    assert_noticed(shell, GET, f"proxy 127.0.0.1:{port} ({scheme}_proxy): ")


def test_a_proxy_without_an_address_is_named(tmp_path):
    settings = {"AWS_ENDPOINT_URL_S3": "http://service.invalid", "all_proxy": "http://proxy.invalid"}
    shell = Shell(tmp_path, environment(3, **settings), seconds=60)
    assert_noticed(shell, PUT, "proxy proxy.invalid:1080 (all_proxy): ", "resolve proxy")


def test_with_verbose_the_requests_show_a_closed_port(tmp_path):
    endpoint = f"http://127.0.0.1:{closed_port()}"
    shell = Shell(tmp_path, environment(2, AWS_ENDPOINT_URL_S3=endpoint), seconds=60)
    finished = shell.tool("s3-get-lines", "--verbose", "s3://bucket", "k").expect(69)
    assert "retrying" not in finished.message and "retry in" in finished.message
