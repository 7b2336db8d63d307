"""s3-put-lines on every server; boto3 verifies the stored objects."""

import gzip
import hashlib
import os
import random
import select
import signal
import time

import pytest

from fault_proxy import CHAOS, Chaos, FaultProxy, Rule, s3_error
from servers import SECRET_KEY

MIB = 1 << 20
SMALLEST_PART = 5 * MIB


def location(bucket, prefix=""):
    return f"s3://{bucket.name}{prefix}"


def open_uploads(bucket):
    return bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def multipart_etag(data, size):
    parts = [hashlib.md5(data[at : at + size]).digest() for at in range(0, len(data), size)]
    return f'"{hashlib.md5(b"".join(parts)).hexdigest()}-{len(parts)}"'


# Objects and their sizes


@pytest.mark.parametrize(
    "size", [0, 1, SMALLEST_PART - 1, SMALLEST_PART, SMALLEST_PART + 1, 2 * SMALLEST_PART, 23 * MIB + 7]
)
def test_a_stream_of_any_size_is_one_object_byte_for_byte(bucket, shell, size):
    data = some_bytes(size)
    put = shell.tool("s3-put-lines", "--long", location(bucket), "k", stdin=data).expect()
    assert bucket.get("k") == data
    etag = bucket.client.head_object(Bucket=bucket.name, Key="k")["ETag"]
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    assert put.stdout == f"k\t{etag}\t{size}\t{lines}\n".encode()
    assert open_uploads(bucket) == []


def test_parts_are_as_large_as_asked(bucket, shell):
    data = some_bytes(15 * MIB)
    for options, size in ((["--part-size", "6M"], 6 * MIB), (["--min-part-size", "7M"], 7 * MIB)):
        put = shell.tool("s3-put-lines", "--long", *options, location(bucket), f"k{size}", stdin=data).expect()
        assert bucket.get(f"k{size}") == data
        assert int(put.lines[0].split("\t")[1].strip('"').split("-")[1]) == -(-len(data) // size)


def test_records_longer_than_memory_pass(seaweedfs_bucket, seaweedfs_shell):
    data = some_bytes(60 * MIB).replace(b"\n", b"x")
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--memory", "20M", location(seaweedfs_bucket), stdin=b"a\t1\nlong\t" + data + b"\nz\t2\n"
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
        "s3-put-lines", "--max-connections", str(connections), "--memory", memory, location(seaweedfs_bucket),
        stdin=b"".join(records),
    ).expect()  # fmt: skip
    assert put.lines == list(expected)
    assert {key: seaweedfs_bucket.get(key) for key in expected} == expected


def test_objects_that_memory_cannot_keep_open_are_completed(seaweedfs_bucket, seaweedfs_shell):
    line = b"x" * 200_000
    records = b"".join(b"k%d\t%s\n" % (number % 10, line) for number in range(200))
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--max-open", "10", "--memory", "20M", location(seaweedfs_bucket), stdin=records
    ).expect(65)
    assert "appears again" in put.message and "--memory" in put.message
    assert open_uploads(seaweedfs_bucket) == []
    seaweedfs_shell.tool(
        "s3-put-lines", "--max-open", "10", "--memory", "70M", location(seaweedfs_bucket), stdin=records
    ).expect()


def test_many_compressors_fit_the_memory_too(seaweedfs_bucket, seaweedfs_shell):
    records = b"".join(b"k%d\t%d\n" % (number % 200, number) for number in range(2000))
    put = seaweedfs_shell.tool(
        "s3-put-lines", "--gzip", "--max-open", "200", "--memory", "20M", "--reject", "r",
        location(seaweedfs_bucket), stdin=records,
    ).expect()  # fmt: skip
    assert len(put.lines) == 200
    stored = {key: gzip.decompress(seaweedfs_bucket.get(key)) for key in put.lines}
    for number in range(200):
        lines = b"".join(b"%d\n" % each for each in range(number, 2000, 200))
        assert stored[f"k{number}"] == lines


