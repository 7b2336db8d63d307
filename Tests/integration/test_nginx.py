"""nginx in usual configurations in front of a server: objects stored through it are read back unchanged."""

import contextlib
import gzip
import time
from dataclasses import replace

import pytest
import servers
from conftest import Bucket, Shell
from fault_proxy import FaultProxy, Rule
from faults import large
from nginx import Nginx, certificate, forwards_to

LINES = large(300_000)
PARTS = large(12 << 20, seed=2)
OPEN = "client_max_body_size 0;"


def through(front, server, directory, path=""):
    """A shell whose tools use only nginx, and an empty bucket of the server."""
    return Shell(directory, front.leading_to(server, path)), Bucket(server)


def put_and_get(shell, bucket, data, *options):
    """Stores `data` as one object, and asserts that the server and the tool return the same."""
    location = bucket.location
    shell.tool("s3-put-lines", *options, location, "k.txt", stdin=data).expect()
    assert bucket.get("k.txt") == data
    for words in ([location, "k.txt"], ["--all", location], ["--raw", location, "k.txt"]):
        assert shell.tool("s3-get-lines", *words).expect().stdout == data


@pytest.mark.parametrize("data", [LINES, PARTS], ids=["one request", "parts"])
def test_objects_pass_over_tls_and_http2(server, tmp_path, data):
    block = f"{OPEN} location / {{ {forwards_to(server)} }}"
    with Nginx(block, certificate=certificate(tmp_path)) as front:
        put_and_get(*through(front, server, tmp_path), data)


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_parts_pass_with_and_without_buffering(strict_server, tmp_path, buffering):
    block = (
        f"{OPEN} proxy_request_buffering {buffering}; proxy_buffering {buffering};"
        f"location / {{ {forwards_to(strict_server)} }}"
    )
    with Nginx(block) as front:
        put_and_get(*through(front, strict_server, tmp_path), PARTS)


@pytest.mark.parametrize("path", ["/s3", "/a/b"])
def test_objects_pass_under_a_path_prefix(seaweedfs, tmp_path, path):
    # The server must know the prefix, because the signature covers the path.
    block = f"location {path}/ {{ {forwards_to(seaweedfs, '/')} proxy_set_header X-Forwarded-Prefix {path}; }}"
    with Nginx(block) as front:
        put_and_get(*through(front, seaweedfs, tmp_path, path), LINES)


def test_a_body_larger_than_nginx_allows_is_reported_with_its_size(strict_server, tmp_path):
    with Nginx(f"location / {{ {forwards_to(strict_server)} }}") as front:
        shell, bucket = through(front, strict_server, tmp_path)
        put_and_get(shell, bucket, LINES)
        data = large(2 << 20)
        put = shell.tool("s3-put-lines", bucket.location, "large", stdin=data).expect(1)
        assert "413" in put.message and f"the request had {len(data)} bytes" in put.message
        assert "--part-size" in put.message and "--min-part-size" in put.message
        assert bucket.keys() == ["k.txt"]


# Each makes Complete take longer than nginx waits: before the server applies it, and after.
SLOW = {
    "before": Rule("none", delay=1.5),
    "after": Rule("rewrite", rewrite=lambda answer: time.sleep(1.5) or answer),
}


@pytest.mark.parametrize("when", SLOW)
def test_complete_may_take_longer_than_nginx_waits(strict_server, tmp_path, when):
    """nginx responds with 504 while the server is still working: the object is stored once, and its parts are not
    removed."""
    with FaultProxy(strict_server.endpoint) as proxy:
        proxy.rules.append(replace(SLOW[when], method="POST", target=r"\?uploadId="))
        block = f"{OPEN} proxy_read_timeout 1s; location / {{ {forwards_to(proxy)} }}"
        with Nginx(block) as front:
            shell, bucket = through(front, strict_server, tmp_path)
            put = shell.tool("s3-put-lines", "--long", bucket.location, "k.txt", stdin=PARTS).expect()
            assert put.lines[0].split("\t")[2:] == [str(len(PARTS)), str(PARTS.count(b"\n"))]
            assert bucket.get("k.txt") == PARTS
            assert [each.method for each in proxy.journal if each.method == "DELETE"] == []


# Compressed in transit

