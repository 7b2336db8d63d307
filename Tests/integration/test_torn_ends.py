"""What s3-put-lines makes of input that ends early, since what wrote it was killed."""

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
        # Partitions, one of which makes room for another.
        (b"a\t1\nb\t2\na\t3\nc\t4\nb\na\t5\na\nc\t6\nk\t#END\nc\n", ["--max-open", "2"]),
        # The commit line is data where more follows.
        (b"a\tx\nb\t#END\nb\ty\nc\tz\nk\t#END\n", []),
        (b"a\tx\nb\t#END\nc\tz\nk\t#END\n", ["--each"]),
    ],
)
def test_input_that_ends_at_any_byte_completes_nothing_that_is_not_whole(plain_shell, records, options):
    whole = put(plain_shell, records, *options, status=0).lines
    for length in range(len(records) - 1):
        torn = records[:length]
        # That the data in the middle is the very line may not be told from the end.
        ends = torn.rstrip(b"\n").endswith(b"\t#END")
        receipts = put(plain_shell, torn, *options, status=None if ends else 65).lines
        assert receipts == whole[: len(receipts)], torn


def test_a_torn_close_record_completes_no_object(seaweedfs_bucket, seaweedfs_shell):
    words = ["s3-put-lines", *COMMIT, f"s3://{seaweedfs_bucket.name}"]
    put = seaweedfs_shell.tool(*words, stdin=b"k\t1\nk").expect(65)
    assert put.lines == [] and seaweedfs_bucket.keys() == []
    assert "line 2: the input ended inside this record" in put.message


@pytest.mark.parametrize("length", [3, 400_000])
def test_a_torn_record_of_its_own_is_not_sent(seaweedfs_bucket, seaweedfs_shell, length):
    words = ["s3-put-lines", "--each", *COMMIT, f"s3://{seaweedfs_bucket.name}"]
    put = seaweedfs_shell.tool(*words, stdin=b"a\t1\nb\t" + b"x" * length).expect(65)
    assert put.lines == ["a"] and seaweedfs_bucket.keys() == ["a"]


def test_a_torn_record_is_not_among_the_rejected(plain_shell):
    put(plain_shell, b"k\t1\nk\t2\nk\tto", "--reject", "r", status=65)
    assert (plain_shell.directory / "r").read_bytes() == b"k\t1\nk\t2\n"


def test_the_commit_line_itself_may_lack_its_newline(plain_shell):
    assert put(plain_shell, b"k\t1\nend\t#END", status=0).lines == ["k\t-\t2\t1"]


@pytest.mark.parametrize("options, stored", [(["--each"], [b"a\n", b"to\n"]), ([], [b"a\n"])])
def test_what_the_death_of_a_producer_stores(seaweedfs_bucket, seaweedfs_shell, options, stored):
    """s3-keygen ends the torn line, and --each does not wait to see that no line of --commit-on follows."""
    location = f"s3://{seaweedfs_bucket.name}"
    words = " ".join(["s3-put-lines", "--commit-on '#END'", *options, location])
    seaweedfs_shell.run(f"{{ printf 'a\\nto'; kill -KILL $BASHPID; echo '#END'; }} | s3-keygen '{{line}}' | {words}").expect(65)
    assert [seaweedfs_bucket.get(key) for key in seaweedfs_bucket.keys()] == stored