# Grouping


def test_interleaved_keys_make_one_object_each(bucket, shell):
    records = b"".join(b"%s\t%d\n" % (b"abc"[n % 3 : n % 3 + 1], n) for n in range(30))
    put = shell.tool("s3-put-lines", "--max-open", "3", "--long", location(bucket), stdin=records).expect()
    assert [line.split("\t")[0] for line in put.lines] == ["a", "b", "c"]
    assert [line.split("\t")[3] for line in put.lines] == ["10"] * 3
    assert bucket.get("b") == b"".join(b"%d\n" % n for n in range(1, 30, 3))


def test_a_close_record_completes_its_object_at_once(bucket, shell):
    process = start(shell, "--max-open", "2", location(bucket))
    process.stdin.write(b"a\t1\nb\t2\na\n")
    assert read_line(process) == b"a\n"
    process.stdin.write(b"a\nb\t3\n")
    assert process.communicate()[0] == b"b\n"
    assert process.returncode == 0
    assert bucket.get("b") == b"2\n3\n"


def test_each_record_is_sent_the_moment_it_is_read(bucket, shell):
    process = start(shell, "--each", location(bucket))
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
        shell.tool("s3-put-lines", *options, location(bucket), key, stdin=b"x" * size).expect()
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
        "s3-put-lines", "--metadata", f"k={value}", location(seaweedfs_bucket), "o", stdin=b"x"
    ).expect()
    assert seaweedfs_bucket.client.head_object(Bucket=seaweedfs_bucket.name, Key="o")["Metadata"] in ({"k": ""}, {})


def test_header_fields_as_they_are_sent(seaweedfs, seaweedfs_bucket, seaweedfs_shell):
    options = [
        "--storage-class", "STANDARD_IA", "--acl", "private", "--sse", "aws:kms", "--sse-kms-key-id", "k-1",
        "--no-clobber",
    ]  # fmt: skip
    with FaultProxy(seaweedfs.endpoint) as proxy:
        proxy.rules.append(Rule("answer", method="PUT", status=200, headers=(("ETag", '"e"'),), times=None))
        shell = seaweedfs_shell.with_environment(
            AWS_ENDPOINT_URL_S3=proxy.endpoint, AWS_REQUEST_CHECKSUM_CALCULATION="when_supported"
        )
        # A server that accepts everything ignores every condition.
        shell.tool("s3-put-lines", *options, location(seaweedfs_bucket), "k", stdin=b"123456789").expect(78)
    headers = proxy.journal[-1].headers
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
    asked.tool("s3-put-lines", location(bucket), "k", stdin=data).expect()
    assert bucket.get("k") == data


# Failures


def test_no_clobber_fails_for_existing_objects(bucket, shell, server):
    bucket.put("b", b"before\n")
    records = b"a\t1\nb\t2\nc\t3\n"
    put = shell.tool("s3-put-lines", "--no-clobber", "--reject", "r", location(bucket), stdin=records)
    if server.name == "minio":  # the gateway ignores If-None-Match
        assert "a: 1 line from line 1: the service ignores If-None-Match" in put.expect(78).message
        assert (put.stdout, bucket.keys(), bucket.get("b")) == (b"", ["a", "b"], b"before\n")
        return
    put.expect(1)
    assert put.lines == ["a", "c"]
    assert (shell.directory / "r").read_bytes() == b"b\t2\n"
    assert "b: 1 line from line 2: PutObject: 412 PreconditionFailed" in put.message
    large = shell.tool("s3-put-lines", "--no-clobber", location(bucket), "b", stdin=b"x" * 6 * MIB)
    if server.name == "rgw":  # it ignores If-None-Match when an upload is completed
        assert "ignores If-None-Match" in large.expect(78).message
        assert large.stdout == b"" and open_uploads(bucket) == []
        return
    large.expect(1)
    assert "412" in large.message
    assert bucket.get("b") == b"before\n"
    assert open_uploads(bucket) == []


