"""s3-get-lines --cursor: reading resumes where it stopped."""

import fcntl
import random
import signal
import subprocess
import sys
import termios
import threading
import time

import pytest
from conftest import within
from lying_server import LyingServer, environment, page



@pytest.fixture
def start():
    """Starts the tool with a cursor; kills it at the end of the test."""
    processes = []

    def start(shell, *arguments):
        words = ["--all", "--cursor", "cursor", *arguments]
        processes.append(shell.start("s3-get-lines", *words, stdin=subprocess.DEVNULL))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def get(shell, *arguments):
    return shell.tool("s3-get-lines", "--all", "--cursor", "cursor", *arguments)


@pytest.mark.parametrize("options", [[], ["--unordered"], ["--done", "done"], ["--lookback", "10"]], ids=" ".join)
def test_the_next_run_reads_new_objects(bucket, shell, options):
    cursor, location = shell.directory / "cursor", f"{bucket.location}/p/"
    for key in ("p/a", "p/b\tb", "q"):
        bucket.put(key, key.encode())
    assert sorted(get(shell, *options, location).expect().lines) == ["p/a", "p/b\tb"]
    assert cursor.read_text() == f"{location}\tb\\tb\n"
    for key in ("p/c", "p/d"):
        bucket.put(key, key.encode())
    assert sorted(get(shell, *options, location).expect().lines) == ["p/c", "p/d"]
    assert get(shell, *options, location).expect().stdout == b""
    assert cursor.read_text() == f"{location}\td\n"
    assert [path.name for path in shell.directory.iterdir() if path.name.endswith(".new")] == []


def test_a_late_key_between_runs_is_read(seaweedfs_bucket, seaweedfs_shell):
    location, follow = seaweedfs_bucket.location, ["--follow", "--interval", "50ms", "--until-idle", "100ms"]
    for key in "bdf":
        seaweedfs_bucket.put(key, key.encode())
    assert get(seaweedfs_shell, *follow, location).expect().lines == ["b", "d", "f"]
    for key in "aceg":
        seaweedfs_bucket.put(key, key.encode())
    assert get(seaweedfs_shell, *follow, "--lookback", "2", location).expect().lines == ["a", "c", "e", "g"]
    for key in ("aa", "ee", "ff"):
        seaweedfs_bucket.put(key, key.encode())
    # Keys after the third one from the end were listed again, and none before it.
    assert get(seaweedfs_shell, *follow, location).expect().lines == ["ee", "ff"]
    assert get(seaweedfs_shell, "--lookback", "1h", location).expect().lines == []
    seaweedfs_bucket.put("fa", b"late")
    assert get(seaweedfs_shell, "--lookback", "1h", location).expect().lines == ["late"]
    assert (seaweedfs_shell.directory / "cursor").read_text() == f"{location}\tg\n"


def test_the_cursor_is_updated_during_the_run(seaweedfs_bucket, seaweedfs_shell, start):
    cursor = seaweedfs_shell.directory / "cursor"
    seaweedfs_bucket.put("a", b"1\n")
    process = start(seaweedfs_shell, "--follow", "--interval", "50ms", seaweedfs_bucket.location)
    assert process.stdout.readline() == b"1\n"
    within(30, cursor.exists)
    seaweedfs_bucket.put("b", b"2\n")
    assert process.stdout.readline() == b"2\n"
    within(30, lambda: cursor.read_text() == f"{seaweedfs_bucket.location}\tb\n")
    seaweedfs_bucket.put("c", b"3\n")
    assert process.stdout.readline() == b"3\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    assert cursor.read_text() == f"{seaweedfs_bucket.location}\tc\n"


