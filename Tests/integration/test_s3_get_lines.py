"""s3-get-lines against servers with objects put by boto3."""

import base64
import gzip
import hashlib
import os
import random
import re
import signal
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest
from conftest import Bucket, require, within

MIB = 1 << 20
pytestmark = pytest.mark.usefixtures("tool")


@pytest.fixture(scope="module")
def tool():
    require("s3-get-lines")


@pytest.fixture
def location(bucket):
    return f"s3://{bucket.name}"


def numbered_lines(size, seed=0):
    """About `size` bytes of lines of various lengths."""
    generator = random.Random(seed)
    lines, total = [], 0
    while total < size:
        line = b"%d " % total + b"x" * int(generator.expovariate(1 / 200)) + b"\n"
        lines.append(line)
        total += len(line)
    return b"".join(lines)


def start(shell, *arguments, **options):
    return shell.start("s3-get-lines", *arguments, **options)


def peak_memory(process):
    """The peak memory of a running process, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


# Keys


def test_all_takes_every_key_in_listing_order(bucket, shell, location):
    for key in ("b", "a/2", "a/1", "c"):
        bucket.put(key, key.encode() + b"\n")
    assert shell.tool("s3-get-lines", "--all", location).expect().lines == ["a/1", "a/2", "b", "c"]
    assert shell.tool("s3-get-lines", "--all", f"{location}/a/").expect().lines == ["a/1", "a/2"]


def test_all_of_an_empty_bucket_is_nothing(shell, location):
    got = shell.tool("s3-get-lines", "--all", location).expect()
    assert (got.stdout, got.stderr) == (b"", b"")


def test_start_after_is_relative_and_escaped(bucket, shell, location):
    for key in ("p/a", "p/b b", "p/c"):
        bucket.put(key, key.encode())
    after = shell.tool("s3-get-lines", "--all", "--start-after", "a", f"{location}/p/").expect()
    assert after.lines == ["p/b b", "p/c"]
    after = shell.tool("s3-get-lines", "--all", "--start-after", "b b", f"{location}/p/").expect()
    assert after.lines == ["p/c"]
    shell.tool("s3-get-lines", "--all", "--start-after", "\\q", location).expect(65)


def test_end_before_is_relative_and_escaped(bucket, shell, location):
    for key in ("p/a", "p/b b", "p/c"):
        bucket.put(key, key.encode())
    assert shell.tool("s3-get-lines", "--all", "--end-before", "c", f"{location}/p/").expect().lines == ["p/a", "p/b b"]
    both = ["--start-after", "a", "--end-before", "c"]
    assert shell.tool("s3-get-lines", "--all", *both, f"{location}/p/").expect().lines == ["p/b b"]
    shell.tool("s3-get-lines", "--end-before", "c", location, "a").expect(64)


def test_url_keys_are_decoded(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a b/ü+", b"1\n")
    location = f"s3://{seaweedfs_bucket.name}"
    encoded = "a+b/%C3%BC%2b"
    assert (
        seaweedfs_shell.tool("s3-get-lines", "--url-keys", location, stdin=encoded.encode()).expect().stdout == b"1\n"
    )
    assert seaweedfs_shell.tool("s3-get-lines", "--url-keys", location, encoded).expect().stdout == b"1\n"
    assert "% at byte 2" in seaweedfs_shell.tool("s3-get-lines", "--url-keys", location, "a%zz").expect(65).message
    long = "%41" * 1024
    assert seaweedfs_shell.tool("s3-get-lines", "--url-keys", location, stdin=long.encode()).expect(66)


def test_an_operand_is_written_escaped(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("tab\there", b"1\n")
    assert seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "tab\\there").expect().stdout == b"1\n"
    wrong = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "tab\\here").expect(65)
    assert "tab\\\\here" in wrong.message or "tab\\here" in wrong.message


def test_a_key_is_fetched_before_the_next_one_is_written(seaweedfs_bucket, seaweedfs_shell):
    for key in "abc":
        seaweedfs_bucket.put(key, key.encode() + b"\n")
    process = start(seaweedfs_shell, f"s3://{seaweedfs_bucket.name}")
    for key in (b"a", b"b", b"c"):
        process.stdin.write(key + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == key + b"\n"
    process.stdin.close()
    assert process.wait(10) == 0


def test_shards_partition_the_keys(seaweedfs_bucket, seaweedfs_shell):
    keys = [f"key {number}" for number in range(60)]
    for key in keys:
        seaweedfs_bucket.put(f"p/{key}", key.encode())
    seen = []
    for number in (1, 2, 3):
        mine = [key for key in keys if zlib.crc32(key.encode()) % 3 == number - 1]
        got = seaweedfs_shell.tool(
            "s3-get-lines", "--all", "--shard", f"{number}/3", f"s3://{seaweedfs_bucket.name}/p/"
        )
        assert got.expect().lines == sorted(mine)
        named = "".join(key + "\n" for key in keys).encode()
        got = seaweedfs_shell.tool(
            "s3-get-lines", "--shard", f"{number}/3", f"s3://{seaweedfs_bucket.name}/p/", stdin=named
        )
        assert got.expect().lines == mine
        seen += mine
    assert sorted(seen) == sorted(keys)


def test_a_thousand_keys_of_which_some_are_missing(seaweedfs_bucket, seaweedfs_shell):
    present = [number for number in range(1000) if number % 7]
    for number in present:
        seaweedfs_bucket.put(f"k{number}", f"{number}".encode())
    keys = "".join(f"k{number}\n" for number in range(1000)).encode()
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", stdin=keys).expect(66)
    assert got.lines == [str(number) for number in present]
    missing = [line.split(":")[1].strip() for line in got.message.splitlines()]
    assert missing == [f"k{number}" for number in range(0, 1000, 7)]


def test_a_malformed_key_ends_the_run_after_earlier_keys(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", stdin=b"a\na\nb\\x\na\n").expect(65)
    assert got.stdout == b"1\n1\n"
    assert "line 3" in got.message
    seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", stdin=b"\n").expect(65)
    seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", stdin=b"\xff\n").expect(65)
    seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", stdin=b"k" * 1025 + b"\n").expect(65)


@pytest.mark.parametrize(
    "options",
    [
        ["--all", "s3://b", "key"],
        ["--start-after", "a", "s3://b"],
        ["--shard", "0/2", "s3://b"],
        ["--shard", "3/2", "s3://b"],
        ["--shard", "x", "s3://b"],
        ["--memory", "10", "s3://b"],
        ["--memory", "8M", "--multipart-chunksize", "8M", "s3://b"],
        ["--multipart-chunksize", "0", "s3://b"],
        [],
    ],
    ids=" ".join,
)
def test_impossible_options_are_64(plain_shell, options):
    assert plain_shell.tool("s3-get-lines", *options).expect(64).stdout == b""


def test_a_terminal_without_keys_is_64_with_a_hint(seaweedfs_bucket, seaweedfs_shell):
    master, terminal = os.openpty()
    process = start(seaweedfs_shell, f"s3://{seaweedfs_bucket.name}", stdin=terminal)
    try:
        _, message = process.communicate(timeout=10)
    finally:
        os.close(master)
        os.close(terminal)
    assert process.returncode == 64
    assert b"--all" in message


# Lines


def test_with_key_writes_the_escaped_relative_key(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("p/a\tb", b"1\n\n2")
    seaweedfs_bucket.put("p/c", b"3\n")
    got = seaweedfs_shell.tool("s3-get-lines", "--all", "--with-key", f"s3://{seaweedfs_bucket.name}/p/").expect()
    assert got.stdout == b"a\\tb\t1\na\\tb\t\na\\tb\t2\nc\t3\n"


def test_exact_adds_no_newline(bucket, shell, location):
    bucket.put("a", b"1\n2")
    bucket.put("b", b"")
    bucket.put("c", b"3")
    keys = b"a\nb\nc\n"
    assert shell.tool("s3-get-lines", "--exact", location, stdin=keys).expect().stdout == b"1\n23"
    assert shell.tool("s3-get-lines", location, stdin=keys).expect().stdout == b"1\n2\n3\n"


@pytest.mark.parametrize("order", [[], ["--unordered"]], ids=["ordered", "unordered"])
def test_large_objects_are_fetched_in_ranges(bucket, shell, location, order):
    data = {f"k{number}": numbered_lines(size, number) for number, size in enumerate((3 * MIB, 10, 700_000, 2 * MIB))}
    for key, body in data.items():
        bucket.put(key, body)
    options = ["--multipart-threshold", "512K", "--multipart-chunksize", "256K", "--memory", "1M", "--verbose"]
    got = shell.tool("s3-get-lines", *order, *options, location, *data).expect()
    assert got.message.count("/k0: GetObject: 206") >= 11
    if order:
        assert sorted(got.stdout.splitlines()) == sorted(b"".join(data.values()).splitlines())
    else:
        assert got.stdout == b"".join(data.values())


@pytest.mark.parametrize("order", [[], ["--unordered"]], ids=["ordered", "unordered"])
def test_lines_longer_than_any_buffer_are_never_mixed(seaweedfs_bucket, seaweedfs_shell, order):
    bodies = [bytes([65 + number]) * (2 * MIB + number * 300_000) for number in range(6)]
    for number, body in enumerate(bodies):
        seaweedfs_bucket.put(f"k{number}", b"first\n" + body)
    keys = [f"k{number}" for number in range(6)]
    options = ["--multipart-chunksize", "128K", "--multipart-threshold", "256K", "--memory", "1M"]
    got = seaweedfs_shell.tool("s3-get-lines", *order, *options, f"s3://{seaweedfs_bucket.name}", *keys).expect()
    lines = got.stdout.splitlines()
    expected = [line for body in bodies for line in (b"first", body)]
    assert (sorted(lines) if order else lines) == (sorted(expected) if order else expected)


def test_unordered_lets_small_objects_overtake(seaweedfs_bucket, seaweedfs_shell):
    for number in range(500):
        seaweedfs_bucket.put(f"k{number:03}", f"{number} a\n{number} b\n".encode())
    got = seaweedfs_shell.tool("s3-get-lines", "--unordered", "--all", f"s3://{seaweedfs_bucket.name}").expect()
    assert sorted(got.lines) == sorted(f"{number} {end}" for number in range(500) for end in "ab")


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


def test_gzip_objects_may_be_padded_with_zeros(seaweedfs_bucket, seaweedfs_shell):
    """As tapes and devices leave them; gzip -dc accepts them too."""
    padded = gzip.compress(b"one\n") + bytes(512)
    seaweedfs_bucket.put("a", padded)
    seaweedfs_bucket.put("b", padded + gzip.compress(b"two\n") + bytes(70_000))
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "a", "b").expect()
    assert got.stdout == b"one\none\ntwo\n"
    assert seaweedfs_shell.run("gzip -dc", stdin=padded).stdout == b"one\n"
    seaweedfs_bucket.put("c", padded + b"more")
    assert (
        "unexpected data after"
        in seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "c").expect(1).message
    )


@pytest.mark.parametrize("level", [0, 6])
def test_a_large_gzip_object_in_ranges(seaweedfs_bucket, seaweedfs_shell, level):
    text = numbered_lines(20 * MIB)
    seaweedfs_bucket.put("a", gzip.compress(text[: 12 * MIB], level) + gzip.compress(text[12 * MIB :], level))
    options = ["--multipart-threshold", "64K", "--multipart-chunksize", "64K", "--memory", "1M"]
    assert seaweedfs_shell.tool("s3-get-lines", *options, f"s3://{seaweedfs_bucket.name}", "a").expect().stdout == text


def test_a_small_gzip_object_may_be_of_any_length(seaweedfs_bucket, seaweedfs_shell):
    text = b"0123456789abcde\n" * (4 * MIB)
    seaweedfs_bucket.put("a", gzip.compress(text))
    process = start(seaweedfs_shell, "--memory", "4M", f"s3://{seaweedfs_bucket.name}")
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.read(len(text)) == text
    assert peak_memory(process) < 40 * MIB
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
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "a", "b").expect(1)
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


def test_a_large_zstd_object_in_ranges(seaweedfs_bucket, seaweedfs_shell):
    text = numbered_lines(20 * MIB)
    seaweedfs_bucket.put("a", zstd(text[: 12 * MIB]) + zstd(text[12 * MIB :], "--long=24"))
    options = ["--multipart-threshold", "64K", "--multipart-chunksize", "64K", "--memory", "1M"]
    assert seaweedfs_shell.tool("s3-get-lines", *options, f"s3://{seaweedfs_bucket.name}", "a").expect().stdout == text


@pytest.mark.parametrize("compress", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_zeros_may_follow_compressed_data(seaweedfs_bucket, seaweedfs_shell, compress):
    """As `dd conv=sync` and tapes leave them; also between members, if two such files were concatenated."""
    seaweedfs_bucket.put("a", compress(b"one\n") + bytes(512))
    seaweedfs_bucket.put("b", compress(b"two\n") + bytes(10_000) + compress(b"three\n") + b"\0")
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "a", "b").expect()
    assert got.stdout == b"one\ntwo\nthree\n"
    seaweedfs_bucket.put("c", compress(b"four\n") + bytes(512) + b"x")
    assert (
        "unexpected data after"
        in seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "c").expect(1).message
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
    got = seaweedfs_shell.tool("s3-get-lines", f"s3://{seaweedfs_bucket.name}", "a", "b").expect(1)
    assert got.stdout == b"fine\n"
    assert "a: zstd: " in got.message


# Parallel decompression


@pytest.mark.parametrize("options", [(), ("--unordered",), ("--memory", "4M"), ("--memory", "2M", "--unordered")])
def test_compressed_objects_are_read_in_parallel(seaweedfs_bucket, seaweedfs_shell, options):
    """Some are longer than a chunk, some plain, some damaged; with one processor the result is the same."""
    dice = random.Random(7)
    expected, damaged = [], []
    for number in range(60):
        text = b"".join(b"%d of %d\n" % (line, number) for line in range(dice.choice([3, 4000, 90_000])))
        stored = dice.choice([gzip.compress, zstd, lambda text: text])(text)
        if number % 20 == 7:
            stored = gzip.compress(text)[:-6] + b"000000"
            damaged.append(f"k{number:02d}")
        else:
            expected.append(text)
        seaweedfs_bucket.put(f"k{number:02d}", stored)
    words = " ".join(["s3-get-lines", "--all", *options, f"s3://{seaweedfs_bucket.name}"])
    for command in (words, f"taskset -c 0 {words}"):
        got = seaweedfs_shell.run(command).expect(1)
        assert [line.split(": ")[1] for line in got.message.splitlines()] == damaged or "--unordered" in options
        whole = [line for line in got.lines if int(line.split(" of ")[1]) % 20 != 7]
        wanted = b"".join(expected).decode().splitlines()
        assert (sorted(whole), len(got.message.splitlines())) == (sorted(wanted), 3)
        if "--unordered" not in options:
            assert whole == wanted


# A reader that is slow or closes its end


def test_a_slow_reader_stops_fetching(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(24 * MIB))
    process = start(
        seaweedfs_shell, "--verbose", "--memory", "2M", "--multipart-chunksize", "256K",
        "--multipart-threshold", "256K", f"s3://{seaweedfs_bucket.name}", "a",
    )  # fmt: skip
    seen = []
    threading.Thread(target=lambda: seen.extend(process.stderr), daemon=True).start()
    within(20, lambda: len(seen) >= 4)
    time.sleep(1)
    requests = len(seen)
    # The fetched data fits into memory and the pipe.
    assert requests * 256 * 1024 <= 4 * MIB
    time.sleep(1)
    assert len(seen) == requests
    assert process.stdout.read() == seaweedfs_bucket.get("a")
    assert process.wait(30) == 0


def test_a_closed_pipe_ends_it_quietly_and_at_once(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(16 * MIB))
    process = start(seaweedfs_shell, f"s3://{seaweedfs_bucket.name}", *["a"] * 100)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(5) == -signal.SIGPIPE
    assert process.stderr.read() == b""


def test_sigpipe_is_141_in_a_shell(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(4 * MIB))
    seaweedfs_shell.run(f"s3-get-lines s3://{seaweedfs_bucket.name} a a a | head -n 1").expect(141)


def test_with_sigpipe_ignored_it_is_74(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(4 * MIB))
    got = seaweedfs_shell.run(f"trap '' PIPE; s3-get-lines s3://{seaweedfs_bucket.name} a a a | head -n 1").expect(74)
    assert "standard output" in got.message


def test_a_full_disk_is_74(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(MIB))
    got = seaweedfs_shell.run(f"s3-get-lines s3://{seaweedfs_bucket.name} a > /dev/full").expect(74)
    assert "No space left on device" in got.message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_effect_between_whole_lines(seaweedfs_bucket, seaweedfs_shell, number):
    data = numbered_lines(32 * MIB)
    seaweedfs_bucket.put("a", data)
    process = start(seaweedfs_shell, "--memory", "4M", f"s3://{seaweedfs_bucket.name}", "a", "a")
    begin = process.stdout.read(MIB)
    process.send_signal(number)
    rest = process.stdout.read()
    assert process.wait(10) == -number
    got = begin + rest
    assert data.startswith(got) and got.endswith(b"\n") and len(got) < len(data)
    assert process.stderr.read() == b""


def test_a_signal_waits_for_the_end_of_a_partly_written_line(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"x" * (12 * MIB) + b"\nnext\n" + b"y" * (4 * MIB))
    options = ["--multipart-threshold", "256K", "--multipart-chunksize", "128K", "--memory", "1M"]
    process = start(seaweedfs_shell, *options, f"s3://{seaweedfs_bucket.name}", "a")
    begin = process.stdout.read(1000)
    process.send_signal(signal.SIGTERM)
    got = begin + process.stdout.read()
    assert process.wait(10) == -signal.SIGTERM
    assert got.startswith(b"x" * (12 * MIB) + b"\n") and got.endswith(b"\n")


def test_a_signal_ends_an_idle_run(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    process = start(seaweedfs_shell, f"s3://{seaweedfs_bucket.name}")
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == -signal.SIGINT


def test_a_second_signal_ends_it_at_once(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(32 * MIB))
    process = start(seaweedfs_shell, f"s3://{seaweedfs_bucket.name}", "a")
    process.stdout.read(1000)
    time.sleep(1)  # the pipe is full now
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # nothing is read, so it cannot end by itself
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == -signal.SIGTERM


# Checksums


CHECKSUMS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_an_object_with_a_checksum_comes_back(bucket, shell, location, algorithm):
    data = numbered_lines(600_000)
    value = base64.b64encode(CHECKSUMS[algorithm](data)).decode()
    bucket.client.put_object(
        Bucket=bucket.name, Key="a", Body=data, ChecksumAlgorithm=algorithm, **{f"Checksum{algorithm}": value}
    )
    options = ["--multipart-threshold", "100K", "--multipart-chunksize", "100K"]
    assert shell.tool("s3-get-lines", location, "a").expect().stdout == data
    assert shell.tool("s3-get-lines", *options, location, "a").expect().stdout == data


def test_a_composite_checksum_is_skipped(bucket, shell, location):
    parts = [numbered_lines(5 * MIB, 1), numbered_lines(100_000, 2)]
    made = bucket.client.create_multipart_upload(Bucket=bucket.name, Key="a", ChecksumAlgorithm="SHA256")
    common = {"Bucket": bucket.name, "Key": "a", "UploadId": made["UploadId"]}
    done = []
    for number, part in enumerate(parts, 1):
        answer = bucket.client.upload_part(PartNumber=number, Body=part, ChecksumAlgorithm="SHA256", **common)
        done.append({"PartNumber": number, "ETag": answer["ETag"]})
        if "ChecksumSHA256" in answer:
            done[-1]["ChecksumSHA256"] = answer["ChecksumSHA256"]
    bucket.client.complete_multipart_upload(MultipartUpload={"Parts": done}, **common)
    assert shell.tool("s3-get-lines", location, "a").expect().stdout == b"".join(parts)


# Copying


def test_a_bucket_is_copied_byte_for_byte(bucket, shell, location, server):
    require("s3-put-lines")
    target = Bucket(server)
    data = {"a b": b"1\n2\n", "c": b"\n\n", "d/e": numbered_lines(300_000), "gz": b"x\n"}
    for key, body in data.items():
        bucket.put(key, body)
    shell.run(f"s3-get-lines --all --with-key --raw {location} | s3-put-lines s3://{target.name}").expect()
    assert {key: target.get(key) for key in target.keys()} == data