@pytest.fixture
def proxy(seaweedfs):
    with FaultProxy(seaweedfs.endpoint) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(proxy, seaweedfs_shell):
    """A shell whose requests pass through the proxy."""
    return seaweedfs_shell.with_environment(AWS_ENDPOINT_URL_S3=proxy.endpoint, AWS_MAX_ATTEMPTS="3")


def requests(proxy, method, target=""):
    return [entry for entry in proxy.journal if entry.method == method and target in entry.target]


def test_without_reject_a_failure_stops_the_run(proxy, behind_proxy, seaweedfs_bucket):
    proxy.rules.append(s3_error(403, "AccessDenied", method="PUT", target="/bad$", times=None))
    records = b"a\t1\nbad\t2\nb\t3\nopen\t4\n"
    process = start(behind_proxy, location(seaweedfs_bucket))
    process.stdin.write(records)
    try:  # the input stays open, so the run must end by itself
        assert process.wait(30) == 77
    finally:
        process.kill()
    stdout, stderr = process.communicate()
    assert stdout == b"a\nb\n"
    assert b"bad: 1 line from line 2: PutObject: 403 AccessDenied" in stderr
    assert b"open: 1 line from line 4: " in stderr
    assert seaweedfs_bucket.keys() == ["a", "b"]


def test_rejected_records_are_the_input_of_the_retry(proxy, behind_proxy, seaweedfs_bucket, seaweedfs_shell):
    proxy.rules.append(s3_error(500, "InternalError", method="PUT", target="/k[37]$", times=None))
    records = b"".join(b"k%d\t%d\nk%d\tmore\\t\n" % (n, n, n) for n in range(10)) + b"no tab\nbad\\q\tx\n"
    put = behind_proxy.tool("s3-put-lines", "--reject", "r", location(seaweedfs_bucket), stdin=records).expect(1)
    assert put.lines == [f"k{n}" for n in range(10) if n not in (3, 7)]
    rejected = (behind_proxy.directory / "r").read_bytes()
    assert sorted(rejected.splitlines()) == sorted(
        b"k3\t3\nk3\tmore\\t\nk7\t7\nk7\tmore\\t\nno tab\nbad\\q\tx".split(b"\n")
    )
    again = seaweedfs_shell.run(f"grep '^k' r | s3-put-lines s3://{seaweedfs_bucket.name}").expect()
    assert again.lines in (["k3", "k7"], ["k7", "k3"])
    assert seaweedfs_bucket.get("k3") == b"3\nmore\\t\n"


@pytest.mark.parametrize("options", [[], ["--gzip-level", "1"]])
def test_an_object_in_parts_is_rejected_completely(proxy, behind_proxy, seaweedfs_bucket, options):
    """Its parts were sent and their memory was reused when the second part fails."""
    proxy.rules.append(s3_error(400, "InvalidArgument", method="PUT", target="partNumber=2&", times=None))
    generator = random.Random(3)
    lines = [generator.randbytes(1000).hex().encode() for _ in range(12_000)]
    records = b"a\t1\n" + b"".join(b"large\t%s\n" % line for line in lines) + b"z\t2\n"
    put = behind_proxy.tool(
        "s3-put-lines", *options, "--reject", "r", location(seaweedfs_bucket), stdin=records
    ).expect(1)
    assert put.lines == ["a", "z"]
    assert (behind_proxy.directory / "r").read_bytes() == b"".join(b"large\t%s\n" % line for line in lines)
    assert open_uploads(seaweedfs_bucket) == []
    assert seaweedfs_bucket.keys() == ["a", "z"]
    assert os.listdir(behind_proxy.directory) == ["r"]


