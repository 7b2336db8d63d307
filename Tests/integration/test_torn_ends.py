"""The effects on s3-put-lines of input that ends early because its producer was killed."""

import pytest

END = "#END"
COMMIT = ["--commit-on", END]


def put(shell, records, *options, status):
    words = ["s3-put-lines", "--dry-run", "--long", *COMMIT, *options, "s3://b"]
    return shell.tool(*words, stdin=records).expect(status)


@pytest.mark.parametrize(
    "records, options",
    [
        # Batches, with close records.
        (b"k1\tab\nk1\tc\nk1\nk2\td\nk2\te\nk2\nk3\tf\nk\t#END\n", []),
        # Partitions, one of which is completed to make room for another.
        (b"a\t1\nb\t2\na\t3\nc\t4\nb\na\t5\na\nc\t6\nk\t#END\nc\n", ["--max-open", "2"]),
        # The commit line is data if more lines follow.
        (b"a\tx\nb\t#END\nb\ty\nc\tz\nk\t#END\n", []),
        (b"a\tx\nb\t#END\nc\tz\nk\t#END\n", ["--each"]),
    ],
)
def test_truncated_input_completes_no_partial_object(plain_shell, records, options):
    whole = put(plain_shell, records, *options, status=0).lines
    for length in range(len(records) - 1):
        torn = records[:length]
        # If the input is cut there, the line in the middle cannot be distinguished from the commit line.
        ends = torn.rstrip(b"\n").endswith(b"\t#END")
        receipts = put(plain_shell, torn, *options, status=None if ends else 65).lines
        assert receipts == whole[: len(receipts)], torn


def test_a_truncated_close_record_completes_no_object(seaweedfs_bucket, seaweedfs_shell):
    words = ["s3-put-lines", *COMMIT, seaweedfs_bucket.location]
    put = seaweedfs_shell.tool(*words, stdin=b"k\t1\nk").expect(65)
    assert put.lines == [] and seaweedfs_bucket.keys() == []
    assert "line 2: the input ended inside this record" in put.message


@pytest.mark.parametrize("length", [3, 400_000])
def test_a_truncated_record_is_not_sent_with_each(seaweedfs_bucket, seaweedfs_shell, length):
    words = ["s3-put-lines", "--each", *COMMIT, seaweedfs_bucket.location]
    put = seaweedfs_shell.tool(*words, stdin=b"a\t1\nb\t" + b"x" * length).expect(65)
    assert put.lines == ["a"] and seaweedfs_bucket.keys() == ["a"]


def test_a_truncated_record_is_not_rejected(plain_shell):
    put(plain_shell, b"k\t1\nk\t2\nk\tto", "--reject", "r", status=65)
    assert (plain_shell.directory / "r").read_bytes() == b"k\t1\nk\t2\n"


def test_the_commit_line_itself_may_lack_its_newline(plain_shell):
    assert put(plain_shell, b"k\t1\nend\t#END", status=0).lines == ["k\t-\t2\t1"]


@pytest.mark.parametrize("options, stored", [(["--each"], [b"a\n", b"to\n"]), ([], [b"a\n"])])
def test_only_each_stores_the_last_line_of_a_dead_producer(seaweedfs_bucket, seaweedfs_shell, options, stored):
    """s3-keygen adds a newline to the truncated line, and --each does not wait to see whether the commit line
    follows."""
    location = seaweedfs_bucket.location
    words = " ".join(["s3-put-lines", "--commit-on '#END'", *options, location])
    seaweedfs_shell.run(
        f"{{ printf 'a\\nto'; kill -KILL $BASHPID; echo '#END'; }} | s3-keygen '{{line}}' | {words}"
    ).expect(65)
    assert [seaweedfs_bucket.get(key) for key in seaweedfs_bucket.keys()] == stored