TYPES = (
    "gzip on; gzip_min_length 1; gzip_types text/plain application/octet-stream binary/octet-stream application/xml;"
)
TEXT = b"".join(b"line %d of a text that compresses well\n" % number for number in range(10_000))


@contextlib.contextmanager
def compressing(server, directory, asks=False):
    """A bucket of `server`, and a shell that reaches it through an nginx that compresses responses. With `asks`, a
    second nginx before it requests gzip, whatever the tools request."""
    (port,) = servers.free_ports(1)
    inner = f"server {{ listen 127.0.0.1:{port}; {OPEN} {TYPES} location / {{ {forwards_to(server)} }} }}"
    inner += "types_hash_max_size 1024;"
    block = f"{OPEN} {TYPES} location / {{ {forwards_to(server)} }}"
    if asks:
        block = (
            f"{OPEN} location / {{ proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $http_host;"
            f"proxy_http_version 1.1; proxy_set_header Accept-Encoding gzip; }}"
        )
    with Nginx(block, http=inner if asks else "") as front:
        yield *through(front, server, directory), front


@pytest.mark.parametrize("asks", [False, True], ids=["on request", "always"])
@pytest.mark.parametrize("words", [["k"], ["--all"], ["--unordered", "--all"]], ids=" ".join)
def test_objects_compressed_in_transit_are_read_as_stored(server, tmp_path, words, asks):
    with compressing(server, tmp_path, asks) as (shell, bucket, front):
        bucket.client.put_object(Bucket=bucket.name, Key="k", Body=TEXT, ContentType="text/plain")
        location = bucket.location
        options, keys = [word for word in words if word != "k"], [word for word in words if word == "k"]
        assert shell.tool("s3-get-lines", "--raw", *options, location, *keys).expect().stdout == TEXT
        assert shell.tool("s3-get-lines", *options, location, *keys).expect().stdout == TEXT


@pytest.mark.parametrize("asks", [False, True], ids=["on request", "always"])
@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_objects_stored_as_gzip_stay_gzip(server, tmp_path, encoding, asks):
    stored = gzip.compress(TEXT)
    with compressing(server, tmp_path, asks) as (shell, bucket, front):
        more = {"ContentEncoding": encoding} if encoding else {}
        bucket.client.put_object(Bucket=bucket.name, Key="k", Body=stored, ContentType="text/plain", **more)
        for words in ([bucket.location, "k"], ["--all", bucket.location]):
            assert shell.tool("s3-get-lines", "--raw", "--exact", *words).expect().stdout == stored
            assert shell.tool("s3-get-lines", *words).expect().stdout == TEXT


def test_decompression_by_nginx_is_an_error(server, tmp_path):
    """The stored bytes cannot be obtained, and the decompressed ones must not count as such."""
    with Nginx(f"{OPEN} gunzip on; location / {{ {forwards_to(server)} }}") as front:
        shell, bucket = through(front, server, tmp_path)
        bucket.client.put_object(Bucket=bucket.name, Key="k", Body=gzip.compress(TEXT), ContentEncoding="gzip")
        bucket.put("plain", TEXT)
        if bucket.client.head_object(Bucket=bucket.name, Key="k").get("ContentEncoding") != "gzip":
            pytest.skip("the server does not keep Content-Encoding")
        options = ("--raw", "--max-attempts", "2", bucket.location)
        got = shell.tool("s3-get-lines", *options, "plain", "k").expect(1)
        assert got.stdout == TEXT and "k: GetObject" in got.message
        shell.tool("s3-get-lines", "--all", *options).expect(1)


@pytest.mark.parametrize("asks", [False, True], ids=["on request", "always"])
def test_ranges_of_compressible_objects_are_read_as_stored(strict_server, tmp_path, asks):
    with compressing(strict_server, tmp_path, asks) as (shell, bucket, front):
        bucket.client.put_object(Bucket=bucket.name, Key="k", Body=PARTS, ContentType="text/plain")
        options = ["--multipart-chunksize", "1M", "--multipart-threshold", "1M", "--memory", "8M"]
        for words in ([bucket.location, "k"], ["--all", bucket.location]):
            assert shell.tool("s3-get-lines", *options, *words).expect().stdout == PARTS