def test_a_lost_answer_of_a_conditional_put_is_found_out(proxy, behind_proxy, seaweedfs_bucket):
    proxy.rules.append(Rule("lose answer", method="PUT", target="/k$"))
    put = behind_proxy.tool(
        "s3-put-lines", "--no-clobber", "--long", location(seaweedfs_bucket), stdin=b"k\tdata\n"
    ).expect()
    md5 = hashlib.md5(b"data\n").hexdigest()
    assert put.stdout == f'k\t"{md5}"\t5\t1\n'.encode()
    # The last one proves that the service supports the condition.
    assert [entry.method for entry in proxy.journal] == ["HEAD", "PUT", "PUT", "HEAD", "PUT"]


def test_an_object_of_another_writer_does_not_count_as_stored(proxy, behind_proxy, seaweedfs_bucket):
    seaweedfs_bucket.put("k", b"DATA\n")
    proxy.rules.append(Rule("reset", method="PUT", target="/k$", at=3))
    put = behind_proxy.tool("s3-put-lines", "--no-clobber", location(seaweedfs_bucket), stdin=b"k\tdata\n").expect(1)
    assert "state unknown" in put.message and put.stdout == b""
    assert seaweedfs_bucket.get("k") == b"DATA\n"


@pytest.mark.parametrize("options", [[], ["--no-clobber"]])
def test_a_lost_answer_of_complete_is_found_out(proxy, behind_proxy, seaweedfs_bucket, options):
    proxy.rules.append(Rule("lose answer", method="POST", target="uploadId="))
    data = some_bytes(11 * MIB)
    put = behind_proxy.tool("s3-put-lines", "--long", *options, location(seaweedfs_bucket), "k", stdin=data).expect()
    assert put.lines[0].split("\t")[1] == multipart_etag(data, SMALLEST_PART)
    assert seaweedfs_bucket.get("k") == data


def test_complete_that_answers_200_with_an_error_is_tried_again(proxy, behind_proxy, seaweedfs_bucket):
    proxy.rules.append(s3_error(200, "InternalError", method="POST", target="uploadId="))
    data = some_bytes(6 * MIB)
    behind_proxy.tool("s3-put-lines", location(seaweedfs_bucket), "k", stdin=data).expect()
    assert seaweedfs_bucket.get("k") == data
    assert len(requests(proxy, "POST", "uploadId=")) == 2


@pytest.mark.parametrize("body", [b"", b"<html>OK</html>", b"<CompleteMultipartUploadResult/>"])
def test_an_unknown_response_to_complete_is_not_a_success(proxy, behind_proxy, seaweedfs_bucket, body):
    proxy.rules.append(Rule("answer", method="POST", target="uploadId=", status=200, body=body, times=None))
    put = behind_proxy.tool("s3-put-lines", location(seaweedfs_bucket), "k", stdin=b"x" * 6 * MIB).expect(76)
    assert put.stdout == b"" and seaweedfs_bucket.keys() == []
    # An empty response may be incomplete: the service may still be working.
    assert len(open_uploads(seaweedfs_bucket)) == (1 if body == b"" else 0)


def test_a_conflict_is_tried_again(proxy, behind_proxy, seaweedfs_bucket):
    proxy.rules.append(s3_error(409, "ConditionalRequestConflict", method="PUT", target="/k$"))
    put = behind_proxy.tool("s3-put-lines", "--no-clobber", location(seaweedfs_bucket), stdin=b"k\tdata\n").expect()
    assert put.lines == ["k"]


def test_an_upload_that_cannot_be_aborted_is_named(proxy, behind_proxy, seaweedfs_bucket):
    proxy.rules.append(s3_error(400, "InvalidArgument", method="PUT", target="partNumber=", times=None))
    proxy.rules.append(s3_error(403, "AccessDenied", method="DELETE", times=None))
    put = behind_proxy.tool("s3-put-lines", location(seaweedfs_bucket), "k", stdin=b"x" * 6 * MIB).expect(1)
    (upload,) = open_uploads(seaweedfs_bucket)
    assert f"k: upload {upload['UploadId']} was not aborted" in put.message


