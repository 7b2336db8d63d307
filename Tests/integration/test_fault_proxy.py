"""The fault proxy itself: each fault does what its name says, and the journal records it."""

import hashlib
import http.client
import random
import socket

import pytest
from fault_proxy import Chaos, FaultProxy, Request, Rule, s3_error

BODY = b"0123456789"


@pytest.fixture
def origin():
    """A server that responds to every request with 200 and BODY; its journal shows the requests."""
    with FaultProxy(None) as origin:
        origin.rules.append(Rule("answer", status=200, headers=(("ETag", '"e"'),), body=BODY, times=None))
        yield origin


@pytest.fixture
def proxy(origin):
    with FaultProxy(origin.endpoint) as proxy:
        yield proxy


def connect(proxy, timeout=10):
    return http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)


def ask(proxy, method="GET", target="/b/k", body=None, headers=None, timeout=10):
    connection = connect(proxy, timeout)
    connection.request(method, target, body, headers or {})
    return connection.getresponse()


def test_signatures_hold_through_the_proxy(server, bucket):
    with FaultProxy(server.endpoint) as proxy:
        client = server.client(proxy.endpoint)
        client.put_object(Bucket=bucket.name, Key="a b+c", Body=BODY)
        assert client.get_object(Bucket=bucket.name, Key="a b+c")["Body"].read() == BODY
        assert client.list_objects_v2(Bucket=bucket.name)["KeyCount"] == 1
        assert client.head_object(Bucket=bucket.name, Key="a b+c")["ContentLength"] == len(BODY)
    assert bucket.get("a b+c") == BODY
    put, get, listing, head = proxy.journal
    assert (put.method, put.path, put.status) == ("PUT", f"/{bucket.name}/a%20b%2Bc", 200)
    assert (put.length, put.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
    assert (get.method, head.method, get.length) == ("GET", "HEAD", 0)
    assert "list-type=2" in listing.query
    assert all(entry.forwarded and entry.fault is None for entry in proxy.journal)


def test_a_request_without_a_matching_rule_is_forwarded(proxy, origin):
    response = ask(proxy, "PUT", "/b/a%20b?x=%2F", b"data")
    assert (response.status, response.getheader("ETag"), response.read()) == (200, '"e"', BODY)
    (entry,) = origin.journal
    assert (entry.method, entry.target, entry.length) == ("PUT", "/b/a%20b?x=%2F", 4)
    assert entry.headers["host"] == f"127.0.0.1:{proxy.port}"


def test_connections_are_reused_and_numbered(proxy):
    kept = connect(proxy)
    for _ in range(2):
        kept.request("GET", "/b/k")
        kept.getresponse().read()
    ask(proxy)
    seen = [(entry.connection, entry.reused) for entry in proxy.journal]
    assert seen == [(0, False), (0, True), (1, False)]


def test_a_reset_request_does_not_reach_the_server(proxy, origin):
    proxy.rules.append(Rule("reset"))
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert (origin.journal, proxy.journal[0].fault, proxy.journal[0].forwarded) == ([], "reset", False)


def test_an_upload_can_be_reset_in_its_middle(proxy, origin):
    proxy.rules.append(Rule("reset", at=100_000))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(proxy, "PUT", body=bytes(50_000_000))
    assert origin.journal == []


def test_a_request_whose_answer_is_lost_is_applied(proxy, origin):
    proxy.rules.append(Rule("lose answer", method="PUT"))
    with pytest.raises(ConnectionResetError):
        ask(proxy, "PUT", body=b"data")
    assert [entry.length for entry in origin.journal] == [4]
    assert proxy.journal[0].forwarded and proxy.journal[0].status == 200


@pytest.mark.parametrize("fault", ["cut", "unfinished chunks"])
def test_a_cut_response_is_incomplete(proxy, fault):
    proxy.rules.append(Rule(fault, at=4))
    with pytest.raises(http.client.IncompleteRead):
        ask(proxy).read()


def test_a_response_can_end_by_a_reset(proxy):
    proxy.rules.append(Rule("cut by reset", at=4))
    response = ask(proxy)
    assert response.getheader("Content-Length") == "10"
    assert response.read(4) == BODY[:4]
    with pytest.raises(ConnectionResetError):
        response.read()


def test_flip_changes_one_bit(proxy):
    proxy.rules.append(Rule("flip", at=3))
    got = ask(proxy).read()
    assert len(got) == len(BODY)
    assert sum((a ^ b).bit_count() for a, b in zip(got, BODY)) == 1


def test_a_flipped_upload_reaches_the_server_changed(proxy, origin):
    proxy.rules.append(Rule("flip upload"))
    assert ask(proxy, "PUT", body=BODY).status == 200
    assert proxy.journal[0].sha256 == hashlib.sha256(BODY).hexdigest() != origin.journal[0].sha256


@pytest.mark.parametrize("off", [-1, 5])
def test_a_wrong_length_is_announced(proxy, off):
    proxy.rules.append(Rule("wrong length", at=off))
    assert ask(proxy).getheader("Content-Length") == str(len(BODY) + off)


def test_a_response_without_a_length_has_its_body(proxy):
    proxy.rules.append(Rule("no length"))
    response = ask(proxy)
    assert (response.getheader("Content-Length"), response.read()) == (None, BODY)


def test_the_proxy_can_answer_instead_of_the_server(proxy, origin):
    proxy.rules.append(s3_error(503, "SlowDown", method="GET"))
    response = ask(proxy)
    assert response.status == 503 and b"<Code>SlowDown</Code>" in response.read()
    assert origin.journal == []


def test_a_request_with_a_replaced_answer_is_applied(proxy, origin):
    proxy.rules.append(Rule("replace answer", status=500, body=b"no"))
    response = ask(proxy)
    assert (response.status, response.read(), len(origin.journal)) == (500, b"no", 1)


def test_an_answer_can_be_rewritten(proxy):
    def shout(answer):
        answer.body += b"!"
        return answer

    proxy.rules.append(Rule("rewrite", rewrite=shout))
    assert ask(proxy).read() == BODY + b"!"


def test_stalls_last_until_the_client_closes(proxy, origin):
    proxy.rules += [Rule("stall", target="before"), Rule("stall body", target="after", at=4)]
    with pytest.raises(TimeoutError):
        ask(proxy, target="/before", timeout=0.3)
    assert origin.journal == []
    response = ask(proxy, target="/after", timeout=0.3)
    assert response.read(4) == BODY[:4]
    with pytest.raises(TimeoutError):
        response.read()


def test_an_upload_that_stalls_is_not_read(proxy, origin):
    """The body is larger than the buffers of both sides."""
    proxy.rules.append(Rule("stall upload", at=10))
    with pytest.raises(TimeoutError):
        ask(proxy, "PUT", body=bytes(64 << 20), timeout=0.5)
    assert origin.journal == []


def test_a_slow_response_is_complete(proxy):
    proxy.rules.append(Rule("trickle", at=10_000))
    assert ask(proxy).read() == BODY


def test_endless_chunks_repeat_the_body(proxy):
    proxy.rules.append(Rule("endless chunks"))
    assert ask(proxy).read(1_000_000) == BODY * 100_000


def test_100_continue_is_sent_unless_a_rule_forbids_it(proxy):
    proxy.rules.append(Rule("no continue", target="never"))
    for target, expected in (("/b/k", b"HTTP/1.1 100 "), ("/never", None)):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as client:
            head = f"PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
            client.sendall(head.encode())
            if expected:
                assert client.recv(13) == expected
            else:
                with pytest.raises(TimeoutError):
                    client.recv(1)


def test_a_connection_can_close_without_notice(proxy):
    proxy.rules.append(Rule("close"))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(b"GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.endswith(BODY) and b"Connection" not in answer


def test_a_stopped_proxy_refuses_connections_until_it_starts_again(origin):
    proxy = FaultProxy(origin.endpoint).start()
    proxy.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    with proxy:
        assert ask(proxy).read() == BODY


def test_rules_count_what_they_match(proxy):
    proxy.rules.append(Rule("answer", method="GET", target=r"/k\?part=2$", skip=1, times=2, status=500))
    statuses = [ask(proxy, target="/b/k?part=2").status for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert ask(proxy, "PUT", "/b/k?part=2").status == 200
    proxy.rules.append(Rule("answer", reused=True, status=500))
    kept = connect(proxy)
    statuses = []
    for _ in range(2):
        kept.request("GET", "/b/other")
        response = kept.getresponse()
        response.read()
        statuses.append(response.status)
    assert statuses == [200, 500]


def test_chaos_depends_on_seed_and_request_not_on_order():
    requests = [Request(0, 0, False, "PUT", f"/b/{number}", {}) for number in range(1000)]
    shuffled = random.Random(1).sample(requests, len(requests))

    def faults(seed, order):
        chaos = Chaos(seed, 0.1)
        return {request.target: (rule := chaos.rule(request)) and rule.fault for request in order}

    first = faults(1, requests)
    assert first == faults(1, shuffled) != faults(2, requests)
    assert 50 < sum(fault is not None for fault in first.values()) < 150


def test_boto3_survives_chaos(seaweedfs):
    """Its five attempts per request suffice for a tenth of failures of the kinds that it can detect."""
    seen = ("reset", "lose answer", "cut by reset", "unfinished chunks", "internal error", "slow down")
    with FaultProxy(seaweedfs.endpoint, chaos=Chaos(7, 0.1, seen)) as proxy:
        client = seaweedfs.client(proxy.endpoint)
        client.create_bucket(Bucket="chaos")
        for number in range(50):
            client.put_object(Bucket="chaos", Key=f"k{number}", Body=BODY)
        assert any(entry.fault for entry in proxy.journal)
    assert seaweedfs.client().list_objects_v2(Bucket="chaos")["KeyCount"] == 50
