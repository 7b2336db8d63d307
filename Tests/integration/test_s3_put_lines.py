"""s3-put-lines on every server; boto3 verifies the stored objects."""

import gzip
import os
import random
import select
import signal
import time

import pytest
from conftest import memory, within
from servers import SECRET_KEY

MIB = 1 << 20
SMALLEST_PART = 5 * MIB


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


# Objects and their sizes


@pytest.mark.parametrize(
    "size", [0, 1, SMALLEST_PART - 1, SMALLEST_PART, SMALLEST_PART + 1, 2 * SMALLEST_PART, 23 * MIB + 7]
)
def test_a_stream_of_any_size_is_one_object_byte_for_byte(bucket, shell, size):
    data = some_bytes(size)
    put = shell.tool("s3-put-lines", "--long", bucket.location, "k", stdin=data).expect()
    assert bucket.get("k") == data
    etag = bucket.client.head_object(Bucket=bucket.name, Key="k")["ETag"]
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    assert put.stdout == f"k\t{etag}\t{size}\t{lines}\n".encode()
    assert bucket.open_uploads() == []


def test_parts_are_as_large_as_asked(bucket, shell):
    data = some_bytes(15 * MIB)
    for options, size in ((["--part-size", "6M"], 6 * MIB), (["--min-part-size", "7M"], 7 * MIB)):
        put = shell.tool("s3-put-lines", "--long", *options, bucket.location, f"k{size}", stdin=data).expect()
        assert bucket.get(f"k{size}") == data
        assert int(put.lines[0].split("\t")[1].strip('"').split("-")[1]) == -(-len(data) // size)


def test_records_longer_than_memory_pass(seaweedfs_bucket, seaweedfs_shell):
    data = some_bytes(60 * MIB).replace(b"\n", b"x")
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--memory", "20M", seaweedfs_bucket.location, stdin=b"a\t1\nlong\t" + data + b"\nz\t2\n"
    ).expect()
    assert put.lines == ["a", "long", "z"]
    assert seaweedfs_bucket.get("long") == data + b"\n"


@pytest.mark.parametrize("connections", [1, 3, 64])
@pytest.mark.parametrize("memory", ["20M", "32M"])
def test_no_ratio_of_sizes_blocks(seaweedfs_bucket, seaweedfs_shell, connections, memory):
    records, expected = [], {}
    for number, size in enumerate([1, 11 * MIB, 5, 5 * MIB, 30 * MIB, 100]):
        data = some_bytes(size, number).replace(b"\n", b" ")
        records.append(f"k{number}\t".encode() + data + b"\n")
        expected[f"k{number}"] = data + b"\n"
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--max-connections", str(connections), "--memory", memory, seaweedfs_bucket.location,
        stdin=b"".join(records),
    ).expect()  # fmt: skip
    assert put.lines == list(expected)
    assert {key: seaweedfs_bucket.get(key) for key in expected} == expected


def test_objects_that_memory_cannot_keep_open_are_completed(seaweedfs_bucket, seaweedfs_shell):
    line = b"x" * 200_000
    records = b"".join(b"k%d\t%s\n" % (number % 10, line) for number in range(200))
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--max-open", "10", "--memory", "20M", seaweedfs_bucket.location, stdin=records
    ).expect(65)
    assert "appears again" in put.message and "--memory" in put.message
    assert seaweedfs_bucket.open_uploads() == []
    seaweedfs_shell.tool(
        "s3-put-lines", "--max-open", "10", "--memory", "70M", seaweedfs_bucket.location, stdin=records
    ).expect()


def test_many_compressors_fit_the_memory_too(seaweedfs_bucket, seaweedfs_shell):
    records = b"".join(b"k%d\t%d\n" % (number % 200, number) for number in range(2000))
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--gzip", "--max-open", "200", "--memory", "20M", "--reject", "r",
        seaweedfs_bucket.location, stdin=records,
    ).expect()  # fmt: skip
    assert len(put.lines) == 200
    stored = {key: gzip.decompress(seaweedfs_bucket.get(key)) for key in put.lines}
    for number in range(200):
        lines = b"".join(b"%d\n" % each for each in range(number, 2000, 200))
        assert stored[f"k{number}"] == lines


