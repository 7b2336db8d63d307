"""s3-get-lines against servers with objects put by boto3."""

import base64
import hashlib
import os
import signal
import threading
import time
import zlib

import pytest
from conftest import Bucket, until_idle, within
from faults import numbered_lines

MIB = 1 << 20


@pytest.fixture
def location(bucket):
    return bucket.location


def start(shell, *arguments, **options):
    return shell.start("s3-get-lines", *arguments, **options)


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
    location = seaweedfs_bucket.location
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
    assert seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "tab\\there").expect().stdout == b"1\n"
    wrong = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, "tab\\here").expect(65)
    assert "tab\\\\here" in wrong.message or "tab\\here" in wrong.message


def test_a_key_is_fetched_before_the_next_one_is_written(seaweedfs_bucket, seaweedfs_shell):
    for key in "abc":
        seaweedfs_bucket.put(key, key.encode() + b"\n")
    process = start(seaweedfs_shell, seaweedfs_bucket.location)
    for key in (b"a", b"b", b"c"):
        process.stdin.write(key + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == key + b"\n"
    process.stdin.close()
    assert process.wait(10) == 0


def test_shards_partition_the_keys(seaweedfs_bucket, seaweedfs_shell):
    keys = [f"key {number}" for number in range(60)]
    seaweedfs_bucket.fill({f"p/{key}": key.encode() for key in keys})
    seen = []
    for number in (1, 2, 3):
        mine = [key for key in keys if zlib.crc32(key.encode()) % 3 == number - 1]
        got = seaweedfs_shell.tool(
            "s3-get-lines", "--all", "--shard", f"{number}/3", f"{seaweedfs_bucket.location}/p/"
        )
        assert got.expect().lines == sorted(mine)
        named = "".join(key + "\n" for key in keys).encode()
        got = seaweedfs_shell.tool(
            "s3-get-lines", "--shard", f"{number}/3", f"{seaweedfs_bucket.location}/p/", stdin=named
        )
        assert got.expect().lines == mine
        seen += mine
    assert sorted(seen) == sorted(keys)


def test_a_thousand_keys_of_which_some_are_missing(seaweedfs_bucket, seaweedfs_shell):
    present = [number for number in range(1000) if number % 7]
    seaweedfs_bucket.fill({f"k{number}": f"{number}".encode() for number in present})
    keys = "".join(f"k{number}\n" for number in range(1000)).encode()
    got = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, stdin=keys).expect(66)
    assert got.lines == [str(number) for number in present]
    missing = [line.split(":")[1].strip() for line in got.message.splitlines()]
    assert missing == [f"k{number}" for number in range(0, 1000, 7)]


def test_a_malformed_key_ends_the_run_after_earlier_keys(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    got = seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, stdin=b"a\na\nb\\x\na\n").expect(65)
    assert got.stdout == b"1\n1\n"
    assert "line 3" in got.message
    seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, stdin=b"\n").expect(65)
    seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, stdin=b"\xff\n").expect(65)
    seaweedfs_shell.tool("s3-get-lines", seaweedfs_bucket.location, stdin=b"k" * 1025 + b"\n").expect(65)


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
    process = start(seaweedfs_shell, seaweedfs_bucket.location, stdin=terminal)
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
    got = seaweedfs_shell.tool("s3-get-lines", "--all", "--with-key", f"{seaweedfs_bucket.location}/p/").expect()
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
    got = seaweedfs_shell.tool("s3-get-lines", *order, *options, seaweedfs_bucket.location, *keys).expect()
    lines = got.stdout.splitlines()
    expected = [line for body in bodies for line in (b"first", body)]
    assert (sorted(lines) if order else lines) == (sorted(expected) if order else expected)


def test_unordered_lets_small_objects_overtake(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.fill({f"k{number:03}": f"{number} a\n{number} b\n".encode() for number in range(500)})
    got = seaweedfs_shell.tool("s3-get-lines", "--unordered", "--all", seaweedfs_bucket.location).expect()
    assert sorted(got.lines) == sorted(f"{number} {end}" for number in range(500) for end in "ab")


# A reader that is slow or closes its end


def test_a_slow_reader_stops_fetching(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(24 * MIB))
    process = start(
        seaweedfs_shell, "--verbose", "--memory", "2M", "--multipart-chunksize", "256K",
        "--multipart-threshold", "256K", seaweedfs_bucket.location, "a",
    )  # fmt: skip
    seen = []
    threading.Thread(target=lambda: seen.extend(process.stderr), daemon=True).start()
    within(20, lambda: len(seen) >= 4)
    until_idle(process)
    requests = len(seen)
    # The fetched data fits into memory and the pipe.
    assert requests * 256 * 1024 <= 4 * MIB
    time.sleep(0.3)
    assert len(seen) == requests
    assert process.stdout.read() == seaweedfs_bucket.get("a")
    assert process.wait(30) == 0


def test_a_closed_pipe_ends_it_quietly_and_at_once(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(16 * MIB))
    process = start(seaweedfs_shell, seaweedfs_bucket.location, *["a"] * 100)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(5) == -signal.SIGPIPE
    assert process.stderr.read() == b""


def test_with_sigpipe_ignored_it_is_74(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(4 * MIB))
    got = seaweedfs_shell.run(f"trap '' PIPE; s3-get-lines {seaweedfs_bucket.location} a a a | head -n 1").expect(74)
    assert "standard output" in got.message


def test_a_full_disk_is_74(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(MIB))
    got = seaweedfs_shell.run(f"s3-get-lines {seaweedfs_bucket.location} a > /dev/full").expect(74)
    assert "No space left on device" in got.message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_effect_between_whole_lines(seaweedfs_bucket, seaweedfs_shell, number):
    data = numbered_lines(32 * MIB)
    seaweedfs_bucket.put("a", data)
    process = start(seaweedfs_shell, "--memory", "4M", seaweedfs_bucket.location, "a", "a")
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
    process = start(seaweedfs_shell, *options, seaweedfs_bucket.location, "a")
    begin = process.stdout.read(1000)
    process.send_signal(signal.SIGTERM)
    got = begin + process.stdout.read()
    assert process.wait(10) == -signal.SIGTERM
    assert got.startswith(b"x" * (12 * MIB) + b"\n") and got.endswith(b"\n")


def test_a_second_signal_ends_it_at_once(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", numbered_lines(32 * MIB))
    process = start(seaweedfs_shell, seaweedfs_bucket.location, "a")
    process.stdout.read(1000)
    until_idle(process)  # the pipe is full now
    process.send_signal(signal.SIGTERM)
    until_idle(process)  # nothing is read, so it cannot end by itself
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
    target = Bucket(server)
    data = {"a b": b"1\n2\n", "c": b"\n\n", "d/e": numbered_lines(300_000), "gz": b"x\n"}
    for key, body in data.items():
        bucket.put(key, body)
    shell.run(f"s3-get-lines --all --with-key --raw {location} | s3-put-lines {target.location}").expect()
    assert {key: target.get(key) for key in target.keys()} == data
