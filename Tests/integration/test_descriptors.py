"""Descriptors inherited in any state: non-blocking, sockets, full. The tools wait as with blocking ones."""

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import threading
import time

import pytest
from conftest import BIN, SECONDS, TOOLS

LINES = 120_000  # with keys, more than the largest pipe holds
NOTHING = ["--no-sign-request", "--endpoint", "http://127.0.0.1:9"]
# Each filter with its input lines and the output for a line.
FILTERS = {
    "json-sep": (["json-sep"], lambda n: b'{"n": %d}\n' % n, lambda n: b'{"n":%d}\n' % n),
    "s3-keygen": (["s3-keygen", "some/key/{seq}"], lambda n: b"line %d\n" % n,
                  lambda n: b"some/key/%d\tline %d\n" % (n, n)),
    "s3-put-lines": (
        ["s3-put-lines", "--dry-run", *NOTHING, "s3://b"],
        lambda n: b"some/long/key/of/an/object/%d\tx\n" % n,
        lambda n: b"some/long/key/of/an/object/%d\n" % n,
    ),
}  # fmt: skip


@pytest.fixture(params=FILTERS)
def filtered(request):
    """The command of a filter, an input of many lines, and the expected output."""
    words, line, written = FILTERS[request.param]
    numbers = range(LINES)
    return [BIN / words[0], *words[1:]], b"".join(map(line, numbers)), b"".join(map(written, numbers))


@contextlib.contextmanager
def ends(kind="pipe"):
    """The reading and the writing end of a pipe or socket pair, both non-blocking."""
    if kind == "pipe":
        reader, writer = os.pipe()
    else:
        first, second = socket.socketpair()
        reader, writer = first.detach(), second.detach()
    for end in (reader, writer):
        os.set_blocking(end, False)
    try:
        yield reader, writer
    finally:
        for end in (reader, writer):
            with contextlib.suppress(OSError):
                os.close(end)


def read_slowly(reader):
    """Reads everything, with pauses during which the pipe is full."""
    data, pauses = b"", 0
    while True:
        if pauses < 30:
            time.sleep(0.01)
            pauses += 1
        assert select.select([reader], [], [], SECONDS)[0]
        some = os.read(reader, 50_000)
        if not some:
            return data
        data += some


def without_dry_run(messages):
    """Messages except the one that names the first object of a dry run."""
    lines = messages.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"s3-put-lines: dry run: s3://"))