def test_faults_of_all_kinds_lose_and_forge_nothing(proxy, behind_proxy, seaweedfs_bucket):
    # SeaweedFS does not compare the body with the signed hash.
    proxy.chaos = Chaos(seed=5, rate=0.15, faults=[fault for fault in CHAOS if fault != "flip upload"])
    shell = behind_proxy.with_environment(AWS_MAX_ATTEMPTS="10")
    records = b"".join(b"k%03d\t%s\n" % (n, b"x" * (n * 37 % 2000)) for n in range(300))
    large = some_bytes(6 * MIB, 9).replace(b"\n", b"")
    put = shell.tool(
        "s3-put-lines", "--reject", "r", location(seaweedfs_bucket), stdin=records + b"large\t" + large + b"\n"
    )
    assert put.status in (0, 1), put.message
    rejected = {line.split(b"\t")[0].decode() for line in (shell.directory / "r").read_bytes().splitlines()}
    expected = {f"k{n:03d}" for n in range(300)} | {"large"}
    assert set(put.lines) | rejected == expected and not set(put.lines) & rejected
    for key in put.lines:
        body = large if key == "large" else b"x" * (int(key[1:]) * 37 % 2000)
        assert seaweedfs_bucket.get(key) == body + b"\n", key
    assert open_uploads(seaweedfs_bucket) == []


# --commit-on


def test_commit_on_tells_a_finished_producer_from_a_dead_one(bucket, shell):
    words = ["--commit-on", "-- done", location(bucket)]
    whole = shell.tool("s3-put-lines", *words, stdin=b"a\t1\na\t2\nend\t-- done\n").expect()
    assert whole.lines == ["a"] and bucket.keys() == ["a"]
    dead = shell.tool("s3-put-lines", *words, stdin=b"b\t-- done\nb\t1\nc\t2\n").expect(65)
    assert bucket.get("b") == b"-- done\n1\n", "completed by the next key"
    assert "c: 1 line" in dead.message and "'-- done'" in dead.message
    large = b"line\n" * 1_300_000
    dead = shell.tool("s3-put-lines", *words, "k", stdin=large).expect(65)
    assert bucket.keys() == ["a", "b"] and open_uploads(bucket) == []
    shell.tool("s3-put-lines", *words, "k", stdin=large + b"-- done\n").expect()
    assert bucket.get("k") == large


# Signals and pipes


def test_a_signal_reads_keyed_input_to_its_end(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, location(seaweedfs_bucket))
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


def test_a_signal_waits_no_longer_than_five_seconds(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, location(seaweedfs_bucket))
    process.stdin.write(b"a\t1\nb\t2\npart")
    assert read_line(process) == b"a\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT, "though the input never ends"
    assert process.stdout.read() == b"b\n"
    assert b"line 3: " in process.stderr.read()
    process.stdin.close()


