"""`rclone serve s3`: a server that responds to ranges with 200, and to CreateMultipartUpload with another root
element."""

import pytest
import servers
from conftest import Bucket, Shell
from faults import large
from lying_server import LyingServer

DATA = large(12 << 20, seed=3)
SMALL_CHUNKS = ["--multipart-threshold", "1M", "--multipart-chunksize", "1M"]


class Rclone(servers.Server):
    name = "rclone"
    has_regions = False

    def command(self):
        (self.port,) = servers.free_ports(1)
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        keys = f"{servers.ACCESS_KEY},{servers.SECRET_KEY}"
        return [
            servers.PYTHON_BIN / "rclone", "serve", "s3", "--config", self.directory / "none",
            "--auth-key", keys, "--addr", f"127.0.0.1:{self.port}", data,
        ]  # fmt: skip


@pytest.fixture(scope="module")
def rclone():
    server = Rclone().start()
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()


@pytest.fixture
def shell(rclone, tmp_path):
    return Shell(tmp_path, rclone.tool_environment())


@pytest.mark.parametrize("data", [b"a\nb\n", DATA], ids=["one request", "parts"])
def test_stored_objects_are_read_back(rclone, shell, data):
    location = Bucket(rclone).location
    shell.tool("s3-put-lines", location, "k", stdin=data).expect()
    assert shell.tool("s3-get-lines", location, "k").expect().stdout == data
    assert shell.tool("s3-get-lines", *SMALL_CHUNKS, location, "k").expect().stdout == data
    assert shell.tool("s3-get-lines", *SMALL_CHUNKS, "--all", location).expect().stdout == data


# The same on a lying server


BODY = b"".join(b"%07d\n" % number for number in range(1 << 17))  # 1 MiB


def ranges(request, change=lambda fields, part: (fields, part)):
    first, last = 0, len(BODY) - 1
    fields = {"ETag": '"e"', "x-amz-request-id": "r"}
    if found := request.headers.get("range"):
        words = found.removeprefix("bytes=").split("-")
        first, last = int(words[0]), min(int(words[1] or last), last)
        fields["Content-Range"] = f"bytes {first}-{last}/{len(BODY)}"
        fields, part = change(fields, BODY[first : last + 1])
        return 200, fields, part
    return 200, fields, BODY


@pytest.fixture
def get(tmp_path):
    def get(handle, status):
        with LyingServer(handle) as server:
            shell = Shell(tmp_path, server.tool_environment(2), seconds=30)
            options = ["--multipart-threshold", "128K", "--multipart-chunksize", "128K"]
            return shell.tool("s3-get-lines", *options, "s3://b", "k").expect(status)

    return get


def test_a_range_with_status_200_is_accepted(get):
    assert get(ranges, 0).stdout == BODY


@pytest.mark.parametrize(
    "change",
    [
        lambda fields, part: (fields, part[:-8]),
        lambda fields, part: (fields, part + b"0000000\n"),
        lambda fields, part: (fields, BODY),
        lambda fields, part: (fields | {"Content-Range": f"bytes 0-{len(part) - 1}/{len(BODY)}"}, part),
        lambda fields, part: (fields | {"ETag": '"other"'}, part),
        lambda fields, part: (fields | {"Content-Range": fields["Content-Range"] + "0"}, part),
    ],
    ids=["short", "long", "all of it", "another range", "another version", "another size"],
)
def test_another_range_with_status_200_is_an_error(get, change):
    got = get(lambda request: ranges(request, change), 1)
    assert BODY.startswith(got.stdout) and len(got.stdout) < len(BODY)
