"""--no-clobber and --idempotent: existing objects are never replaced if the service supports the condition; else the
run stops."""

import pytest
from fault_proxy import s3_error
from faults import large

LARGE = large(12 << 20)
# Whether each server supports If-None-Match. JuiceFS's gateway ignores it, Ceph's 16.2 ignores it for objects in parts.
KEPT = {"seaweedfs": {"whole", "in parts"}, "moto": {"whole", "in parts"}, "rgw": {"whole"}, "minio": set()}
LINES = b"".join(b"large\t" + line + b"\n" for line in LARGE.splitlines())


def test_the_first_object_tests_the_condition(faulty):
    faulty.put(b"a\t1\nb\t2\nc\t3\n", "--no-clobber")
    puts = faulty.requests("PUT")
    # No other request is sent before.
    assert [each.target[-1] for each in puts][:2] == ["a", "a"]
    assert sorted(each.target[-1] for each in puts[2:]) == ["b", "c"]
    assert [each.status for each in puts][:2] == [200, 412]


def test_a_refusal_proves_support_for_the_condition(faulty):
    faulty.bucket.put("a", b"before\n")
    put = faulty.put(b"a\t1\nb\t2\n", "--no-clobber", "--reject", "r", status=1)
    assert "(the object exists already)" in put.message
    assert put.lines == ["b"] and len(faulty.requests("PUT")) == 2


def test_an_object_in_parts_tests_the_condition_by_a_copy(faulty):
    faulty.put_object("large", LARGE, "--no-clobber", "--part-size", "5M")
    assert faulty.bucket.get("large") == LARGE and faulty.open_uploads() == []
    sent = faulty.requests("PUT", "partNumber=")
    assert [each.length for each in sent].count(0) == 3, "the bytes are not sent again"
    assert [each.status for each in faulty.requests("POST", r"\?uploadId=")] == [200, 412]


def test_a_stopped_run_sends_no_waiting_requests(faulty):
    faulty.rule("answer", method="PUT", target="/a$", status=403, times=None,
                body=b"<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>")  # fmt: skip
    put = faulty.put(b"a\t1\nb\t2\nc\t3\n", "--no-clobber", status=77)
    assert put.stdout == b"" and {each.target[-1] for each in faulty.requests("PUT")} == {"a"}


@pytest.mark.parametrize("options", [[], ["--part-size", "5M"]])
def test_an_existing_identical_object_counts_as_stored(faulty, options):
    records = b"a\t1\nb\t2\n" + LINES
    faulty.put(records, *options)
    put = faulty.put(records + b"c\t3\n", "--idempotent", "--long", *options)
    assert [line.split("\t")[0] for line in put.lines] == ["a", "b", "large", "c"]
    assert faulty.bucket.get("large") == LARGE and faulty.open_uploads() == []
    assert faulty.requests("GET") == [], "ETags tell"


@pytest.mark.parametrize("other", [b"2\n", b"10\n", b""])
def test_other_bytes_are_not_the_same(faulty, other):
    faulty.bucket.put("a", other)
    put = faulty.put(b"a\t1\n", "--idempotent", status=1)
    assert put.stdout == b"" and "the existing object has other content" in put.message
    assert faulty.bucket.get("a") == other


@pytest.mark.parametrize("is_same", [True, False])
def test_an_object_of_other_parts_is_read(faulty, is_same):
    faulty.put(LINES if is_same else LINES.replace(b"0 ", b"1 ", 1), "--part-size", "6M")
    put = faulty.put(LINES, "--idempotent", "--part-size", "5M", status=0 if is_same else 1)
    assert put.lines == (["large"] if is_same else []) and faulty.open_uploads() == []
    assert len(faulty.requests("GET", "/large$")) == 1


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_object_that_cannot_be_read_may_be_the_same(faulty, method):
    faulty.put(LINES, "--part-size", "6M")
    faulty.rule(s3_error(503, "ServiceUnavailable", method=method, target="/large$", times=None))
    put = faulty.put(LINES, "--idempotent", "--part-size", "5M", "--max-attempts", "2", status=69)
    assert put.lines == [] and "the existing object could not be read" in put.message


def test_an_object_of_one_request_that_was_sent_in_parts_is_read(faulty):
    faulty.bucket.put("large", LARGE)
    assert faulty.put(LINES, "--idempotent").lines == ["large"]


@pytest.mark.parametrize("option", ["--no-clobber", "--idempotent"])
@pytest.mark.parametrize("form", ["whole", "in parts"])
def test_each_server_supports_the_condition_or_is_detected(bucket, shell, server, option, form):
    records = b"k\t1\n" if form == "whole" else b"k\t" + b"x" * (6 << 20) + b"\n"
    words = ["s3-put-lines", option, bucket.location]
    first = shell.tool(*words, stdin=records).expect(None)
    if form in KEPT[server.name]:
        assert (first.status, first.lines) == (0, ["k"]), first.message
        again = shell.tool(*words, stdin=records).expect(0 if option == "--idempotent" else 1)
        assert again.lines == (["k"] if option == "--idempotent" else [])
        shell.tool(*words, stdin=records.replace(b"\t", b"\t-")).expect(1)
        assert bucket.get("k") == records.replace(b"k\t", b"")
    else:
        assert (first.status, first.lines) == (78, [])
        assert "ignores If-None-Match" in first.message and "may have replaced another" in first.message
    assert bucket.open_uploads() == []


def test_the_two_exclude_each_other(plain_shell):
    plain_shell.tool("s3-put-lines", "--no-clobber", "--idempotent", "s3://b").expect(64)
