"""s3-get-lines with one or two connections and very little memory: all kinds of objects arrive in all ways of sending
them, without a deadlock."""

import gzip
import random
import re
import time

import pytest
from conftest import Shell
from lying_server import LyingServer

SECONDS = 60  # longer means that the tool hangs
KIB = 1 << 10


class Stored:
    """A random object: short or very long lines, compressed or not, with or without a length and an ETag."""

    def __init__(self, dice, name):
        size = dice.choice([dice.randrange(2000), dice.randrange(400_000), dice.randrange(3_000_000)])
        self.lines = [b"%d whole %s" % (name, b"z" * dice.choice([0, size]))]
        while sum(map(len, self.lines)) < size:
            length = dice.choice([100, 10_000])
            self.lines.append(b"%d %s" % (name, dice.choice([b"z" * length, dice.randbytes(length).hex().encode()])))
        data = b"\n".join([*self.lines, b""])
        self.data = gzip.compress(data, 1) if dice.random() < 0.7 else data
        self.piece = dice.choice([5_000, 70_000]) if dice.random() < 0.6 else None
        self.headers = {"x-amz-request-id": "r"} | ({"ETag": f'"{name}"'} if dice.random() < 0.8 else {})
        self.delay = dice.choice([0, 0, 0.01, 0.05])

    def answer(self, request):
        time.sleep(self.delay)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2] or len(self.data) - 1), len(self.data) - 1)
            bounds = {"Content-Range": f"bytes {first}-{last}/{len(self.data)}"}
            return 206, self.headers | bounds, self.data[first : last + 1]
        return (200, self.headers, self.data) if self.piece is None else self._chunked()

    def _chunked(self):
        fields = self.headers | {"Transfer-Encoding": "chunked"}
        yield "".join(["HTTP/1.1 200 OK\r\n", *(f"{k}: {v}\r\n" for k, v in fields.items()), "\r\n"]).encode()
        for start in range(0, len(self.data), self.piece):
            piece = self.data[start : start + self.piece]
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"


def get(directory, objects, *options):
    def handle(request):
        return objects[int(request.path.rsplit("/", 1)[-1])].answer(request)

    with LyingServer(handle) as server:
        shell = Shell(directory, server.tool_environment(2), SECONDS)
        keys = map(str, range(len(objects)))
        return shell.tool("s3-get-lines", *options, "s3://bucket", *keys).expect()


@pytest.mark.parametrize("order", [(), ("--unordered",)], ids=["ordered", "unordered"])
@pytest.mark.parametrize("seed", range(16))
def test_all_objects_pass_with_little_memory(tmp_path, seed, order):
    dice = random.Random(seed)
    objects = [Stored(dice, name) for name in range(dice.randrange(1, 12))]
    options = [
        *("--max-connections", dice.choice("112")),
        *("--memory", dice.choice(["1M", "2M", "4M"])),
        *("--multipart-threshold", dice.choice(["64K", "256K", "8M"])),
        *("--multipart-chunksize", dice.choice(["32K", "100K", "256K"])),
    ]
    got = get(tmp_path, objects, *order, *options)
    lines = got.stdout.split(b"\n")
    assert lines.pop() == b""
    expected = [line for each in objects for line in each.lines]
    assert (sorted(lines) == sorted(expected)) if order else lines == expected


def test_a_paused_transfer_continues(tmp_path):
    """A transfer that paused directly after it was resumed was not checked again until another event."""
    stored = Stored(random.Random(1), 0)
    line = random.Random(1).randbytes(1_000_000).hex().encode() + b"\n"
    stored.data, stored.piece, stored.delay = gzip.compress(line), 70_000, 0
    options = ["--max-connections", "1", "--memory", "4M", "--multipart-chunksize", "32K"]
    assert get(tmp_path, [stored], *options).stdout == line
