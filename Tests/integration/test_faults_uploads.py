"""Uploads whose responses are lost or wrong: confirmed objects exist, existing objects are complete, and no upload is
left open."""

import dataclasses
import gzip

import pytest
from fault_proxy import Answer, s3_error
from faults import large

PARTS = 3
LARGE = large(12 << 20)
PART = r"partNumber=2&"
COMPLETE = r"\?uploadId="
OK_WITH_ERROR = b"<Error><Code>InternalError</Code><Message>on purpose</Message></Error>"


def put_large(faulty, *options, status=0):
    """Stores one object in parts of 5 MiB."""
    return faulty.put_object("large", LARGE, "--part-size", "5M", *options, status=status)


def assert_stored(faulty, put):
    assert put.lines == ["large"]
    assert faulty.bucket.get("large") == LARGE
    assert faulty.open_uploads() == []


def assert_nothing_left(faulty, put):
    assert put.stdout == b""
    assert faulty.bucket.keys() == []
    assert faulty.open_uploads() == []


def test_a_large_object_is_sent_in_parts(faulty):
    assert_stored(faulty, put_large(faulty))
    parts = faulty.requests("PUT")
    assert sorted(each.length for each in parts) == [len(LARGE) - (10 << 20), 5 << 20, 5 << 20]
    assert len(faulty.requests("POST", r"\?uploads=")) == len(faulty.requests("POST", COMPLETE)) == 1


@pytest.mark.parametrize("fault", ["reset", "lose answer"])
def test_a_lost_part_is_sent_again(faulty, fault):
    faulty.rule(fault, method="PUT", target=PART, times=2)
    assert_stored(faulty, put_large(faulty))
    sent = faulty.requests("PUT", PART)
    assert len(sent) == 3 and len({each.headers["x-amz-content-sha256"] for each in sent}) == 1
    assert len(faulty.requests("PUT")) == PARTS + 2


def test_a_part_damaged_in_transit_is_sent_again(strict):
    strict.rule("flip upload", method="PUT", target=PART, times=2)
    assert_stored(strict, put_large(strict))
    assert len(strict.requests("PUT", PART)) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_temporarily_refused_part_is_sent_again(faulty, status):
    faulty.rule("answer", method="PUT", target=PART, status=status, times=2)
    assert_stored(faulty, put_large(faulty))


@pytest.mark.parametrize("target", ["/small$", PART], ids=["PutObject", "UploadPart"])
def test_an_error_in_a_200_with_an_etag_is_not_a_success(faulty, target):
    """A client that reads only the status and the ETag would write a receipt for an object that is not stored."""
    error = s3_error(200, "InternalError", method="PUT", target=target)
    faulty.rules.append(dataclasses.replace(error, headers=(("ETag", '"0123456789abcdef"'),)))
    if target == PART:
        assert_stored(faulty, put_large(faulty))
    else:
        assert faulty.put(b"small\tdata\n").lines == ["small"]
        assert faulty.get("small").stdout == b"data\n"
    assert [each.fault for each in faulty.requests("PUT", target)].count("answer") == 1


def test_access_denied_for_a_part_is_77_and_leaves_nothing(faulty):
    faulty.rules.append(s3_error(403, "AccessDenied", method="PUT", target=PART, times=None))
    put = put_large(faulty, status=77)
    assert "AccessDenied" in put.message and "large: " in put.message
    assert_nothing_left(faulty, put)
    assert len(faulty.requests("DELETE", "uploadId=")) >= 1
    assert faulty.requests("POST", COMPLETE) == []


def test_a_part_without_etag_is_a_failure(faulty):
    def without_etag(answer):
        answer.headers = [(name, value) for name, value in answer.headers if name.lower() != "etag"]
        return answer

    faulty.rule("rewrite", method="PUT", target=PART, rewrite=without_etag, times=None)
    put = put_large(faulty, status=76)
    assert "ETag" in put.message
    assert_nothing_left(faulty, put)