@pytest.mark.parametrize("options", [["--commit-on", "#EOF"], []])
def test_a_signal_abandons_uncommitted_input(seaweedfs_bucket, seaweedfs_shell, options):
    words = [location(seaweedfs_bucket)] if options else [location(seaweedfs_bucket), "k"]
    process = start(seaweedfs_shell, *options, *words)
    record = b"k\t" + b"x" * 997 + b"\n"
    for _ in range(6 * MIB // len(record) + 1):
        process.stdin.write(record)
    deadline = time.monotonic() + 30
    while not open_uploads(seaweedfs_bucket) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert open_uploads(seaweedfs_bucket)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT
    stdout, stderr = process.communicate()
    assert stdout == b"" and b"k: " in stderr
    assert open_uploads(seaweedfs_bucket) == [] and seaweedfs_bucket.keys() == []


def test_a_second_signal_ends_it_at_once(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, location(seaweedfs_bucket))
    process.stdin.write(b"a\t1\nb\t2\n")
    assert read_line(process) == b"a\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    assert time.monotonic() - began < 3
    process.communicate()


def test_a_closed_receipt_pipe_is_sigpipe(seaweedfs_bucket, seaweedfs_shell):
    words = f"s3-put-lines s3://{seaweedfs_bucket.name}"
    script = f'yes | awk \'{{print "k" NR "\\t" NR}}\' | {words} | head -n 2; echo ${{PIPESTATUS[2]}}'
    finished = seaweedfs_shell.run(script, shell=("bash", "-c"))
    assert finished.stdout == b"k1\nk2\n141\n"
    assert finished.stderr == b""
    ignored = seaweedfs_shell.run("trap '' PIPE; " + script.replace('"k"', '"j"'), shell=("bash", "-c"))
    assert ignored.stdout.endswith(b"\n74\n")


def test_full_disks_and_bad_files(seaweedfs_bucket, seaweedfs_shell):
    where = location(seaweedfs_bucket)
    seaweedfs_shell.run(f"printf 'f\\t1\\n' | s3-put-lines {where} > /dev/full").expect(74)
    seaweedfs_shell.run(f"printf 'bad\\n' | s3-put-lines --reject /dev/full {where}").expect(74)
    seaweedfs_shell.run(f"printf 'bad\\n' | s3-put-lines --reject no/such/directory {where}").expect(74)
    seaweedfs_shell.run(f"s3-put-lines {where} < /").expect(74)
    seaweedfs_shell.run(f"s3-put-lines {where} <&-").expect(74)


def test_memory_is_bounded_while_receipts_are_not_read(seaweedfs_bucket, seaweedfs_shell):
    process = start(seaweedfs_shell, location(seaweedfs_bucket))
    os.set_blocking(process.stdin.fileno(), False)
    line = b"y" * 100_000
    written = 0
    for number in range(400):
        try:
            if process.stdin.write(b"k%d\t%s\n" % (number, line)) is None:
                time.sleep(0.02)
            written += 1
        except BlockingIOError:
            time.sleep(0.02)
    rss = int(open(f"/proc/{process.pid}/status").read().split("VmHWM:")[1].split()[0]) // 1024
    process.kill()
    process.communicate()
    assert rss < 300


# Other options


def test_dry_run_prints_the_same_and_sends_nothing(shell, bucket, plain_shell):
    records = b"a\t1\nb\t2\nb\t3\nbad\n"
    dry = plain_shell.tool("s3-put-lines", "--dry-run", "--long", "--reject", "r", location(bucket), stdin=records)
    assert dry.expect(1).stdout == b"a\t-\t2\t1\nb\t-\t4\t2\n"
    assert bucket.keys() == []


def test_quiet_prints_nothing(bucket, shell):
    assert shell.tool("s3-put-lines", "--quiet", location(bucket), stdin=b"a\t1\n").expect().stdout == b""
    assert bucket.keys() == ["a"]


def test_verbose_shows_each_request_and_a_summary(bucket, shell):
    put = shell.tool("s3-put-lines", "--verbose", location(bucket), stdin=b"a\t1\n").expect()
    assert "HeadBucket: 200" in put.message and "PutObject: 200, attempt 1" in put.message
    assert "1 object, 1 line, 2 B, " in put.message and SECRET_KEY not in put.message


def test_the_bucket_is_checked_once_and_only_if_needed(proxy, behind_proxy, seaweedfs_bucket):
    behind_proxy.tool("s3-put-lines", location(seaweedfs_bucket)).expect()
    assert proxy.journal == []
    behind_proxy.tool("s3-put-lines", location(seaweedfs_bucket), stdin=b"a\t1\nb\t2\n").expect()
    assert [entry.method for entry in proxy.journal] == ["HEAD", "PUT", "PUT"]


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
