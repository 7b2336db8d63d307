"""s3-get-lines with objects that are compressed with gzip or zstd: complete, damaged, large, in parallel."""

import functools
import gzip
import random
import subprocess

import pytest
from conftest import memory
from faults import numbered_lines

MIB = 1 << 20


@pytest.fixture
def location(bucket):
    return bucket.location


# gzip


def test_gzip_objects_are_decompressed(bucket, shell, location):
    text = numbered_lines(300_000)
    bucket.put("a", gzip.compress(text))
    bucket.put("b", gzip.compress(b"one\n") + gzip.compress(b"") + gzip.compress(b"two"))
    bucket.put("c", b"\x1f\x8b")
    got = shell.tool("s3-get-lines", location, "a", "b", "c").expect()
    assert got.stdout == text + b"one\ntwo\n\x1f\x8b\n"
    raw = shell.tool("s3-get-lines", "--raw", "--exact", location, "b").expect()
    assert raw.stdout == bucket.get("b")


@pytest.mark.parametrize("level", [0, 6])
def test_a_large_gzip_object_is_read_in_ranges(seaweedfs_bucket, seaweedfs_shell, level):
    text = numbered_lines(20 * MIB)
    seaweedfs_bucket.put("a", gzip.compress(text[: 12 * MIB], level) + gzip.compress(text[12 * MIB :], level))
    options = ["--multipart-threshold", "64K", "--multipart-chunksize", "64K", "--memory", "1M"]
    assert seaweedfs_shell.tool("s3-get-lines", *options, seaweedfs_bucket.location, "a").expect().stdout == text


def test_a_small_gzip_object_may_be_of_any_length(seaweedfs_bucket, seaweedfs_shell):
    text = b"0123456789abcde\n" * (4 * MIB)
    seaweedfs_bucket.put("a", gzip.compress(text))
    process = seaweedfs_shell.start("s3-get-lines", "--memory", "4M", seaweedfs_bucket.location)
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.read(len(text)) == text
    assert memory(process) < 40 * MIB
    process.stdin.close()
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:-9],
        lambda data: data[:20],
        lambda data: data + b"garbage",
        lambda data: data + b"\x1f",
        lambda data: data + b"\x1f\x8b",
        lambda data: data[:-8] + b"0123" + data[-4:],
        lambda data: data[:-4] + b"0123",
        lambda data: data[:40] + b"\xff\xff\xff" + data[43:],
    ],
)
def test_damaged_gzip_is_an_error(seaweedfs_bucket, seaweedfs_shell, damage):
    seaweedfs_bucket.put("a", damage(gzip.compress(b"line\n" * 1000 + bytes(range(32, 127)))))
    seaweedfs_bucket.put("b", b"fine\n")
    got = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "a", "b").expect(1)
    assert got.stdout == b"fine\n"
    assert "a: gzip: " in got.message


# zstd


def zstd(data, *options):
    return subprocess.run(["zstd", "--stdout", "--quiet", *options], input=data, capture_output=True, check=True).stdout


SKIPPABLE = b"\x5a\x2a\x4d\x18\x05\x00\x00\x00never"


def test_zstd_objects_are_decompressed(bucket, shell, location):
    text = numbered_lines(300_000)
    bucket.put("a", zstd(text))
    bucket.put("b", zstd(b"one\n", "--no-check") + SKIPPABLE + zstd(b"") + zstd(b"two", "-19"))
    bucket.put("c", b"\x28\xb5\x2f")
    bucket.put("d", SKIPPABLE + zstd(b"after what is skipped\n"))
    got = shell.tool("s3-get-lines", location, "a", "b", "c", "d").expect()
    assert got.stdout == text + b"one\ntwo\n\x28\xb5\x2f\nafter what is skipped\n"
    raw = shell.tool("s3-get-lines", "--raw", "--exact", location, "b").expect()
    assert raw.stdout == bucket.get("b")


def test_a_large_zstd_object_is_read_in_ranges(seaweedfs_bucket, seaweedfs_shell):
    text = numbered_lines(20 * MIB)
    seaweedfs_bucket.put("a", zstd(text[: 12 * MIB]) + zstd(text[12 * MIB :], "--long=24"))
    options = ["--multipart-threshold", "64K", "--multipart-chunksize", "64K", "--memory", "1M"]
    assert seaweedfs_shell.tool("s3-get-lines", *options, seaweedfs_bucket.location, "a").expect().stdout == text


@pytest.mark.parametrize("compress", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_zeros_may_follow_compressed_data(seaweedfs_bucket, seaweedfs_shell, compress):
    """As `dd conv=sync` and tapes leave them; also between members, if two such files were concatenated."""
    seaweedfs_bucket.put("a", compress(b"one\n") + bytes(512))
    seaweedfs_bucket.put("b", compress(b"two\n") + bytes(10_000) + compress(b"three\n") + b"\0")
    got = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "a", "b").expect()
    assert got.stdout == b"one\ntwo\nthree\n"
    seaweedfs_bucket.put("c", compress(b"four\n") + bytes(512) + b"x")
    assert (
        "unexpected data after"
        in seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "c").expect(1).message
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:-9],
        lambda data: data[:20],
        lambda data: data + b"garbage",
        lambda data: data + b"\x28",
        lambda data: data + SKIPPABLE[:-1],
        lambda data: data[:-4] + b"0123",
        lambda data: data[:9] + b"\xff\xff\xff" + data[12:],
        lambda data: SKIPPABLE + b"not zstd",
    ],
)
def test_damaged_zstd_is_an_error(seaweedfs_bucket, seaweedfs_shell, damage):
    seaweedfs_bucket.put("a", damage(zstd(b"line\n" * 1000 + bytes(range(32, 127)))))
    seaweedfs_bucket.put("b", b"fine\n")
    got = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "a", "b").expect(1)
    assert got.stdout == b"fine\n"
    assert "a: zstd: " in got.message


# Parallel decompression


@functools.cache
def objects_in_any_form():
    """The stored bytes of objects of which some are longer than a chunk, some plain, some damaged; the text of those that
    are not damaged; and the keys of the damaged ones."""
    dice = random.Random(7)
    stored, expected, damaged = {}, [], []
    for number in range(60):
        text = b"".join(b"%d: %s\n" % (number, dice.randbytes(60).hex().encode()) for _ in range(dice.choice([3, 400, 9000])))
        key = f"k{number:02d}"
        stored[key] = dice.choice([gzip.compress, zstd, lambda text: text])(text)
        if number % 20 == 7:
            stored[key] = gzip.compress(text)[:-6] + b"000000"
            damaged.append(key)
        else:
            expected.append(text)
    return stored, b"".join(expected).decode().splitlines(), damaged


@pytest.mark.parametrize("options", [(), ("--unordered",), ("--memory", "4M"), ("--memory", "2M", "--unordered")])
def test_compressed_objects_are_read_in_parallel(seaweedfs_bucket, seaweedfs_shell, options):
    """With one processor the result is the same."""
    stored, wanted, damaged = objects_in_any_form()
    seaweedfs_bucket.fill(stored)
    words = " ".join(["s3-get-lines", "--all", *options, seaweedfs_bucket.location])
    for command in (words, f"taskset -c 0 {words}"):
        got = seaweedfs_shell.run(command).expect(1)
        assert [line.split(": ")[1] for line in got.message.splitlines()] == damaged or "--unordered" in options
        whole = [line for line in got.lines if int(line.split(":")[0]) % 20 != 7]
        assert (sorted(whole), len(got.message.splitlines())) == (sorted(wanted), 3)
        if "--unordered" not in options:
            assert whole == wanted