def test_an_upload_whose_first_answer_was_lost_starts_again(faulty):
    """The ID of the first upload is lost; the second upload creates the object."""
    faulty.rule("lose answer", method="POST", target=r"\?uploads=")
    put = put_large(faulty)
    assert put.lines == ["large"] and faulty.bucket.get("large") == LARGE
    assert len(faulty.requests("POST", r"\?uploads=")) == 2


@pytest.mark.parametrize(
    "body", [b"", b"<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>", b"<a/>"]
)
def test_an_upload_without_id_is_a_failure(faulty, body):
    faulty.rule("answer", method="POST", status=200, body=body, times=None)
    put = put_large(faulty, status=76)
    assert put.stdout == b"" and faulty.requests("PUT") == []


@pytest.mark.parametrize("times", [1, 2])
def test_an_error_in_a_200_is_not_success(faulty, times):
    """S3 starts to respond to Complete before the outcome is known."""
    faulty.rule("answer", method="POST", target=COMPLETE, status=200, body=OK_WITH_ERROR, times=times)
    assert_stored(faulty, put_large(faulty))
    assert len(faulty.requests("POST", COMPLETE)) == times + 1


def test_an_error_in_a_200_that_stays_is_a_failure(faulty):
    faulty.attempts(3)
    faulty.rule("answer", method="POST", target=COMPLETE, status=200, body=OK_WITH_ERROR, times=None)
    put = put_large(faulty, status=69)
    assert "InternalError" in put.message
    assert_nothing_left(faulty, put)
    assert len(faulty.requests("POST", COMPLETE)) == 3


@pytest.mark.parametrize("options", [[], ["--no-clobber"]])
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_to_complete_is_success(faulty, times, options):
    faulty.rule("lose answer", method="POST", target=COMPLETE, times=times)
    assert_stored(faulty, put_large(faulty, *options))


def test_complete_is_not_sent_again_by_libcurl(faulty):
    """If a reused connection is closed during Complete, libcurl would send it again and get 404."""
    faulty.rule("lose answer", method="POST", target=COMPLETE, reused=True)
    faulty.rules.append(s3_error(404, "NoSuchUpload", method="POST", target=COMPLETE, times=None))
    assert_stored(faulty, put_large(faulty))
    assert [each.fault for each in faulty.requests("POST", COMPLETE)] == ["lose answer", "answer"]
    assert len(faulty.requests("HEAD", "/large$")) == 1


@pytest.mark.parametrize("body", [b"", b"<CompleteMultipartUploadResult><ETag>x", b"   "])
def test_a_truncated_response_to_complete_counts_as_lost(faulty, body):
    """The upload is complete; only the response was lost."""
    faulty.rule("replace answer", method="POST", target=COMPLETE, status=200, body=body)
    assert_stored(faulty, put_large(faulty))


def test_an_upload_that_was_removed_is_a_failure(faulty):
    faulty.rules.append(s3_error(404, "NoSuchUpload", method="POST", target=COMPLETE, times=None))
    put = put_large(faulty, status=1)
    assert "NoSuchUpload" in put.message and put.stdout == b"" and faulty.bucket.keys() == []


def test_another_object_with_the_key_is_not_mistaken_for_ours(faulty):
    """Complete's response is lost, and another client stores an object before the retry."""

    def overwritten(answer):
        faulty.bucket.put("large", b"theirs\n")
        return Answer(503, [], b"")

    faulty.rule("rewrite", method="POST", target=COMPLETE, rewrite=overwritten)
    faulty.rules.append(s3_error(404, "NoSuchUpload", method="POST", target=COMPLETE, times=None))
    put = put_large(faulty, status=1)
    assert "state unknown" in put.message and put.stdout == b""
    assert faulty.bucket.get("large") == b"theirs\n"


@pytest.mark.parametrize("status", [403, 500])
def test_an_upload_that_cannot_be_aborted_is_named(faulty, status):
    faulty.attempts(2)
    faulty.rules.append(s3_error(403, "AccessDenied", method="PUT", target=PART, times=None))
    faulty.rule("answer", method="DELETE", status=status, times=None)
    put = put_large(faulty, status=77)
    ((key, upload_id),) = faulty.open_uploads()
    assert f"{key}: upload {upload_id} was not aborted" in put.message
    assert faulty.bucket.keys() == []