# Grouping


def test_interleaved_keys_make_one_object_each(bucket, shell):
    records = b"".join(b"%s\t%d\n" % (b"abc"[n % 3 : n % 3 + 1], n) for n in range(30))
    put = shell.tool("s3-put-lines", "--max-open", "3", "--long", bucket.location, stdin=records).expect()
    assert [line.split("\t")[0] for line in put.lines] == ["a", "b", "c"]
    assert [line.split("\t")[3] for line in put.lines] == ["10"] * 3
    assert bucket.get("b") == b"".join(b"%d\n" % n for n in range(1, 30, 3))


def test_a_close_record_completes_its_object_at_once(bucket, shell):
    process = start(shell, "--max-open", "2", bucket.location)
    process.stdin.write(b"a\t1\nb\t2\na\n")
    assert read_line(process) == b"a\n"
    process.stdin.write(b"a\nb\t3\n")
    assert process.communicate()[0] == b"b\n"
    assert process.returncode == 0
    assert bucket.get("b") == b"2\n3\n"


def test_each_record_is_sent_the_moment_it_is_read(bucket, shell):
    process = start(shell, "--each", bucket.location)
    for number in range(3):
        process.stdin.write(b"k%d\tdata %d\n" % (number, number))
        assert read_line(process) == b"k%d\n" % number
        assert bucket.get(f"k{number}") == b"data %d\n" % number
    process.stdin.write(b"k1\tagain\n")
    process.communicate()
    assert process.returncode == 65
    assert bucket.get("k1") == b"data 1\n"


def start(shell, *arguments, **options):
    return shell.start("s3-put-lines", *arguments, bufsize=0, **options)


def read_line(process, seconds=30):
    assert select.select([process.stdout], [], [], seconds)[0], "nothing came"
    return process.stdout.readline()


# What is stored with an object


def test_headers_are_stored(bucket, shell, server):
    options = [
        "--content-type", "text/x-test; charset=utf-8", "--content-encoding", "identity", "--cache-control",
        "max-age=60", "--metadata", "Owner=a b", "--metadata", "empty-not=x=y", "--tag", "team=r+d @x", "--tag", "n=1",
    ]  # fmt: skip
    for key, size in (("small", 10), ("large", SMALLEST_PART + 10)):
        shell.tool("s3-put-lines", *options, bucket.location, key, stdin=b"x" * size).expect()
        head = bucket.client.head_object(Bucket=bucket.name, Key=key)
        assert head["ContentType"] == "text/x-test; charset=utf-8"
        assert head["Metadata"] == {"owner": "a b", "empty-not": "x=y"}
        tags = bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "r+d @x", "n": "1"}, key
        if server.name != "minio":  # the gateway stores neither
            assert head["ContentEncoding"] == "identity"
            assert head["CacheControl"] == "max-age=60"


@pytest.mark.parametrize("value", ["", " ", " \t "])
def test_a_blank_value_is_sent_as_signed(seaweedfs_bucket, seaweedfs_shell, value):
    """libcurl drops a header field with an empty value, unless it is written in a special form."""
    seaweedfs_shell.tool(
        "s3-put-lines", "--metadata", f"k={value}", seaweedfs_bucket.location, "o", stdin=b"x"
    ).expect()
    assert seaweedfs_bucket.client.head_object(Bucket=seaweedfs_bucket.name, Key="o")["Metadata"] in ({"k": ""}, {})


def test_header_fields_are_sent_as_given(faulty):
    options = [
        "--storage-class", "STANDARD_IA", "--acl", "private", "--sse", "aws:kms", "--sse-kms-key-id", "k-1",
        "--no-clobber",
    ]  # fmt: skip
    faulty.rule("answer", method="PUT", status=200, headers=(("ETag", '"e"'),), times=None)
    faulty.shell = faulty.shell.with_environment(AWS_REQUEST_CHECKSUM_CALCULATION="when_supported")
    # A server that accepts everything ignores every condition.
    faulty.put_object("k", b"123456789", *options, status=78)
    headers = faulty.proxy.journal[-1].headers
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-acl"] == "private"
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "k-1"
    assert headers["if-none-match"] == "*"
    assert headers["x-amz-checksum-crc32"] == "y/Q5Jg=="  # the check value of CRC-32, cbf43926
    assert "content-type" not in headers and "expect" not in headers


