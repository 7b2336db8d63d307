"""s3-get-lines --filter: all kinds of commands between objects and lines."""

import gzip
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import BIN, SECONDS, Bucket, is_gone, memory, within
from lying_server import LyingServer

MIB = 1 << 20
KEYS = [f"k{number:02}" for number in range(40)]


@pytest.fixture(scope="module")
def location(seaweedfs):
    bucket = Bucket(seaweedfs)
    bucket.fill(
        {key: b"".join(b"%s %d\n" % (key.encode(), line) for line in range(number)) for number, key in enumerate(KEYS)}
    )
    return bucket.location


def get(shell, command, *arguments, status=0):
    return shell.tool("s3-get-lines", "--filter", command, *arguments).expect(status)


def start(shell, *arguments, **options):
    return shell.start("s3-get-lines", *arguments, **{"stdin": subprocess.DEVNULL} | options)


def whole(data, headers=None):
    """A server with one object, also in ranges."""

    def answer(request):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        fields = {"ETag": '"e"', "x-amz-request-id": "r"} | (headers or {})
        if not wanted:
            return 200, fields, data
        first, last = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        return 206, fields | {"Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first : last + 1]

    return LyingServer(answer)


def test_lines_are_in_the_order_of_the_keys(location, seaweedfs_shell):
    """Independent of the time that each command takes."""
    command = "sleep 0.0$((1${S3_KEY#k} % 4)); sed 's/$/!/'"
    got = get(seaweedfs_shell, command, "--all", location)
    assert got.lines == [f"{key} {line}!" for number, key in enumerate(KEYS) for line in range(number)]


@pytest.mark.parametrize("options", [["--with-key"], ["--unordered"], ["--with-key", "--unordered"], ["--raw"]])
def test_output_options_work_with_a_filter(location, seaweedfs_shell, options):
    got = get(seaweedfs_shell, "wc -l", "--all", *options, location)
    prefix = "{}\t" if "--with-key" in options else ""
    expected = [prefix.format(key) + str(number) for number, key in enumerate(KEYS)]
    assert sorted(got.lines) == sorted(expected) if "--unordered" in options else got.lines == expected


def test_several_run_at_once(location, seaweedfs_shell):
    """One per processor, and one more for the object being written."""
    get(seaweedfs_shell, "echo 1 >> log; sleep 0.1; echo -1 >> log", "--all", location)
    running = most = 0
    for line in (seaweedfs_shell.directory / "log").read_text().split():
        running += int(line)
        most = max(most, running)
    assert 2 <= most <= os.cpu_count() + 1 and running == 0


def test_a_search_may_find_nothing(location, seaweedfs_shell):
    got = get(seaweedfs_shell, "grep ' 7$'", "--all", "--done", "done", location)
    assert got.lines == [f"{key} 7" for key in KEYS[8:]] and got.message == ""
    assert len((seaweedfs_shell.directory / "done").read_text().splitlines()) == len(KEYS)


@pytest.mark.parametrize(
    "command, reason",
    [
        ("exit 3", "the command ended with status 3"),
        ("cat; exit 1", "the command ended with status 1"),
        ("echo why >&2; exit 1", "the command ended with status 1"),
        ("kill -9 $$", "the command was ended by signal 9"),
        ("no-such-command", "the command was not found"),
        ("/", "the command cannot be run"),
        ("exec <&-; exec >&-; sleep 0.1; exit 4", "the command ended with status 4"),
    ],
)
def test_a_failed_command_fails_its_object_only(location, seaweedfs_shell, command, reason):
    """Its object fails and nothing of it is written; the other objects do not fail."""
    got = get(seaweedfs_shell, f'case $S3_KEY in k02) {command};; *) cat;; esac', "--done", "done", location,
              "k01", "k02", "k03", status=1)  # fmt: skip
    assert got.lines == ["k01 0", "k03 0", "k03 1", "k03 2"]
    assert re.search(f"^s3-get-lines: k02: {re.escape(reason)}", got.message, re.MULTILINE)
    assert [line.split("\t")[0] for line in (seaweedfs_shell.directory / "done").read_text().splitlines()] == [
        "k01",
        "k03",
    ]


def test_messages_of_a_command_are_reported_with_the_key(location, seaweedfs_shell):
    got = get(seaweedfs_shell, r"cat; printf 'a\tb\n\033c' >&2", location, "k01", "k02")
    # Commands run in parallel: only the messages of each command are in order.
    for key in ("k01", "k02"):
        lines = [line for line in got.message.splitlines() if f" {key}: " in line]
        assert lines == [f"s3-get-lines: {key}: {text}" for text in (r"a\tb", r"\x1Bc")]
    assert len(got.message.splitlines()) == 4


def test_lines_that_were_written_before_a_failure_are_counted(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("k", b"line\n" * (2 * MIB))
    got = get(
        seaweedfs_shell, "cat; exit 5", "--multipart-chunksize", "1M", seaweedfs_bucket.location, "k", status=1
    )
    assert f"status 5; {len(got.stdout)} bytes of it were written" in got.message
    assert got.stdout.endswith(b"line\n") and len(got.stdout) > 5 * MIB


def test_only_whole_lines_are_written(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("k", b"line\n" * (2 * MIB))
    got = get(seaweedfs_shell, "head -c 4000001; exit 5", "--multipart-chunksize", "1M",
        seaweedfs_bucket.location, "k",
              status=1)  # fmt: skip
    assert len(got.stdout) % 5 == 0 and len(got.stdout) <= 4_000_000


@pytest.mark.parametrize("options, expected", [([], b"x\nx\n"), (["--exact"], b"xx")])
def test_a_last_line_without_newline_gets_one_unless_exact(location, seaweedfs_shell, options, expected):
    assert get(seaweedfs_shell, "printf x", *options, location, "k00", "k01").stdout == expected


def test_the_command_gets_the_stored_bytes(seaweedfs_bucket, seaweedfs_shell):
    """Including compressed objects, unchanged."""
    seaweedfs_bucket.put("k", gzip.compress(b"one\ntwo\n"))
    location = seaweedfs_bucket.location
    assert get(seaweedfs_shell, "zcat | tac", location, "k").lines == ["two", "one"]


def test_its_environment_has_the_unescaped_key(seaweedfs_bucket, seaweedfs_shell):
    key = "p/a 'b' \"$c\" \\ é\n\t!"
    seaweedfs_bucket.put(key, b"x\n")
    got = seaweedfs_shell.with_environment(S3_KEY="other", S3_KEYS="stays").tool(
        "s3-get-lines", "--filter", 'printf "%s|%s|%s" "$S3_BUCKET" "$S3_KEYS" "$S3_KEY"',
        f"{seaweedfs_bucket.location}/p/",
        stdin=key[2:].replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").encode(),
    ).expect()  # fmt: skip
    assert got.stdout.decode() == f"{seaweedfs_bucket.name}|stays|{key}\n"


def test_nothing_of_the_tool_leaks_into_the_command(location, seaweedfs_shell):
    """Descriptors, signals and limits are those at the start of the tool. Libraries leave sockets open in commands."""
    command = (
        "cat > /dev/null; cd /proc/self/fd && echo fds *; grep -E 'Sig(Blk|Ign)' /proc/self/status; "
        "ulimit -n; ulimit -c"
    )
    script = f'ulimit -c 5; ulimit -Sn 300; s3-get-lines --filter "$COMMAND" --all {location} --max-connections 8'
    got = seaweedfs_shell.with_environment(COMMAND=command).run(script).expect()
    # The shell itself opens 3 to read the directory.
    assert set(got.lines) <= {"fds 0 1 2", "fds 0 1 2 3", "SigBlk:\t0000000000000000", "300", "10"} | {
        line for line in got.lines if line.startswith("SigIgn")
    }, set(got.lines)
    # The C library uses 32 and 33.
    ignored = {int(line.split()[1], 16) & ~(3 << 31) for line in got.lines if line.startswith("SigIgn")}
    assert ignored == {0}
    trapped = seaweedfs_shell.run(
        f"trap '' PIPE HUP; s3-get-lines --filter 'grep SigIgn /proc/self/status' {location} k00", shell=("bash", "-c")
    ).expect()
    assert int(trapped.lines[0].split()[1], 16) & ~(3 << 31) == 1 << signal.SIGPIPE - 1 | 1 << signal.SIGHUP - 1


def test_the_command_inherits_descriptors_of_the_shell(location, seaweedfs_shell):
    """All commands share it."""
    (seaweedfs_shell.directory / "pass").write_text("secret\n")
    assert seaweedfs_shell.run(f"s3-get-lines --filter 'cat <&7' {location} k01 7< pass").expect().lines == ["secret"]


@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_a_command_that_ends_early_succeeds(plain_shell, size):
    """The rest of the object is not fetched."""
    with whole(b"line\n" * (size // 5)) as server:
        shell = plain_shell.with_environment(**server.tool_environment(1))
        for command, expected in (("head -n 1", ["line"]), ("true", [])):
            server.journal.clear()
            got = get(shell, command, "--memory", "8M", "--multipart-chunksize", "1M", "s3://b", "k", "l")
            assert got.lines == 2 * expected and got.message == ""
            assert len(server.journal) < 30


def test_an_incomplete_object_is_not_passed_to_a_command(plain_shell):
    """A small object is verified first; with a large one the command is killed before it sees the end."""
    wrong = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"}
    command = "cat > got-$S3_KEY && touch whole-$S3_KEY"
    for size in (100, 4 * MIB):
        with whole(b"x" * size, wrong) as server:
            shell = plain_shell.with_environment(**server.tool_environment(1))
            got = get(shell, command, "--multipart-chunksize", "1M", "s3://b", "k", status=1)
            assert "CRC32" in got.message
            assert not list(Path(shell.directory).glob("whole-*"))


def test_objects_that_cannot_be_fetched_are_reported(location, seaweedfs_shell):
    got = get(seaweedfs_shell, "cat", location, "k01", "none", "k02", status=66)
    assert got.lines == ["k01 0", "k02 0", "k02 1"] and "none: " in got.message


def test_memory_is_bounded_for_any_output(seaweedfs_bucket, seaweedfs_shell):
    """Output before an object's turn, an endless line, a slow reader."""
    for key in "abcdef":
        seaweedfs_bucket.put(key, b"x\n")
    command = "[ $S3_KEY != a ] || sleep 1; head -c 40000000 /dev/zero | tr '\\0' '\\n'"
    process = start(seaweedfs_shell, "--memory", "8M", "--all", "--filter", command, seaweedfs_bucket.location)
    count = most = 0
    while data := process.stdout.read(4 * MIB):
        count += len(data)
        most = max(most, memory(process))
    assert process.wait(SECONDS) == 0 and count == 6 * 40_000_000
    assert most < 64 * MIB, most


def groups(directory):
    written = (file.read_text() for file in Path(directory).glob("group-*"))
    return [int(text) for text in written if text]


def assert_gone(directory):
    """All processes of the commands are gone, after init has reaped the orphans."""
    found = groups(directory)
    assert found
    within(SECONDS, lambda: all(map(is_gone, found)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("command", ["sleep 1000 | sleep 1000", "cat; sleep 1000"])
def test_a_signal_leaves_no_command(location, seaweedfs_shell, number, command):
    process = start(seaweedfs_shell, "--filter", f"echo $$ > group-$S3_KEY; {command}", location, *KEYS[1:5])
    within(SECONDS, lambda: len(groups(seaweedfs_shell.directory)) >= 2)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == -number and b"command" not in stderr
    assert_gone(seaweedfs_shell.directory)


def test_a_closed_pipe_leaves_no_command(location, seaweedfs_shell):
    words = f"--multipart-chunksize 1k {location} k01 k02 k03"
    script = f"s3-get-lines --filter 'echo $$ > group-$S3_KEY; yes' {words} | head -n 2"
    assert seaweedfs_shell.run(script, shell=("bash", "-c")).expect().lines == ["y", "y"]
    assert_gone(seaweedfs_shell.directory)


def test_a_command_that_reads_the_terminal_fails(location, seaweedfs_shell):
    """Otherwise it would wait forever: the terminal belongs to the tool."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(seaweedfs_shell.directory)
        words = [BIN / "s3-get-lines", "--filter", "read answer < /dev/tty; cat", location, "k01"]
        os.execve(words[0], words, seaweedfs_shell.environment)
    said = b""
    try:
        while piece := os.read(terminal, 1000):
            said += piece
    except OSError:
        pass  # its end
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert b"k01: the command was stopped because it read from the terminal" in said, said


def test_an_empty_command_is_64(seaweedfs_shell):
    assert "--filter" in get(seaweedfs_shell, "", "s3://b", "k", status=64).message


def test_an_object_of_unknown_size_goes_through_the_command_while_it_arrives():
    """No length says how large it is, and it is larger than what is held back."""
    piece = b"".join(b"%07d\n" % number for number in range(8192))

    def handle(request):
        yield b'HTTP/1.1 200 OK\r\nx-amz-request-id: r\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\n'
        for _ in range(40):
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    with LyingServer(handle) as server:
        words = [BIN / "s3-get-lines", "--multipart-chunksize", "1M", "--filter", "cat", "s3://bucket", "k"]
        variables = os.environ | server.tool_environment(1)
        got = subprocess.run(words, env=variables, capture_output=True, timeout=SECONDS, check=True)
    assert got.stdout == piece * 40