def test_a_lost_answer_of_a_conditional_put_is_success(faulty):
    """The second attempt gets 412 because of the first one's object. A HEAD decides."""
    faulty.rule("lose answer", method="PUT")
    put = faulty.put(b"k\tdata\n", "--no-clobber")
    assert put.lines == ["k"] and faulty.bucket.get("k") == b"data\n"
    puts = faulty.requests("PUT")
    assert [each.status for each in puts] == [200, 412, 412], "the server knows If-None-Match"
    assert len(faulty.requests("HEAD", "/k$")) == 1


def test_a_lost_refusal_of_a_conditional_put_is_a_failure(faulty):
    faulty.bucket.put("k", b"DATA\n")
    faulty.rule("lose answer", method="PUT")
    put = faulty.put(b"k\tdata\n", "--no-clobber", status=1)
    assert put.stdout == b"" and "state unknown" in put.message
    assert faulty.bucket.get("k") == b"DATA\n"


def test_an_existing_key_needs_no_further_request(faulty):
    faulty.bucket.put("k", b"data\n")
    put = faulty.put(b"k\tdata\n", "--no-clobber", status=1)
    assert put.stdout == b"" and "state unknown" not in put.message
    assert len(faulty.requests("PUT")) == 1 and faulty.requests("HEAD", "/k$") == []


def test_a_conditional_put_is_not_sent_again_by_libcurl(faulty):
    """A reused connection is closed after the request was applied: the second PUT must be recognized as a retry."""
    faulty.rule("lose answer", method="PUT", reused=True)
    put = faulty.put(b"a\t1\nb\t2\n", "--no-clobber", "--max-connections", "1")
    assert put.lines == ["a", "b"]
    assert len(faulty.requests("HEAD", "/[ab]$")) == 1


def test_a_conflict_of_conditional_requests_is_retried(faulty):
    faulty.rules.append(s3_error(409, "ConditionalRequestConflict", method="PUT", times=2))
    assert faulty.put(b"k\tdata\n", "--no-clobber").lines == ["k"]
    assert faulty.bucket.get("k") == b"data\n"
    # The last request shows that the service honors the condition.
    assert len(faulty.requests("PUT")) == 4


def test_a_temporary_conflict_at_complete_is_retried(faulty):
    faulty.rules.append(s3_error(409, "ConditionalRequestConflict", method="POST", target=COMPLETE))
    assert_stored(faulty, put_large(faulty, "--no-clobber"))


def conflicts(faulty, times=1):
    """Conflicts at Complete that abort the upload. Source: Amazon S3 User Guide, "Prevent object overwrites"."""

    def conflict(answer):
        faulty.bucket.client.delete_object(Bucket=faulty.bucket.name, Key="large")
        return Answer(409, [], b"<Error><Code>ConditionalRequestConflict</Code></Error>")

    faulty.rule("rewrite", method="POST", target=COMPLETE, rewrite=conflict, times=times)


# Objects kept in memory or by --reject can be sent again

RECORDS = b"".join(b"large\t" + line for line in LARGE.splitlines(keepends=True))
REPLAYS = 3


@pytest.mark.parametrize("times", [1, REPLAYS])
def test_an_object_that_a_conflict_dropped_is_sent_again_from_memory(faulty, times):
    conflicts(faulty, times)
    faulty.attempts(1)
    assert_stored(faulty, put_large(faulty, "--no-clobber"))
    assert len(faulty.requests("POST", r"\?uploads=")) == times + 1
    for number in range(1, PARTS + 1):
        sent = faulty.requests("PUT", f"partNumber={number}&")
        assert len(sent) == times + 1 and len({each.sha256 for each in sent}) == 1


