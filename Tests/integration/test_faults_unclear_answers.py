"""Responses to uploads with an unclear outcome: stored objects get a receipt, and no others do."""

import hashlib
from dataclasses import replace

import pytest
from fault_proxy import Answer, Rule, s3_error
from faults import large

LARGE = large(6 << 20)
PART = r"partNumber=1&"
COMPLETE = r"\?uploadId="
ETAG = (("ETag", '"0123456789abcdef0123456789abcdef"'),)

# Bodies of responses with 200 and an ETag: errors, in whatever form.
ERRORS = {
    "white space before it": b'\n<?xml version="1.0"?><Error><Code>InternalError</Code><Message>m</Message></Error>',
    "another root around it": b"<ErrorResponse><Error><Code>InternalError</Code></Error></ErrorResponse>",
    "another root": b"<Fault><Code>InternalError</Code><Message>m</Message></Fault>",
    "a namespace": b'<s:Error xmlns:s="urn:s"><s:Code>InternalError</s:Code></s:Error>',
}
# An unknown body may be the rest of an error document.
UNCLEAR = {
    "truncated": b"<Error><Code>InternalErr",
    "a zero byte after it": b"<Error><Code>InternalError</Code></Error>\0",
    "a document type": b'<!DOCTYPE Error><Error><Code>InternalError</Code></Error>',
    "a web page": b"<html><body>Sorry</body></html>",
    "JSON": b'{"error": "InternalError"}',
}


def replaced(body, fault="answer", **where):
    return dict(fault=fault, status=200, headers=ETAG, body=body) | where


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_recognized_in_any_form(faulty, name):
    faulty.rule(**replaced(ERRORS[name], method="PUT", target="/k$"))
    assert faulty.put(b"k\tdata\n").lines == ["k"]
    assert faulty.bucket.get("k") == b"data\n" and len(faulty.requests("PUT", "/k$")) == 2
    assert faulty.requests("HEAD", "/k$") == []


@pytest.mark.parametrize("name", UNCLEAR)
def test_an_unknown_body_is_not_a_success(faulty, name):
    faulty.rule(**replaced(UNCLEAR[name], method="PUT", target="/k$", times=None))
    put = faulty.put(b"k\tdata\n", status=76)
    assert put.stdout == b"" and "state unknown" in put.message
    assert len(faulty.requests("HEAD", "/k$")) == 1


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_body_in_every_response_is_harmless(faulty, name):
    faulty.rule(**replaced(UNCLEAR[name], "replace answer", method="PUT", target="/[a-c]$", times=None))
    assert faulty.put(b"a\t1\nb\t2\nc\t3\n", "--max-connections", "1").lines == ["a", "b", "c"]
    # HEAD is sent once.
    assert len(faulty.requests("HEAD", "/[a-c]$")) == 1 and len(faulty.requests("PUT")) == 3


@pytest.mark.parametrize("name", [*ERRORS, *UNCLEAR])
def test_a_part_is_sent_again(faulty, name):
    body = (ERRORS | UNCLEAR)[name]
    faulty.rule(**replaced(body, method="PUT", target=PART))
    assert faulty.put_object("large", LARGE).lines == ["large"]
    assert faulty.bucket.get("large") == LARGE and len(faulty.requests("PUT", PART)) == 2


def test_a_body_in_every_response_to_a_part_is_harmless(faulty):
    def with_body(answer):
        return Answer(answer.status, [pair for pair in answer.headers if pair[0].lower() != "content-length"], b"<a/>")

    faulty.rule("rewrite", method="PUT", target="partNumber=", rewrite=with_body, times=None)
    faulty.put_object("large", LARGE, "--max-connections", "1")
    assert faulty.bucket.get("large") == LARGE
    # The first part is sent twice.
    assert sorted(len(faulty.requests("PUT", f"partNumber={part}&")) for part in (1, 2)) == [1, 2]


@pytest.mark.parametrize("headers", [(), (("ETag", ""),), (("ETag", '"a\tb"'),)])
def test_a_put_without_a_valid_etag_is_checked_with_head(faulty, headers):
    faulty.rule("replace answer", method="PUT", status=200, headers=headers, times=None)
    put = faulty.put(b"k\tdata\n", "--long")
    md5 = hashlib.md5(b"data\n").hexdigest()
    assert put.lines == [f'k\t"{md5}"\t5\t1']
    faulty.rules.clear()
    faulty.rule("answer", method="PUT", status=200, headers=headers, times=None)
    put = faulty.put(b"other\tdata\n", status=76)
    assert put.stdout == b"" and "ETag" in put.message and "state unknown" in put.message


COMPLETED = {
    "an empty ETag": b"<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>",
    "no ETag": b"<CompleteMultipartUploadResult><Key>large</Key></CompleteMultipartUploadResult>",
    "a web page": b"<html><body>OK</body></html>",
}


@pytest.mark.parametrize("options", [[], ["--no-clobber"], ["--reject", "r"]])
@pytest.mark.parametrize("name", COMPLETED)
def test_a_complete_without_an_etag_is_checked_with_head(faulty, name, options):
    faulty.rule("replace answer", method="POST", target=COMPLETE, status=200, body=COMPLETED[name])
    if options == ["--reject", "r"]:
        put = faulty.put(b"large\t" + b"x" * len(LARGE) + b"\n", *options)
    else:
        put = faulty.put_object("large", LARGE, *options)
    assert put.lines == ["large"] and put.message == ""
    assert faulty.bucket.keys() == ["large"] and faulty.open_uploads() == []


