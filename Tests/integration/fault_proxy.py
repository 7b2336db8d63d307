"""A proxy in front of an S3 server that injects faults and records the requests.

    with FaultProxy(server.endpoint) as proxy:
        proxy.rules.append(Rule("lose answer", method="PUT", target="/key$", times=2))
        ... run a tool with AWS_ENDPOINT_URL_S3=proxy.endpoint ...
        assert [entry.method for entry in proxy.journal] == ["PUT", "PUT", "PUT"]

The first rule that matches a request applies. A request without a matching rule is forwarded, unless `chaos` is set and
selects a fault at random. The Host header is forwarded unchanged, so signatures made for the proxy's address stay
valid. Bodies are held in memory as a whole: the proxy is for tests only.

From a shell: fault_proxy.py UPSTREAM [--port N] [--seed N] [--rate 0.1]
"""

import argparse
import base64
import hashlib
import http.client
import random
import re
import select
import socket
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

FAULTS = {
    # The request does not reach the server.
    "reset": "reset the connection when the request's head is there, or `at` bytes of its body",
    "answer": "answer `status`, `headers`, `body` instead of the server",
    "stall": "read the request, never answer",
    "stall upload": "read the request's head and `at` bytes of its body, and no more",
    "no continue": "never answer `Expect: 100-continue`; reads no body that does not come by itself",
    # The request is applied.
    "flip upload": "flip a bit of the request's body, at byte `at`, on the way to the server",
    "lose answer": "forward, then reset the connection instead of answering",
    "replace answer": "forward, then answer `status`, `headers`, `body`",
    "rewrite": "forward, then answer what `rewrite` makes of the server's Answer",
    "cut": "answer with the true length, but end the connection after `at` bytes of the body",
    "cut by reset": "the same, ending by a reset",
    "stall body": "answer with the true length, but send nothing after `at` bytes of the body",
    "trickle": "send the body `at` bytes a second",
    "flip": "flip a bit of the answer's body, at byte `at`",
    "wrong length": "answer with a Content-Length that is off by `at`, then end the connection",
    "overlong": "answer with a Content-Length that is too short by a byte, and keep the connection",
    "no length": "answer without Content-Length; the end of the connection ends the body",
    "endless chunks": "answer chunked, the body again and again, until the client goes",
    "chunked": "answer chunked",
    "unfinished chunks": "answer chunked, and end the connection without the last chunk",
    "close": "answer rightly, then end the connection without having said so",
    "none": "nothing but `delay`",
}
CHAOS = (
    "reset", "lose answer", "cut", "cut by reset", "flip", "flip upload", "wrong length", "unfinished chunks",
    "close", "slow down", "internal error", "none",
)  # fmt: skip
NOT_FORWARDED = {"connection", "expect", "keep-alive", "transfer-encoding", "content-length"}
HEAD_LIMIT = 256 * 1024


@dataclass
class Answer:
    """An HTTP response. `headers` do not contain the length, which is that of the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    reason: str = ""


@dataclass
class Rule:
    """Selects the requests that fail, and the fault, which is one of FAULTS.

    A request matches if its `method` is equal, the pattern `target` is found in its path and query as sent, and, if
    `reused` is set, its connection has carried a request before or not, respectively. Of the matching requests the
    first `skip` are forwarded; then `times` requests are hit (None: all). `at` is an offset in bytes; below 1 it is a
    fraction of the body. The fault is delayed by `delay` seconds.
    """

    fault: str
    method: str | None = None
    target: str = ""
    reused: bool | None = None
    skip: int = 0
    times: int | None = 1
    at: float = 0.5
    delay: float = 0
    status: int = 500
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    rewrite: Callable[[Answer], Answer] | None = None
    hits: int = 0

    def __post_init__(self):
        assert self.fault in FAULTS, self.fault

    def matches(self, request):
        if self.method not in (None, request.method) or not re.search(self.target, request.target):
            return False
        return self.reused in (None, request.reused)

    def offset(self, body):
        """`at` as an offset in `body`."""
        return int(self.at * len(body)) if 0 < self.at < 1 else min(int(self.at), len(body))


def s3_error(status, code, **changes):
    """A rule that answers with S3's error document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>on purpose</Message></Error>'
    headers = (("Content-Type", "application/xml"),)
    return Rule("answer", status=status, headers=headers, body=body.encode(), **changes)


@dataclass
class Request:
    """One request as received, and its outcome: an entry of the journal."""

    time: float  # seconds since the proxy was started
    connection: int  # number of the connection, from 0
    reused: bool  # the connection has carried a request before
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    fault: str | None = None  # the fault of the rule that hit
    forwarded: bool = False  # whether it was forwarded to the server
    status: int | None = None  # the status of the server's response
    body: bytes = field(default=b"", repr=False)  # as far as it was received

    @property
    def length(self):
        return len(self.body)

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]