def test_the_cursor_never_passes_unwritten_output(seaweedfs_bucket, seaweedfs_shell, start):
    cursor = seaweedfs_shell.directory / "cursor"
    seaweedfs_bucket.put("a", b"1\n")
    seaweedfs_bucket.put("b", b"x" * (3 << 20) + b"\n")
    process = start(seaweedfs_shell, seaweedfs_bucket.location)
    within(30, cursor.exists)
    assert cursor.read_text() == f"{seaweedfs_bucket.location}\ta\n"
    process.stdout.close()
    assert process.wait(30) == -signal.SIGPIPE
    assert cursor.read_text() == f"{seaweedfs_bucket.location}\ta\n"
    output = get(seaweedfs_shell, seaweedfs_bucket.location).expect().stdout
    assert len(output) == (3 << 20) + 1


def test_a_killed_follower_resumes(seaweedfs_bucket, seaweedfs_shell):
    """It writes to a file, which keeps the output: only keys after the cursor may be read twice."""
    dice, location = random.Random(3), seaweedfs_bucket.location
    numbers = list(range(1000, 1200))
    for first in range(0, len(numbers), 10):
        # No key arrives later than ten keys after it in order.
        part = numbers[first : first + 10]
        dice.shuffle(part)
        numbers[first : first + 10] = part
    writer = threading.Thread(
        target=lambda: [seaweedfs_bucket.put(str(number), b"%d\n" % number) for number in numbers]
    )
    words = ["--all", "--follow", "--interval", "20ms", "--lookback", "20", "--cursor", "cursor"]
    writer.start()
    with open(seaweedfs_shell.directory / "out", "ab") as out:
        for last in [False] * 4 + [True]:
            options = ["--until-idle", "300ms"] if last else []
            process = seaweedfs_shell.start(
                "s3-get-lines", *words, *options, location, stdin=subprocess.DEVNULL, stdout=out, stderr=None
            )
            if last:
                writer.join()
                assert process.wait(60) == 0
            else:
                time.sleep(dice.uniform(0.1, 1.2))
                process.kill()
                process.wait()
    got = (seaweedfs_shell.directory / "out").read_text().split()
    assert set(got) == {str(number) for number in numbers}
    assert (seaweedfs_shell.directory / "cursor").read_text() == f"{location}\t1199\n"
    size = len(got)
    process = seaweedfs_shell.tool("s3-get-lines", "--all", "--lookback", "20", "--cursor", "cursor", location).expect()
    assert process.stdout == b"" and size >= len(numbers)