def fill(writer):
    """Writes until the pipe is full; returns the written bytes."""
    size = 0
    while True:
        try:
            size += os.write(writer, b"." * 4096)
        except BlockingIOError:
            break
    try:
        while True:
            size += os.write(writer, b".")
    except BlockingIOError:
        return b"." * size


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_slow_reader_of_a_nonblocking_output_gets_everything(filtered, kind, plain_shell):
    words, stdin, expected = filtered
    (plain_shell.directory / "in").write_bytes(stdin)
    with ends(kind) as (reader, writer), open(plain_shell.directory / "in", "rb") as file:
        process = subprocess.Popen(words, stdin=file, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert read_slowly(reader) == expected
        messages = process.communicate(timeout=SECONDS)[1]
    assert (without_dry_run(messages), process.returncode) == (b"", 0)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_nonblocking_input_is_waited_for(filtered, kind):
    words, stdin, expected = filtered

    def feed(writer):
        os.set_blocking(writer, True)  # the other end of a pipe or socket pair does not change
        for start in range(0, len(stdin), len(stdin) // 10):
            time.sleep(0.02)
            rest = memoryview(stdin)[start : start + len(stdin) // 10]
            while rest:
                rest = rest[os.write(writer, rest) :]
        os.close(writer)

    with ends(kind) as (reader, writer):
        thread = threading.Thread(target=feed, args=(os.dup(writer),))
        os.close(writer)
        process = subprocess.Popen(words, stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(reader)
        thread.start()
        stdout, stderr = process.communicate(timeout=SECONDS)
        thread.join()
    assert (stdout, without_dry_run(stderr), process.returncode) == (expected, b"", 0)


@pytest.mark.parametrize(
    "words, status",
    [
        (["json-sep", "--skip-invalid"], 1),
        (["s3-keygen", "--reject", "r", "{.a}"], 1),
        (["s3-put-lines", "--dry-run", *NOTHING, "--reject", "r", "s3://b"], 1),
        (["s3-get-lines", *NOTHING, "s3://b"], 65),
        (["json-sep", "--bogus"], 64),
        (["s3-keygen", "{"], 64),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_messages_wait_for_a_nonblocking_standard_error(words, status, plain_shell):
    with ends() as (reader, writer):
        before = fill(writer)
        process = subprocess.Popen(
            [BIN / words[0], *words[1:]], cwd=plain_shell.directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=writer, env=plain_shell.environment,
        )  # fmt: skip
        os.close(writer)
        process.stdin.write(b"\\x\n")
        process.stdin.close()
        time.sleep(0.2)
        assert process.poll() is None, "its message was lost"
        message = read_slowly(reader).removeprefix(before).decode()
        assert process.wait(SECONDS) == status
    assert message.startswith(words[0] + ": ") and message.endswith("\n")


@pytest.mark.parametrize("tool", TOOLS)
def test_help_waits_for_a_nonblocking_output(tool):
    with ends() as (reader, writer):
        before = fill(writer)
        process = subprocess.Popen([BIN / tool, "--help"], stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        text = read_slowly(reader).removeprefix(before)
        assert (process.communicate(timeout=SECONDS)[1], process.returncode) == (b"", 0)
    assert text == subprocess.check_output([BIN / tool, "--help"])


def test_lines_of_objects_wait_for_a_nonblocking_output(bucket, shell):
    data = b"".join(b"line %d\n" % number for number in range(200_000))
    bucket.put("k", data)
    with ends() as (reader, writer):
        words = [BIN / "s3-get-lines", bucket.location, "k"]
        process = subprocess.Popen(words, env=shell.environment, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert read_slowly(reader) == data
        assert (process.communicate(timeout=SECONDS)[1], process.returncode) == (b"", 0)


def test_descriptors_stay_as_they_were(filtered):
    """The tools change neither to non-blocking or blocking, because other processes share the descriptors."""
    words, stdin, _ = filtered
    for blocks in (True, False):
        with ends() as (reader, writer), ends() as (other, stdout):
            for end in (reader, stdout):
                os.set_blocking(end, blocks)
            flags = [fcntl.fcntl(end, fcntl.F_GETFL) for end in (reader, stdout)]
            os.write(writer, stdin[: stdin.index(b"\n") + 1])
            os.close(writer)
            assert subprocess.run(words, stdin=reader, stdout=stdout, timeout=SECONDS).returncode == 0
            assert [fcntl.fcntl(end, fcntl.F_GETFL) for end in (reader, stdout)] == flags


# Outputs that are also inputs

GROWS = [
    "s3-keygen --reject f '{.a}' < f",
    "s3-keygen --reject link '{.a}' < f",
    "s3-keygen '{seq}' < f >> f",
    "s3-keygen '{seq}' < link 1<> f",
    "json-sep --reject f f",
    "json-sep --reject hard f",
    "json-sep f >> f",
    "json-sep other link >> f",
    "json-sep - < hard >> f",
    "json-sep --skip-invalid < f >> link",
    "json-sep --reject f /dev/stdin < f",
    f"s3-put-lines --dry-run {' '.join(NOTHING)} s3://b < f >> f",
    f"s3-put-lines --dry-run {' '.join(NOTHING)} s3://b key < f >> hard",
    f"s3-put-lines --dry-run --quiet {' '.join(NOTHING)} --reject link s3://b < f",
    f"s3-get-lines {' '.join(NOTHING)} s3://b < f >> f",
]


@pytest.fixture
def files(plain_shell):
    """A directory with `f`, two links to it, and another file."""
    directory = plain_shell.directory
    for name in ("f", "other"):
        (directory / name).write_bytes(b'{"a":"b"}\n')
    (directory / "link").symlink_to("f")
    os.link(directory / "f", directory / "hard")
    return plain_shell


@pytest.mark.parametrize("script", GROWS)
def test_output_to_a_file_that_is_an_input_is_64(script, files):
    finished = files.run(f"ulimit -f 1000; {script}").expect(64)
    assert "are the same file" in finished.message
    assert (files.directory / "f").read_bytes() == b'{"a":"b"}\n'


@pytest.mark.parametrize(
    "script",
    [
        "json-sep f >> other",
        "json-sep other --reject f < f",
        "json-sep other < f >> f",
        "json-sep < /dev/null > /dev/null",
        "cat f | json-sep | cat",
        "s3-keygen --reject other '{.a}' < f",
        f"s3-put-lines --dry-run --quiet {' '.join(NOTHING)} s3://b key < f >> f",
    ],
)
def test_other_files_and_non_files_are_not_inputs(script, files):
    files.run(script).expect()


def test_with_key_operands_standard_input_is_not_read(bucket, shell):
    bucket.put("k", b"data\n")
    (shell.directory / "f").write_bytes(b"")
    for words in (f"{bucket.location} k", f"--all {bucket.location}"):
        shell.run(f"s3-get-lines {words} <> f >> f").expect()
    assert (shell.directory / "f").read_bytes() == b"data\ndata\n"


# Existing files


@pytest.mark.parametrize(
    "words, rejected",
    [
        (["json-sep", "--reject", "r"], b"bad\n"),
        (["s3-keygen", "--reject", "r", "{.a}"], b"bad\n"),
        (["s3-put-lines", "--dry-run", *NOTHING, "--reject", "r", "s3://b"], b"bad\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("before", [b"", b"old", b"old\n", b"old\nx", b"\n"])
def test_rejected_records_start_on_a_new_line(words, rejected, before, plain_shell):
    file = plain_shell.directory / "r"
    file.write_bytes(before)
    mended = before if before.endswith(b"\n") or not before else before + b"\n"
    plain_shell.tool(*words, stdin=b"bad\n").expect(1)
    assert file.read_bytes() == mended + rejected
    file.write_bytes(before)
    plain_shell.tool(*words, stdin=b"").expect()
    assert file.read_bytes() == before, "nothing was rejected"


def test_a_rejected_text_after_rs_starts_on_a_new_line(plain_shell):
    (plain_shell.directory / "r").write_bytes(b"old")
    plain_shell.tool("json-sep", "--reject", "r", stdin=b"\x1e[1\n\x1e[2]\n").expect(1)
    assert (plain_shell.directory / "r").read_bytes() == b"old\n\x1e[1\n"


def test_a_full_disk_leaves_complete_rejected_lines(plain_shell):
    bad = b"x" * 999
    (plain_shell.directory / "in").write_bytes((bad + b"\n") * 3000)
    script = "trap '' XFSZ; ulimit -f 1001; s3-keygen --reject r '{.a}' < in"
    plain_shell.run(script, shell=("bash", "-c")).expect(74)
    rejected = (plain_shell.directory / "r").read_bytes()
    assert set(rejected.split(b"\n")) == {bad, b""} and rejected.endswith(b"\n")


@pytest.mark.parametrize("trap", ["", "trap '' XFSZ; "])
@pytest.mark.parametrize(
    "script",
    [
        "json-sep < in > out",
        "json-sep --reject out bad",
        "s3-keygen '{seq}' < in > out",
        "s3-keygen --reject out '{.a.b}' < in > /dev/null",
        f"s3-put-lines --dry-run {' '.join(NOTHING)} s3://b < records > out",
        f"s3-put-lines --dry-run {' '.join(NOTHING)} --reject out s3://b < in",
    ],
)
def test_a_file_size_limit_is_74(script, trap, plain_shell):
    """SIGXFSZ used to end two of the tools without a message."""
    for name, line in (("in", b'{"a":1}'), ("records", b"key%d\tx"), ("bad", b"[}")):
        lines = (line % n if b"%" in line else line for n in range(5000))
        (plain_shell.directory / name).write_bytes(b"\n".join(lines) + b"\n")
    finished = plain_shell.run(f"{trap}ulimit -f 8; {script}", shell=("bash", "-c")).expect(74)
    assert "File too large" in finished.message
    assert (plain_shell.directory / "out").stat().st_size <= 8 << 10


def test_commands_get_the_default_action_for_a_file_size_limit(plain_shell):
    """Signals that the tool itself ignores have their original action in a command."""
    (plain_shell.directory / "config").write_text(
        "[profile p]\ncredential_process = sh -c 'head -c 100000 /dev/zero > big; echo $? > status; echo {}'\n"
    )
    shell = plain_shell.with_environment(AWS_CONFIG_FILE=str(plain_shell.directory / "config"), HOME="/nowhere")
    for trap, status in (("", "153"), ("trap '' XFSZ; ", "1")):
        shell.run(f"{trap}ulimit -f 8; s3-get-lines --profile p s3://b k", shell=("bash", "-c")).expect(77)
        assert (plain_shell.directory / "status").read_text().strip() == status