class Chaos:
    """Random faults that depend only on the seed, the request and the number of its attempt, not on the order of
    threads."""

    def __init__(self, seed, rate, faults=CHAOS):
        self.seed, self.rate, self.faults = seed, rate, faults
        self.tries = Counter()

    def rule(self, request):
        # Without the bucket, whose name differs in each run.
        name = f"{request.method} {request.target.partition('/')[2].partition('/')[2]}"
        self.tries[name] += 1
        dice = random.Random(f"{self.seed} {self.tries[name]} {name}")
        if dice.random() >= self.rate:
            return None
        fault = dice.choice(self.faults)
        at, delay = dice.uniform(0.01, 0.99), dice.uniform(0, 0.2)
        if fault == "slow down":
            return s3_error(503, "SlowDown", delay=delay)
        if fault == "internal error":
            return s3_error(500, "InternalError", delay=delay)
        if fault == "wrong length":
            return Rule(fault, at=dice.choice((-1, 1, 100)), delay=delay)
        return Rule(fault, at=at, delay=delay)


class ConnectionEnd(Exception):
    """The client's connection has ended."""


class FaultProxy:
    """Listens on 127.0.0.1 until `stop`. If `upstream` is None, rules answer all requests. `tls` is the ssl.SSLContext
    if clients use HTTPS. If `checksums` is set, responses with whole objects have their CRC-32, as on AWS, computed
    before any fault."""

    def __init__(self, upstream, port=0, chaos=None, tls=None, checksums=False):
        self.upstream = urlsplit(upstream) if upstream else None
        self.port, self.chaos, self.tls, self.checksums = port, chaos, tls, checksums
        self.rules: list[Rule] = []
        self.journal: list[Request] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.listener = None
        self.clients = set()
        self.connections = 0
        self.began = time.monotonic()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        """Starts to listen. Before that, and after `stop`, connections to the port are refused."""
        self.stopping.clear()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        """Closes all connections and frees the port."""
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has already ended

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(client, self.connections), daemon=True).start()
            self.connections += 1

    def _serve(self, client, number):
        with self.lock:
            self.clients.add(client)
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            Conversation(self, client, number).run()
        except (ConnectionEnd, OSError, http.client.HTTPException):
            pass
        finally:
            with self.lock:
                self.clients.discard(client)
            client.close()

    def rule_for(self, request):
        """Returns the rule that hits `request` and counts the hit; records the request."""
        with self.lock:
            self.journal.append(request)
            for rule in self.rules:
                if rule.times is not None and rule.hits >= rule.skip + rule.times:
                    continue
                if rule.matches(request):
                    rule.hits += 1
                    if rule.hits > rule.skip:
                        return rule
            return self.chaos.rule(request) if self.chaos else None

    def forward(self, request):
        """Sends `request` to the server once, on a new connection, and returns the response."""
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name not in NOT_FORWARDED:
                    connection.putheader(name, value)
            if request.body or request.method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            request.forwarded = True
            response = connection.getresponse()
            kept = {"content-length"} if request.method == "HEAD" else set()
            headers = [
                (name, value)
                for name, value in response.getheaders()
                if name.lower() not in NOT_FORWARDED - kept
            ]
            request.status = response.status
            body = response.read()
            if self.checksums and request.method == "GET" and not request.query and response.status == 200:
                checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
                headers.append(("x-amz-checksum-crc32", checksum))
            return Answer(response.status, headers, body, response.reason)
        finally:
            connection.close()