def test_a_complete_is_recognized_by_its_etag(faulty):
    def renamed(answer):
        body = answer.body.replace(b"CompleteMultipartUploadResult", b"Done")
        return Answer(answer.status, [], b"\n  \n" + body)

    faulty.rule("rewrite", method="POST", target=COMPLETE, rewrite=renamed)
    assert faulty.put_object("large", LARGE).lines == ["large"]
    assert faulty.requests("HEAD", "/large$") == []


@pytest.mark.parametrize("root", [b"InitiateMultipartUpload", b"Upload"])
@pytest.mark.parametrize("space", [b"", b"\r\n \t"])
def test_an_upload_is_recognized_by_its_id(faulty, root, space):
    def renamed(answer):
        return Answer(answer.status, [], space + answer.body.replace(b"InitiateMultipartUploadResult", root))

    faulty.rule("rewrite", method="POST", target=r"\?uploads=", rewrite=renamed)
    assert faulty.put_object("large", LARGE).lines == ["large"]
    assert faulty.bucket.get("large") == LARGE


def test_a_complete_without_a_response_is_checked_with_head(faulty):
    faulty.attempts(1)
    faulty.rule("lose answer", method="POST", target=COMPLETE, times=None)
    assert faulty.put_object("large", LARGE).lines == ["large"]
    assert faulty.requests("DELETE") == []


def test_an_upload_that_may_be_in_progress_is_not_aborted(faulty):
    faulty.attempts(2)
    faulty.rule("reset", method="POST", target=COMPLETE, at=10, times=None)
    put = faulty.put_object("large", LARGE, status=69)
    ((_, upload),) = faulty.open_uploads()
    assert f"large: upload {upload} is left in place, because the service may still complete it" in put.message
    assert "state unknown" in put.message and faulty.requests("DELETE") == []


# Responses that do not show the outcome of an earlier attempt, or are not from the service.
BUSY = {
    "a gateway's page": Rule("answer", status=504, body=b"<html><body>504 Gateway Time-out</body></html>"),
    "a gateway's status": Rule("answer", status=502),
    "an error of the service": s3_error(500, "InternalError"),
    "a refusal": s3_error(403, "AccessDenied"),
    "white space and no more": Rule("answer", status=200, body=b" \n "),
}


@pytest.mark.parametrize("name", BUSY)
def test_a_later_response_need_not_show_the_outcome_of_complete(faulty, name):
    faulty.attempts(2)
    faulty.rule("reset", method="POST", target=COMPLETE, at=10)
    faulty.rule(replace(BUSY[name], method="POST", target=COMPLETE, times=None))
    put = faulty.put_object("large", LARGE, status=None)
    ((_, upload),) = faulty.open_uploads()
    assert f"upload {upload} is left in place" in put.message and "state unknown" in put.message
    assert put.status != 0 and faulty.requests("DELETE") == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_times_out_at_complete(faulty, status):
    """The gateway's response is not the service's: HEAD checks the object, and the upload is not aborted."""
    faulty.attempts(1)
    faulty.rule("replace answer", method="POST", target=COMPLETE, status=status)
    assert faulty.put_object("large", LARGE).lines == ["large"]
    faulty.rule("answer", method="POST", target=COMPLETE, status=status)
    put = faulty.put_object("other", LARGE, status=69)
    ((_, upload),) = faulty.open_uploads()
    assert f"upload {upload} is left in place" in put.message
    assert put.stdout == b"" and faulty.requests("DELETE") == []


def test_an_error_without_white_space_before_it_keeps_its_code(faulty):
    faulty.rule("answer", method="PUT", target="/k$", status=400, times=None,
                body=b"\n\n<?xml version='1.0'?><Error><Code>OddCode</Code><Message>m</Message></Error>")  # fmt: skip
    assert "400 OddCode: m" in faulty.put(b"k\tdata\n", status=1).message


def without_tags(answer):
    headers = [pair for pair in answer.headers if pair[0].lower() != "x-amz-tagging-count"]
    return Answer(answer.status, headers, answer.body)


def test_dropped_tags_are_set(faulty):
    faulty.rule("rewrite", method="HEAD", target="/[ab]$", rewrite=without_tags, times=None)
    for key in ("a", "b"):
        faulty.put_object(key, LARGE, "--tag", "team=r+d @x/y:z", "--tag", "empty=")
        tags = faulty.bucket.client.get_object_tagging(Bucket=faulty.bucket.name, Key=key)["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "r+d @x/y:z", "empty": ""}
    assert len(faulty.requests("PUT", r"\?tagging=")) == 2


def test_tags_that_cannot_be_set_are_a_failure(faulty):
    faulty.rule("rewrite", method="HEAD", target="/k$", rewrite=without_tags, times=None)
    faulty.rules.append(s3_error(403, "AccessDenied", method="PUT", target=r"\?tagging=", times=None))
    put = faulty.put_object("k", LARGE, "--tag", "a=b", status=77)
    assert "PutObjectTagging" in put.message and "stored, without its tags" in put.message