def test_an_object_that_is_always_dropped_fails(faulty):
    conflicts(faulty, times=None)
    put = put_large(faulty, "--no-clobber", status=1)
    assert "large: " in put.message
    assert_nothing_left(faulty, put)
    assert len(faulty.requests("POST", r"\?uploads=")) == REPLAYS + 1


def test_a_dropped_object_that_memory_could_not_keep_fails(faulty):
    """Its parts were dropped from memory to read more input, as without --no-clobber."""
    conflicts(faulty)
    put = put_large(faulty, "--no-clobber", "--memory", "20M", status=1)
    assert "large: " in put.message
    assert_nothing_left(faulty, put)
    assert len(faulty.requests("PUT", "partNumber=")) == PARTS


def test_an_object_that_fails_while_it_is_sent_again_leaves_nothing(faulty):
    conflicts(faulty)
    faulty.rules.append(s3_error(403, "InvalidObjectState", method="PUT", target=PART, skip=1))
    put = put_large(faulty, "--no-clobber", status=1)
    assert "InvalidObjectState" in put.message
    assert_nothing_left(faulty, put)


def test_an_upload_dropped_without_a_conflict_is_a_failure(faulty):
    """Without --no-clobber no conflict is expected, and parts are not kept."""
    conflicts(faulty)
    put = put_large(faulty, status=1)
    assert_nothing_left(faulty, put)
    assert len(faulty.requests("PUT", "partNumber=")) == PARTS


@pytest.mark.parametrize("times", [1, REPLAYS])
def test_an_object_that_a_conflict_dropped_is_sent_again(faulty, times):
    conflicts(faulty, times)
    faulty.attempts(1)
    put = faulty.put(b"first\t1\n" + RECORDS + b"last\t2\n", "--no-clobber", "--reject", "r", "--long")
    # Receipts keep their order, and the bytes are those that were read.
    receipts = [line.split("\t") for line in put.lines]
    assert [(key, int(size)) for key, _, size, _ in receipts] == [("first", 2), ("large", len(LARGE)), ("last", 2)]
    assert receipts[1][3] == str(LARGE.count(b"\n"))
    assert faulty.bucket.get("large") == LARGE
    assert faulty.open_uploads() == []
    assert (faulty.shell.directory / "r").read_bytes() == b""
    assert len(faulty.requests("POST", r"\?uploads=")) == times + 1
    assert len(faulty.requests("PUT", "partNumber=")) == PARTS * (times + 1)


def test_an_object_that_is_always_dropped_is_rejected_whole(faulty):
    conflicts(faulty, times=None)
    put = faulty.put(RECORDS + b"last\t2\n", "--no-clobber", "--reject", "r", status=1)
    assert put.lines == ["last"] and "large: " in put.message
    assert (faulty.shell.directory / "r").read_bytes() == RECORDS
    assert faulty.bucket.keys() == ["last"] and faulty.open_uploads() == []
    assert len(faulty.requests("POST", r"\?uploads=")) == REPLAYS + 1


def test_an_object_that_fails_while_it_is_sent_again_is_rejected_whole(faulty):
    conflicts(faulty)
    faulty.rules.append(s3_error(403, "InvalidObjectState", method="PUT", target=PART, skip=1))
    put = faulty.put(RECORDS, "--no-clobber", "--gzip", "--gzip-level", "1", "--reject", "r", status=1)
    assert put.stdout == b"" and "InvalidObjectState" in put.message
    assert (faulty.shell.directory / "r").read_bytes() == RECORDS
    assert faulty.bucket.keys() == [] and faulty.open_uploads() == []


def test_a_dropped_object_is_sent_again_compressed_and_in_little_memory(faulty):
    conflicts(faulty)
    records = RECORDS.replace(b"\n", b"\nother\t-\n", 1)
    words = ["--no-clobber", "--reject", "r", "--gzip", "--gzip-level", "1", "--max-open", "2", "--memory", "20M"]
    put = faulty.put(records, *words)
    assert sorted(put.lines) == ["large", "other"]
    assert gzip.decompress(faulty.bucket.get("large")) == LARGE
    assert faulty.open_uploads() == []