class Conversation:
    """One client connection: reads and answers requests until one side closes it."""

    def __init__(self, proxy, client, number):
        self.proxy, self.client, self.number = proxy, client, number
        self.buffer = b""

    def run(self):
        reused = False
        while True:
            request = self.read_head(reused)
            rule = self.proxy.rule_for(request)
            request.fault = rule.fault if rule else None
            self.handle(request, rule or Rule("none"))
            if request.headers.get("connection", "").lower() == "close":
                return
            reused = True

    def handle(self, request, rule):
        fault = rule.fault
        self.wait(rule.delay)
        if fault == "reset":
            size = int(request.headers.get("content-length", 0))
            self.read_body(request, rule.offset(range(size)))
            self.reset()
        if fault == "stall upload":
            self.read_body(request, rule.offset(range(int(request.headers.get("content-length", 0)))))
            self.wait_for_end()
        if "100-continue" in request.headers.get("expect", "").lower() and fault != "no continue":
            self.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.read_body(request)
        if fault == "stall":
            self.wait_for_client_to_go()
        if fault == "answer" or self.proxy.upstream is None:
            return self.send(request, Answer(rule.status, list(rule.headers), rule.body))
        if fault == "flip upload":
            sent, request.body = request.body, flipped(request.body, rule)
            answer = self.proxy.forward(request)
            request.body = sent
        else:
            answer = self.proxy.forward(request)
        self.answer(request, rule, answer)

    def answer(self, request, rule, answer):
        """Sends the server's response as changed by `rule`."""
        body, at = answer.body, rule.offset(answer.body)
        match rule.fault:
            case "lose answer":
                self.reset()
            case "replace answer":
                self.send(request, Answer(rule.status, list(rule.headers), rule.body))
            case "rewrite":
                self.send(request, rule.rewrite(answer))
            case "flip":
                answer.body = flipped(body, rule)
                self.send(request, answer)
            case "cut" | "cut by reset" | "stall body":
                self.send_head(request, answer, len(body))
                self.client.sendall(body[:at])
                if rule.fault == "stall body":
                    self.wait_for_client_to_go()
                if rule.fault == "cut by reset":
                    self.wait(0.05)  # a reset discards data that the client has not read yet
                    self.reset()
                raise ConnectionEnd
            case "trickle":
                self.send_head(request, answer, len(body))
                for start in range(0, len(body), 64):
                    self.client.sendall(body[start : start + 64])
                    self.wait(64 / rule.at)
            case "wrong length":
                self.send_head(request, answer, max(0, len(body) + int(rule.at)))
                self.client.sendall(body)
                raise ConnectionEnd
            case "overlong":
                self.send_head(request, answer, max(0, len(body) - 1))
                self.client.sendall(body[:-1])
                self.wait(0.05)  # many clients discard data that arrives together with the rest
                self.client.sendall(body[-1:])
            case "no length":
                self.send_head(request, answer, None)
                self.client.sendall(body)
                raise ConnectionEnd
            case "endless chunks" | "unfinished chunks" | "chunked":
                answer.headers.append(("Transfer-Encoding", "chunked"))
                self.send_head(request, answer, None)
                chunk = body or b"\n"
                self.send_chunk(chunk)
                while rule.fault == "endless chunks" and not self.proxy.stopping.is_set():
                    self.send_chunk(chunk)
                if rule.fault == "chunked":
                    return self.send_chunk(b"")
                raise ConnectionEnd
            case "close":
                self.send(request, answer)
                raise ConnectionEnd
            case _:
                self.send(request, answer)

    def read_head(self, reused):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT:
                raise ConnectionEnd
            self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        now = time.monotonic() - self.proxy.began
        return Request(now, self.number, reused, method, target, headers)

    def read_body(self, request, limit=None):
        """Reads the body, or about `limit` bytes of it, into the request."""
        if request.headers.get("transfer-encoding", "").lower() == "chunked":
            while True:
                size = int(self.read_until(b"\r\n").split(b";")[0], 16)
                request.body += self.read_exactly(size)
                self.read_exactly(2)
                if size == 0:
                    return
        size = int(request.headers.get("content-length", 0))
        wanted = size if limit is None else min(size, limit)
        try:
            while len(self.buffer) < wanted:
                self.receive()
        finally:
            request.body, self.buffer = self.buffer[:wanted], self.buffer[wanted:]

    def read_until(self, end):
        while end not in self.buffer:
            self.receive()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def read_exactly(self, count):
        while len(self.buffer) < count:
            self.receive()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def receive(self):
        data = self.client.recv(256 * 1024)
        if not data:
            raise ConnectionEnd
        self.buffer += data

    def send(self, request, answer):
        bodiless = request.method == "HEAD" or answer.status in (204, 304)
        self.send_head(request, answer, None if bodiless else len(answer.body))
        if not bodiless:
            self.client.sendall(answer.body)

    def send_head(self, request, answer, length):
        reason = answer.reason or http.client.responses.get(answer.status, "Unknown")
        lines = [f"HTTP/1.1 {answer.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if length is not None and request.method != "HEAD":
            lines.append(f"Content-Length: {length}")
        self.client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send_chunk(self, data):
        self.client.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def reset(self):
        """Closes the connection with RST instead of FIN. Source: socket(7), SO_LINGER."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionEnd

    def wait(self, seconds):
        if seconds and self.proxy.stopping.wait(seconds):
            raise ConnectionEnd

    def wait_for_client_to_go(self):
        while not self.proxy.stopping.is_set():
            readable, _, _ = select.select([self.client], [], [], 0.05)
            if readable and not self.client.recv(4096):
                break
        raise ConnectionEnd

    def wait_for_end(self):
        """Waits until the client closes the connection, without reading: the client's buffers stay full. Source:
        poll(2), POLLRDHUP."""
        watched = select.poll()
        watched.register(self.client, select.POLLRDHUP)
        while not self.proxy.stopping.is_set() and not watched.poll(50):
            pass
        raise ConnectionEnd


def flipped(body, rule):
    """`body` with one bit flipped; an empty body is unchanged."""
    if not body:
        return body
    at = min(rule.offset(body), len(body) - 1)
    return body[:at] + bytes([body[at] ^ 0x01]) + body[at + 1 :]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("upstream", help="http://HOST:PORT of an S3 server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.1)
    options = parser.parse_args()
    chaos = Chaos(options.seed, options.rate)
    with FaultProxy(options.upstream, port=options.port, chaos=chaos) as proxy:
        print(f"{proxy.endpoint} fails {options.rate:.0%} of requests, seed {options.seed}", file=sys.stderr)
        threading.Event().wait()


if __name__ == "__main__":
    main()