def test_checksums_of_parts_are_accepted(bucket, shell):
    data = some_bytes(12 * MIB)
    asked = shell.with_environment(AWS_REQUEST_CHECKSUM_CALCULATION="when_supported")
    asked.tool("s3-put-lines", bucket.location, "k", stdin=data).expect()
    assert bucket.get("k") == data


# Failures


def test_no_clobber_fails_for_existing_objects(bucket, shell, server):
    bucket.put("b", b"before\n")
    records = b"a\t1\nb\t2\nc\t3\n"
    put = shell.tool("s3-put-lines", "--no-clobber", "--reject", "r", bucket.location, stdin=records)
    if server.name == "minio":  # the gateway ignores If-None-Match
        assert "a: 1 line from line 1: the service ignores If-None-Match" in put.expect(78).message
        assert (put.stdout, bucket.keys(), bucket.get("b")) == (b"", ["a", "b"], b"before\n")
        return
    put.expect(1)
    assert put.lines == ["a", "c"]
    assert (shell.directory / "r").read_bytes() == b"b\t2\n"
    assert "b: 1 line from line 2: PutObject: 412 PreconditionFailed" in put.message
    large = shell.tool("s3-put-lines", "--no-clobber", bucket.location, "b", stdin=b"x" * 6 * MIB)
    if server.name == "rgw":  # it ignores If-None-Match when an upload is completed
        assert "ignores If-None-Match" in large.expect(78).message
        assert large.stdout == b"" and bucket.open_uploads() == []
        return
    large.expect(1)
    assert "412" in large.message
    assert bucket.get("b") == b"before\n"
    assert bucket.open_uploads() == []


# --commit-on


def test_commit_on_tells_a_finished_producer_from_a_dead_one(bucket, shell):
    words = ["--commit-on", "-- done", bucket.location]
    whole = shell.tool("s3-put-lines", *words, stdin=b"a\t1\na\t2\nend\t-- done\n").expect()
    assert whole.lines == ["a"] and bucket.keys() == ["a"]
    dead = shell.tool("s3-put-lines", *words, stdin=b"b\t-- done\nb\t1\nc\t2\n").expect(65)
    assert bucket.get("b") == b"-- done\n1\n", "completed by the next key"
    assert "c: 1 line" in dead.message and "'-- done'" in dead.message
    large = b"line\n" * 1_300_000
    dead = shell.tool("s3-put-lines", *words, "k", stdin=large).expect(65)
    assert bucket.keys() == ["a", "b"] and bucket.open_uploads() == []
    shell.tool("s3-put-lines", *words, "k", stdin=large + b"-- done\n").expect()
    assert bucket.get("k") == large


# Signals and pipes


def test_a_signal_reads_keyed_input_to_its_end(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, seaweedfs_bucket.location)
    process.stdin.write(b"a\t1\nb\t2\n")
    assert read_line(process) == b"a\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.stdin.write(b"b\t3\nc\t4\nc\tnot who")
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert stdout == b"b\nc\n"
    assert seaweedfs_bucket.get("b") == b"2\n3\n"
    assert seaweedfs_bucket.get("c") == b"4\n"
    assert b"line 5: the input ended inside this record" in stderr


