"""nginx as people put it in front of a server: what is stored through it is what comes back through it."""

import pytest
from conftest import Bucket, Shell, require
from faults import large
from nginx import Nginx, certificate, forwards_to

LINES = large(300_000)
PARTS = large(12 << 20, seed=2)
OPEN = "client_max_body_size 0;"
pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture(scope="module")
def tools():
    require("s3-put-lines")
    require("s3-get-lines")


def through(front, server, directory, path=""):
    """A shell whose tools know only the front, and an empty bucket of the server."""
    return Shell(directory, front.leading_to(server, path)), Bucket(server)


def put_and_get(shell, bucket, data, *options):
    """Stores `data` as one object, and sees to it that the server and the tool have the same."""
    location = f"s3://{bucket.name}"
    shell.tool("s3-put-lines", *options, location, "k.txt", stdin=data).expect()
    assert bucket.get("k.txt") == data
    for words in ([location, "k.txt"], ["--all", location], ["--raw", location, "k.txt"]):
        assert shell.tool("s3-get-lines", *words).expect().stdout == data


def test_tls_and_http2(server, tmp_path):
    with Nginx(f"location / {{ {forwards_to(server)} }}", certificate=certificate(tmp_path)) as front:
        put_and_get(*through(front, server, tmp_path), LINES)


def test_parts_through_tls_and_http2(strict_server, tmp_path):
    block = f"{OPEN} location / {{ {forwards_to(strict_server)} }}"
    with Nginx(block, certificate=certificate(tmp_path)) as front:
        put_and_get(*through(front, strict_server, tmp_path), PARTS)


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_buffering(strict_server, tmp_path, buffering):
    block = (
        f"{OPEN} proxy_request_buffering {buffering}; proxy_buffering {buffering};"
        f"location / {{ {forwards_to(strict_server)} }}"
    )
    with Nginx(block) as front:
        put_and_get(*through(front, strict_server, tmp_path), PARTS)


@pytest.mark.parametrize("path", ["/s3", "/a/b"])
def test_a_path_before_every_other(seaweedfs, tmp_path, path):
    # The server has to know of it, since the path is signed.
    block = f"location {path}/ {{ {forwards_to(seaweedfs, '/')} proxy_set_header X-Forwarded-Prefix {path}; }}"
    with Nginx(block) as front:
        put_and_get(*through(front, seaweedfs, tmp_path, path), LINES)


def test_a_body_that_is_larger_than_allowed(strict_server, tmp_path):
    with Nginx(f"location / {{ {forwards_to(strict_server)} }}") as front:
        shell, bucket = through(front, strict_server, tmp_path)
        put_and_get(shell, bucket, LINES)
        put = shell.tool("s3-put-lines", f"s3://{bucket.name}", "large", stdin=large(2 << 20)).expect(None)
        assert put.status not in (0, 66, 77) and "413" in put.message
        assert bucket.keys() == ["k.txt"]
