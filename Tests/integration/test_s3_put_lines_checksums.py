"""Checksums of uploads: which algorithm, in which requests, and what protects the body in the signature."""

import base64
import functools
import hashlib
import re

import pytest
from checksums import ALGORITHMS
from conftest import Shell
from fault_proxy import Answer
from lying_server import LyingServer
from test_faults_tls import Authority

MIB = 1 << 20
NAMES = {"crc64nvme": "CRC64NVME", "crc32c": "CRC32C", "crc32": "CRC32", "sha256": "SHA256"}
PARTS = [bytes(range(256)) * 4096 * 5, b"the last part\n" * 1000]
DATA = b"".join(PARTS)


@functools.cache
def encoded(algorithm, data):
    return base64.b64encode(ALGORITHMS[algorithm](data)).decode()


def agreeing(request):
    """A service that accepts everything."""
    if "uploads" in request.query:
        body = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    elif request.method == "POST":
        body = b'<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>'
    else:
        body = b""
    return 200, {"ETag": '"e"'}, body


def put(directory, *options, data=DATA, tls=None, **variables):
    """The requests of one run with one KEY, except the check for the bucket."""
    with LyingServer(agreeing, tls and tls.context()) as server:
        more = {"AWS_CA_BUNDLE": str(tls.bundle)} if tls else {}
        variables = server.tool_environment(1, HOME=str(directory), **more) | variables
        shell = Shell(directory, variables, 30)
        shell.tool("s3-put-lines", *options, "s3://bucket", "k", stdin=data).expect()
        return [request for request in server.journal if request.method != "HEAD"]


def fields(request):
    """The checksum fields of a request."""
    return {name: value for name, value in request.headers.items() if name.startswith(("x-amz-checksum", "x-amz-mp"))}


@pytest.mark.parametrize("algorithm", NAMES)
def test_an_object_in_one_request_has_the_checksum_that_was_chosen(tmp_path, algorithm):
    [request] = put(tmp_path, "--checksum", algorithm, data=b"123456789")
    assert fields(request) == {f"x-amz-checksum-{algorithm}": encoded(algorithm, b"123456789")}
    assert request.headers["x-amz-content-sha256"] == hashlib.sha256(b"123456789").hexdigest()


@pytest.mark.parametrize("algorithm", ["crc64nvme", "crc32c", "crc32"])
def test_an_object_in_parts_has_the_crc_of_all_its_bytes(tmp_path, algorithm):
    field, name = f"x-amz-checksum-{algorithm}", NAMES[algorithm]
    create, *parts, complete = put(tmp_path, "--checksum", algorithm)
    assert fields(create) == {"x-amz-checksum-algorithm": name, "x-amz-checksum-type": "FULL_OBJECT"}
    parts.sort(key=lambda request: request.query["partNumber"])
    assert [fields(part) for part in parts] == [{field: encoded(algorithm, part)} for part in PARTS]
    assert fields(complete) == {
        field: encoded(algorithm, DATA),
        "x-amz-checksum-type": "FULL_OBJECT",
        "x-amz-mp-object-size": str(len(DATA)),
    }
    listed = re.findall(rf"<Checksum{name}>(.*?)</Checksum{name}>", complete.body.decode())
    assert listed == [encoded(algorithm, part) for part in PARTS]


def test_a_hash_cannot_be_made_of_those_of_parts(tmp_path):
    create, *parts, complete = put(tmp_path, "--checksum", "sha256")
    assert fields(create) == {"x-amz-checksum-algorithm": "SHA256"}
    assert all("x-amz-checksum-sha256" in part.headers for part in parts)
    assert fields(complete) == {} and b"<ChecksumSHA256>" in complete.body


@pytest.mark.parametrize(
    "options, variables, algorithm",
    [
        ((), {}, None),
        ((), {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}, "crc32"),
        (("--checksum", "none"), {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}, None),
        (("--checksum", "crc64nvme"), {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}, "crc64nvme"),
    ],
)
def test_outside_aws_checksums_must_be_requested(tmp_path, options, variables, algorithm):
    for data in (b"x\n", DATA):
        requests = put(tmp_path, *options, data=data, **variables)
        known = {field for request in requests for field in fields(request) if field.split("-")[-1] in NAMES}
        assert known == ({f"x-amz-checksum-{algorithm}"} if algorithm else set())