@pytest.mark.parametrize("options", [["--commit-on", "#EOF"], []])
def test_a_signal_abandons_uncommitted_input(seaweedfs_bucket, seaweedfs_shell, options):
    words = [seaweedfs_bucket.location] if options else [seaweedfs_bucket.location, "k"]
    process = start(seaweedfs_shell, *options, *words)
    record = b"k\t" + b"x" * 997 + b"\n"
    for _ in range(6 * MIB // len(record) + 1):
        process.stdin.write(record)
    within(30, seaweedfs_bucket.open_uploads)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT
    stdout, stderr = process.communicate()
    assert stdout == b"" and b"k: " in stderr
    assert seaweedfs_bucket.open_uploads() == [] and seaweedfs_bucket.keys() == []


def test_a_closed_receipt_pipe_is_sigpipe(seaweedfs_bucket, seaweedfs_shell):
    words = f"s3-put-lines {seaweedfs_bucket.location}"
    script = f'yes | awk \'{{print "k" NR "\\t" NR}}\' | {words} | head -n 2; echo ${{PIPESTATUS[2]}}'
    finished = seaweedfs_shell.run(script, shell=("bash", "-c"))
    assert finished.stdout == b"k1\nk2\n141\n"
    assert finished.stderr == b""
    ignored = seaweedfs_shell.run("trap '' PIPE; " + script.replace('"k"', '"j"'), shell=("bash", "-c"))
    assert ignored.stdout.endswith(b"\n74\n")


def test_full_disks_and_bad_files_are_74(seaweedfs_bucket, seaweedfs_shell):
    where = seaweedfs_bucket.location
    seaweedfs_shell.run(f"printf 'f\\t1\\n' | s3-put-lines {where} > /dev/full").expect(74)
    seaweedfs_shell.run(f"printf 'bad\\n' | s3-put-lines --reject /dev/full {where}").expect(74)
    seaweedfs_shell.run(f"printf 'bad\\n' | s3-put-lines --reject no/such/directory {where}").expect(74)
    seaweedfs_shell.run(f"s3-put-lines {where} < /").expect(74)
    seaweedfs_shell.run(f"s3-put-lines {where} <&-").expect(74)


def test_memory_is_bounded_while_receipts_are_not_read(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, seaweedfs_bucket.location)
    os.set_blocking(process.stdin.fileno(), False)
    line = b"y" * 100_000
    for number in range(400):
        if process.stdin.write(b"k%d\t%s\n" % (number, line)) is None:
            time.sleep(0.01)
    peak = memory(process)
    process.kill()
    process.communicate()
    assert peak < 300 * MIB


# Other options


def test_dry_run_prints_the_same_and_sends_nothing(shell, bucket, plain_shell):
    records = b"a\t1\nb\t2\nb\t3\nbad\n"
    dry = plain_shell.tool("s3-put-lines", "--dry-run", "--long", "--reject", "r", bucket.location, stdin=records)
    assert dry.expect(1).stdout == b"a\t-\t2\t1\nb\t-\t4\t2\n"
    assert bucket.keys() == []


def test_quiet_prints_nothing(bucket, shell):
    assert shell.tool("s3-put-lines", "--quiet", bucket.location, stdin=b"a\t1\n").expect().stdout == b""
    assert bucket.keys() == ["a"]


def test_verbose_shows_each_request_and_a_summary(bucket, shell):
    put = shell.tool("s3-put-lines", "--verbose", bucket.location, stdin=b"a\t1\n").expect()
    assert "HeadBucket: 200" in put.message and "PutObject: 200, attempt 1" in put.message
    assert "1 object, 1 line, 2 B, " in put.message and SECRET_KEY not in put.message


def test_the_bucket_is_checked_once_and_only_if_needed(faulty):
    faulty.put(b"")
    assert faulty.proxy.journal == []
    faulty.put(b"a\t1\nb\t2\n")
    assert [entry.method for entry in faulty.proxy.journal] == ["HEAD", "PUT", "PUT"]


@pytest.mark.parametrize(
    "words",
    [
        ["--min-part-size", "4M"], ["--part-size", "1M"], ["--memory", "10M"], ["--part-size", "100M"],
        ["--each", "--max-open", "2"], ["--max-open", "0"], ["--gzip-level", "10"], ["--zstd-level", "20"],
        ["--gzip", "--zstd"],
        ["--zstd-level", "19", "--memory", "64M"], ["--metadata", "novalue"],
        ["--long", "--quiet"],
    ],
)  # fmt: skip
def test_impossible_options_are_64(plain_shell, words):
    assert plain_shell.tool("s3-put-lines", *words, "s3://b").expect(64).stdout == b""


@pytest.mark.parametrize("words", [["--reject", "r"], ["--each"], ["--max-open", "2"]])
def test_options_for_records_are_64_with_key(plain_shell, words):
    plain_shell.tool("s3-put-lines", *words, "s3://b", "key").expect(64)
