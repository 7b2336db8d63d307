"""Compressed objects can be read back completely, and do not depend on the number of processors."""

import gzip
import random
import subprocess

import pytest

RANDOM = random.Random(1).randbytes(12 << 20)


def test_objects_are_compressed_with_gzip(bucket, shell):
    data = b"".join(b"line %d\n" % n for n in range(200_000))
    put = shell.tool("s3-put-lines", "--gzip", "--long", bucket.location, "k", stdin=data).expect()
    stored = bucket.get("k")
    assert gzip.decompress(stored) == data
    assert put.lines[0].split("\t")[2:] == [str(len(stored)), "200000"]
    shell.tool("s3-put-lines", "--gzip-level", "1", bucket.location, "r", stdin=RANDOM).expect()
    assert gzip.decompress(bucket.get("r")) == RANDOM
    shell.tool("s3-put-lines", "--gzip", bucket.location, "e", stdin=b"").expect()
    assert gzip.decompress(bucket.get("e")) == b""


def unzstd(data):
    return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout


def test_objects_are_compressed_with_zstd(bucket, shell):
    data = b"".join(b"line %d\n" % n for n in range(200_000))
    put = shell.tool("s3-put-lines", "--zstd", "--long", bucket.location, "k", stdin=data).expect()
    stored = bucket.get("k")
    assert unzstd(stored) == data
    assert put.lines[0].split("\t")[2:] == [str(len(stored)), "200000"]
    shell.tool("s3-put-lines", "--zstd-level", "1", bucket.location, "r", stdin=RANDOM).expect()
    assert unzstd(bucket.get("r")) == RANDOM
    shell.tool("s3-put-lines", "--zstd", bucket.location, "e", stdin=b"").expect()
    assert unzstd(bucket.get("e")) == b""
    assert shell.tool("s3-get-lines", bucket.location, "k").expect().stdout == data


@pytest.mark.parametrize("options", [["--gzip"], ["--zstd", "--zstd-level", "1"]])
def test_stored_bytes_do_not_depend_on_processors(seaweedfs_bucket, seaweedfs_shell, options):
    data = b"".join(b"line %d of many\n" % n for n in range(300_000))
    words = " ".join(["s3-put-lines", *options, seaweedfs_bucket.location])
    seaweedfs_shell.run(f"taskset -c 0 {words} one", stdin=data).expect()
    # In pieces, so that the sizes of reads differ too.
    seaweedfs_shell.run(f"dd bs=7777 status=none | {words} all", stdin=data).expect()
    assert seaweedfs_bucket.get("one") == seaweedfs_bucket.get("all")


@pytest.mark.parametrize("option, memory", [("--gzip", "20M"), ("--zstd", "64M")])
def test_interleaved_objects_are_compressed_in_parallel(seaweedfs_bucket, seaweedfs_shell, option, memory):
    """Each is longer than a block, so that a part of it is held in memory."""
    records = b"".join(b"k%d\t%d of %d\n" % (n % 7, n, n * n) for n in range(150_000))
    words = ["s3-put-lines", option, "--max-open", "7", "--memory", memory, seaweedfs_bucket.location]
    put = seaweedfs_shell.tool(*words, stdin=records).expect()
    assert sorted(put.lines) == [f"k{n}" for n in range(7)]
    for n in range(7):
        stored = seaweedfs_bucket.get(f"k{n}")
        plain = gzip.decompress(stored) if option == "--gzip" else unzstd(stored)
        assert plain == b"".join(b"%d of %d\n" % (m, m * m) for m in range(n, 150_000, 7))