# Protection of the body


def hashes(requests):
    return {request.headers["x-amz-content-sha256"] for request in requests}


def test_over_https_a_checksum_protects_the_body(tmp_path):
    tls = Authority(tmp_path)
    [request] = put(tmp_path, "--checksum", "crc32", data=b"x\n", tls=tls)
    assert hashes([request]) == {"UNSIGNED-PAYLOAD"}
    create, *parts, complete = put(tmp_path, "--checksum", "crc64nvme", tls=tls)
    assert hashes(parts) == {"UNSIGNED-PAYLOAD"} and len(parts) == 2
    # The request that completes the object has no checksum of its own.
    assert hashes([complete]) == {hashlib.sha256(complete.body).hexdigest()}
    assert hashes([create]) == {hashlib.sha256().hexdigest()}


def test_without_a_checksum_or_over_http_the_signature_protects_the_body(tmp_path):
    tls = Authority(tmp_path)
    signed = {hashlib.sha256(b"x\n").hexdigest()}
    assert hashes(put(tmp_path, data=b"x\n", tls=tls)) == signed
    assert hashes(put(tmp_path, "--checksum", "crc32", data=b"x\n")) == signed
    config = tmp_path / "config"
    config.write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\ns3 =\n  payload_signing_enabled = true\n"
    )
    asked = put(
        tmp_path, "--profile", "default", "--checksum", "crc32", data=b"x\n", tls=tls,
        AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"),
    )  # fmt: skip
    assert hashes(asked) == signed


# Real servers


@pytest.mark.parametrize("algorithm", NAMES)
def test_servers_agree_with_it(bucket, shell, server, algorithm):
    options = ("--checksum", algorithm, bucket.location)
    shell.tool("s3-put-lines", *options, "k", stdin=DATA).expect()
    shell.tool("s3-put-lines", *options, "small", stdin=b"x\n").expect()
    assert bucket.get("k") == DATA and bucket.get("small") == b"x\n"
    if server.name == "moto" and algorithm in ("crc64nvme", "crc32c"):
        return  # it stores a CRC-32 under that name, unless an AWS package is installed
    for key, data in (("k", DATA), ("small", b"x\n")):
        assert shell.tool("s3-get-lines", "--exact", bucket.location, key).expect().stdout == data
    if server.name == "seaweedfs" and algorithm != "sha256":
        head = bucket.client.head_object(Bucket=bucket.name, Key="k", ChecksumMode="ENABLED")
        assert head[f"Checksum{NAMES[algorithm]}"] == encoded(algorithm, DATA)
        assert head["ChecksumType"] == "FULL_OBJECT"


def test_the_full_checksum_identifies_the_writer(faulty):
    def rewrite(answer):
        mine = ("etag", "x-amz-checksum-crc32")
        headers = [pair for pair in answer.headers if pair[0].lower() not in mine]
        more = [("ETag", '"opaque"'), ("x-amz-checksum-crc32", encoded("crc32", DATA))]
        return Answer(answer.status, headers + more, b"")

    faulty.rule("lose answer", method="POST", target="uploadId=")
    faulty.rule("rewrite", method="HEAD", target="/k$", rewrite=rewrite)
    put = faulty.shell.tool("s3-put-lines", "--checksum", "crc32", "--long", faulty.location, "k", stdin=DATA)
    assert put.expect().stdout.startswith(b'k\t"')


@pytest.mark.parametrize(
    "options", [(), ("--checksum", "crc32"), ("--checksum", "sha256")], ids=["none", "crc32", "sha256"]
)
def test_large_parts_are_signed_by_their_bytes(tmp_path, options):
    """On one processor the main thread computes it."""
    for words in ([], ["taskset", "-c", "0"]):
        with LyingServer(agreeing) as server:
            shell = Shell(tmp_path, server.tool_environment(1), 30)
            command = " ".join([*words, "s3-put-lines", *options, "s3://bucket", "k"])
            shell.run(command, stdin=DATA).expect()
            parts = [request for request in server.journal if "partNumber" in request.query]
        assert len(parts) == 2
        for part in parts:
            assert part.headers["x-amz-content-sha256"] == hashlib.sha256(part.body).hexdigest()
            for algorithm in set(options) - {"--checksum"}:
                assert part.headers[f"x-amz-checksum-{algorithm}"] == encoded(algorithm, part.body)