@pytest.mark.parametrize("options", [[], ["--unordered"], ["--lookback", "9"]], ids=" ".join)
def test_the_cursor_stops_before_a_failed_object(plain_shell, options):
    broken = {"b": True}

    def handle(request):
        if "list-type" in request.query:
            after = request.query.get("start-after", "")
            return 200, {}, page([key for key in "abcd" if key > after])
        key = request.path[-1]
        if broken.get(key):
            return 403, {}, b"<Error><Code>InvalidObjectState</Code><Message>archived</Message></Error>"
        return 200, {"ETag": '"e"'}, key.encode() + b"234\n"

    with LyingServer(handle) as server:
        shell = plain_shell.with_environment(**server.tool_environment(1))
        assert sorted(get(shell, *options, "s3://bucket").expect(1).lines) == ["a234", "c234", "d234"]
        assert (shell.directory / "cursor").read_text() == "s3://bucket\ta\n"
        broken.clear()
        assert sorted(get(shell, *options, "s3://bucket").expect().lines) == ["b234", "c234", "d234"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("s3://other\ta\n", "is for s3://other, not for s3://bucket"), ("s3://bucket/p\ta\n", "s3://bucket/p"),
        ("s3://bucket\ta", "torn"), ("s3://bucket\n", "torn"), ("", "torn"), ("s3://bucket\t\\x\n", "torn"),
        ("s3://bucket\ta\ns3://bucket\tb\n", "line 2"), ("lines\n", "torn"),
    ],
)  # fmt: skip
def test_an_invalid_cursor_is_78(plain_shell, content, what):
    (plain_shell.directory / "cursor").write_text(content)
    shell = plain_shell.with_environment(**environment(1, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9"))
    got = get(shell, "s3://bucket").expect(78)
    assert what in got.message and "remove it" in got.message
    assert (plain_shell.directory / "cursor").read_text() == content


def test_a_cursor_that_cannot_be_written_is_74_or_78(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    got = seaweedfs_shell.tool(
        "s3-get-lines", "--all", "--cursor", "no/cursor", seaweedfs_bucket.location
    ).expect(74)
    assert "no/cursor" in got.message and got.stdout == b""
    seaweedfs_shell.tool("s3-get-lines", "--all", "--cursor", "/dev/null", seaweedfs_bucket.location).expect(78)
    # The path of the new content is a directory.
    (seaweedfs_shell.directory / "cursor.new").mkdir()
    got = get(seaweedfs_shell, seaweedfs_bucket.location).expect(74)
    assert "cursor.new" in got.message and got.stdout == b"1\n"


FAILING_FSYNC = """
#include <errno.h>
#include <sys/stat.h>
int fsync(int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) || !WHAT(status.st_mode)) return 0;
    errno = ERROR;
    return -1;
}"""


@pytest.mark.parametrize(
    ("options", "what", "error", "status", "named"),
    [
        ([], "S_ISREG", "EIO", 74, "cursor.new: "),
        ([], "S_ISDIR", "EIO", 74, "cursor: "),
        ([], "S_ISDIR", "EINVAL", 0, ""),
        (["--done", "done"], "S_ISREG", "EIO", 74, "done: "),
    ],
)
def test_a_disk_that_loses_the_cursor_is_74(
    seaweedfs_bucket, seaweedfs_shell, options, what, error, status, named
):
    """A file system without fsync() for directories is no failure."""
    directory = seaweedfs_shell.directory
    (directory / "fsync.c").write_text(FAILING_FSYNC)
    macros = [f"-DWHAT={what}", f"-DERROR={error}"]
    subprocess.run(["cc", *macros, "-shared", "-fPIC", "-o", "fsync.so", "fsync.c"], cwd=directory, check=True)
    seaweedfs_bucket.put("a", b"1\n")
    shell = seaweedfs_shell.with_environment(LD_PRELOAD=str(directory / "fsync.so"))
    got = get(shell, *options, seaweedfs_bucket.location).expect(status)
    assert got.stdout == b"1\n" and named in got.message
    assert (directory / "cursor").exists() == (what == "S_ISDIR")


def test_the_cursor_stays_before_objects_that_could_not_be_noted(seaweedfs_bucket, seaweedfs_shell, start):
    """Standard output takes one object after the note of the other one has failed."""
    seaweedfs_bucket.put("a/1", b"1\n")
    seaweedfs_bucket.put("b/1", b"x\n" * (3 << 19))
    reading = start(seaweedfs_shell, "--done", "/dev/full", "--per", "*/", seaweedfs_bucket.location)
    # If the note fails early, the second object is not read at all.
    within(30, lambda: waiting_bytes(reading.stdout) >= 1 << 16 or reading.poll() is not None)
    _, message = reading.communicate()
    assert reading.returncode == 74 and b"/dev/full" in message
    assert not (seaweedfs_shell.directory / "cursor").exists()


def waiting_bytes(pipe):
    """Source: FIONREAD(2const)."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_start_after_is_for_the_first_run(seaweedfs_bucket, seaweedfs_shell):
    for key in "abc":
        seaweedfs_bucket.put(key, key.encode())
    for expected in (["b", "c"], []):
        assert get(seaweedfs_shell, "--start-after", "a", seaweedfs_bucket.location).expect().lines == expected


@pytest.mark.parametrize(
    "options",
    [["--cursor", "c"], ["--all", "--cursor", "c", "--done", "c"], ["--all", "--lookback", "5"]],
    ids=" ".join,
)
def test_incompatible_options_are_64(plain_shell, options):
    plain_shell.tool("s3-get-lines", *options, "s3://bucket", *([] if "--all" in options else ["k"])).expect(64)
