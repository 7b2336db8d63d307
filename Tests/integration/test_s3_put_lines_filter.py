"""s3-put-lines --filter: all kinds of commands between records and objects."""

import gzip
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import servers
from conftest import BIN, SECONDS, is_gone, memory, within
from faults import large

MIB = 1 << 20


@pytest.fixture
def location(seaweedfs_bucket):
    return seaweedfs_bucket.location


def put(shell, command, *arguments, stdin=b"", status=0):
    return shell.tool("s3-put-lines", "--filter", command, *arguments, stdin=stdin).expect(status)


def records(count, lines=3):
    return b"".join(b"k%02d\tline %d\n" % (key, line) for key in range(count) for line in range(lines))


def test_objects_are_the_output_of_the_command(seaweedfs_bucket, seaweedfs_shell, location):
    got = put(seaweedfs_shell, "sed 's/^/> /'", "--long", location, stdin=records(20))
    fields = [line.split("\t") for line in got.lines]
    assert [(key, size, lines) for key, _, size, lines in fields] == [(f"k{n:02}", "27", "3") for n in range(20)]
    assert seaweedfs_bucket.get("k07") == b"> line 0\n> line 1\n> line 2\n"


@pytest.mark.parametrize("options", [["--each"], ["--max-open", "7"], ["--max-open", "1000", "--memory", "20M"]])
def test_grouping_options_work_with_a_filter(seaweedfs_bucket, seaweedfs_shell, location, options):
    if "--each" in options:
        data = b"".join(b"k%02d\tline\n" % n for n in range(30))
    else:
        data = b"".join(b"k%02d\tline\n" % (n % 7) for n in range(210))
    got = put(seaweedfs_shell, "wc -l", *options, location, stdin=data)
    assert sorted(got.lines) == sorted({line.split(b"\t")[0].decode() for line in data.splitlines()})
    expected = b"1\n" if "--each" in options else b"30\n"
    assert {seaweedfs_bucket.get(key) for key in seaweedfs_bucket.keys()} == {expected}


def test_one_stream_may_have_any_size(seaweedfs_bucket, seaweedfs_shell, location):
    """In parts, while input arrives; the output may be larger than the input."""
    data = large(12 * MIB, seed=1)
    put(seaweedfs_shell, "gzip -1", "--memory", "32M", location, "one", stdin=data)
    assert gzip.decompress(seaweedfs_bucket.get("one")) == data
    put(seaweedfs_shell, "cat; head -c 20000000 /dev/zero", "--memory", "20M", location, "two", stdin=data)
    assert seaweedfs_bucket.get("two") == data + bytes(20_000_000)


def test_large_objects_open_at_once_do_not_block(seaweedfs_bucket, seaweedfs_shell, location):
    """There are more of them than processors: none may wait for another to end."""
    data = b"".join(b"k%d\t%s\n" % (n % 9, b"x" * 1000) for n in range(54_000))
    got = put(seaweedfs_shell, "cat", "--max-open", "9", "--memory", "100M", location, stdin=data)
    assert sorted(got.lines) == [f"k{n}" for n in range(9)]
    assert {len(seaweedfs_bucket.get(f"k{n}")) for n in range(9)} == {6000 * 1001}


def test_an_empty_output_is_an_empty_object(seaweedfs_bucket, seaweedfs_shell, location):
    assert put(seaweedfs_shell, "true", "--long", location, stdin=b"a\tx\n").lines[0].split("\t")[2:] == ["0", "1"]
    assert seaweedfs_bucket.get("a") == b""
    put(seaweedfs_shell, "cat; printf end", location, "b", stdin=b"")
    assert seaweedfs_bucket.get("b") == b"end"


def test_a_command_that_ends_early_succeeds(seaweedfs_bucket, seaweedfs_shell, location):
    put(seaweedfs_shell, "head -n 1", location, "one", stdin=b"line\n" * MIB)
    assert seaweedfs_bucket.get("one") == b"line\n"


def test_several_run_at_once(seaweedfs_shell, location):
    put(seaweedfs_shell, "echo 1 >> log; sleep 0.1; echo -1 >> log", location, stdin=records(20))
    running = most = 0
    for line in (seaweedfs_shell.directory / "log").read_text().split():
        running += int(line)
        most = max(most, running)
    assert 2 <= most <= os.cpu_count() + 1 and running == 0


FAILURES = [
    ("exit 3", "the command ended with status 3"),
    ("exit 1", "the command ended with status 1"),
    ("cat; kill -9 $$", "the command was ended by signal 9"),
    ("no-such-command", "the command was not found"),
]


@pytest.mark.parametrize("command, reason", FAILURES)
def test_a_command_that_fails_ends_the_run(seaweedfs_bucket, seaweedfs_shell, location, command, reason):
    script = f"case $S3_KEY in k01) {command};; *) cat;; esac"
    got = put(seaweedfs_shell, script, location, stdin=records(3), status=1)
    assert re.search(rf"^s3-put-lines: k01: 3 lines from line 4: {reason}", got.message, re.MULTILINE)
    assert "k01" not in seaweedfs_bucket.keys() and "k01" not in got.lines and "k00" in got.lines


@pytest.mark.parametrize("command, reason", FAILURES)
def test_records_of_a_failed_command_can_be_rejected(seaweedfs_bucket, seaweedfs_shell, location, command, reason):
    """Unchanged, not as the command's output; and they can be put again."""
    script = f"case $S3_KEY in k01|k04) {command};; *) gzip;; esac"
    got = put(seaweedfs_shell, script, "--reject", "rejected", location, stdin=records(6), status=1)
    assert got.lines == ["k00", "k02", "k03", "k05"] and got.message.count(reason) == 2
    rejected = (seaweedfs_shell.directory / "rejected").read_bytes()
    assert rejected == b"".join(line for line in records(6).splitlines(True) if line[:3] in (b"k01", b"k04"))
    assert put(seaweedfs_shell, "cat", location, stdin=rejected).lines == ["k01", "k04"]


def test_large_objects_are_rejected_unchanged(seaweedfs_bucket, seaweedfs_shell, location):
    """Including bytes in parts that are being sent; the uploads are aborted."""
    data = b"".join(b"big\t%06d %s\n" % (n, b"x" * 1000) for n in range(20_000)) + b"small\tx\n"
    script = "case $S3_KEY in big) cat; exit 9;; *) cat;; esac"
    got = put(seaweedfs_shell, script, "--reject", "rejected", "--memory", "24M", location, stdin=data, status=1)
    assert got.lines == ["small"] and "big: 20000 lines from line 1: the command ended with status 9" in got.message
    assert (seaweedfs_shell.directory / "rejected").read_bytes() == data[: -len(b"small\tx\n")]
    assert seaweedfs_bucket.open_uploads() == []


def test_records_after_a_failure_are_rejected_too(seaweedfs_bucket, seaweedfs_shell, location):
    data = b"".join(b"big\t%06d %s\n" % (n, b"x" * 1000) for n in range(9000)) + b"small\tx\n"
    put(seaweedfs_shell, "[ $S3_KEY = small ]", "--reject", "rejected", location, stdin=data, status=1)
    assert (seaweedfs_shell.directory / "rejected").read_bytes() == data[: -len(b"small\tx\n")]
    assert seaweedfs_bucket.keys() == ["small"]


def test_messages_of_a_command_are_reported_with_the_key(seaweedfs_shell, location):
    got = put(seaweedfs_shell, "cat; echo $S3_BUCKET $S3_KEY >&2", location + "/p/", stdin=b"a\tx\nb\tx\n")
    assert sorted(got.message.splitlines()) == [f"s3-put-lines: {key}: {location[5:]} p/{key}" for key in "ab"]


def test_a_dry_run_names_the_objects_to_store(seaweedfs_bucket, seaweedfs_shell, location):
    got = put(seaweedfs_shell, "head -c 2", "--dry-run", "--long", location, stdin=records(2))
    assert got.lines == ["k00\t-\t2\t3", "k01\t-\t2\t3"] and seaweedfs_bucket.keys() == []


@pytest.mark.parametrize("options", [["--gzip"], ["--zstd"], ["--gzip-level", "1"], ["--zstd-level", "1"]])
def test_a_filter_with_compression_is_64(seaweedfs_shell, options):
    assert "--filter" in put(seaweedfs_shell, "cat", *options, "s3://b", status=64).message
    assert "--filter" in put(seaweedfs_shell, "", "s3://b", status=64).message


def test_memory_is_bounded_for_any_output(seaweedfs_shell, location):
    """Many objects whose commands write much, and a slower service."""
    process = subprocess.Popen(
        [BIN / "s3-put-lines", "--memory", "20M", "--filter", "cat; head -c 30000000 /dev/zero", location],
        env=seaweedfs_shell.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        preexec_fn=servers.die_with_parent,
    )  # fmt: skip
    process.stdin.write(records(6))
    process.stdin.close()
    most = 0
    while process.poll() is None:
        most = max(most, memory(process))
        time.sleep(0.01)
    assert process.returncode == 0 and len(process.stdout.read().splitlines()) == 6
    assert most < 80 * MIB, most


def test_the_input_of_a_waiting_command_is_bounded(plain_shell):
    """The commands of other open objects run; the memory limit starts this one, too."""
    others = [b"%d" % number for number in range(os.cpu_count() + 1)]
    words = ["--dry-run", "--memory", "20M", "--max-open", "1000", "--filter", "wc -c", "s3://b"]
    process = subprocess.Popen(
        [BIN / "s3-put-lines", *words],
        env=plain_shell.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        preexec_fn=servers.die_with_parent,
    )  # fmt: skip
    for key in others:
        process.stdin.write(key + b"\t" + b"x" * 300_000 + b"\n")
    process.stdin.write(b"last\t")
    for _ in range(200):
        process.stdin.write(b"x" * MIB)
    assert memory(process) < 80 * MIB
    process.stdin.write(b"\n")
    assert process.communicate(timeout=SECONDS)[0].split() == [*others, b"last"] and process.returncode == 0


def test_objects_whose_commands_cannot_start_free_their_memory(plain_shell):
    """A key with NUL cannot be in the environment of a command."""
    failing = b"".join(b"k%d\x00\tx\n" % number for number in range(30_000))
    words = ["--dry-run", "--memory", "20M", "--max-open", "2", "--reject", "r"]
    put(plain_shell, "cat", *words, "s3://b", stdin=failing + b"a\t1\nb\t1\na\t2\n", status=1)
    assert (Path(plain_shell.directory) / "r").read_bytes() == failing


def test_a_signal_ends_commands_that_block_the_input(plain_shell):
    """Each line is an object, and as many objects wait as may."""
    records = b"".join(b"k%d\tx\n" % number for number in range(1000))
    process = subprocess.Popen(
        [BIN / "s3-put-lines", "--dry-run", "--each", "--filter", "touch started; sleep 1000", "s3://b"],
        env=plain_shell.environment, cwd=plain_shell.directory, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=servers.die_with_parent,
    )  # fmt: skip
    process.stdin.write(records)
    process.stdin.flush()
    within(SECONDS, (Path(plain_shell.directory) / "started").exists)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGTERM
    assert b"k0: 1 line from line 1: the command did not end" in stderr and b"reading stopped after line" in stderr


@pytest.mark.parametrize("key, signals", [(["one"], 1), ([], 2), ([], 1)], ids=["key", "twice", "once"])
def test_a_signal_leaves_no_command(seaweedfs_bucket, seaweedfs_shell, location, key, signals):
    """With KEY the object is abandoned. Records are finished, and their commands get time for that, unless a second
    signal arrives; it ends the commands with the tool, since they are in other process groups than the terminal's."""
    command = "echo $$ > group-$S3_KEY; sleep 1000 | sleep 1000"
    process = subprocess.Popen(
        [BIN / "s3-put-lines", "--filter", command, location, *key], env=seaweedfs_shell.environment,
        cwd=seaweedfs_shell.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=servers.die_with_parent,
    )  # fmt: skip
    process.stdin.write(b"a\tx\nb\tx\n" + b"b\txxxxxxxxxxxxxxxx\n" * 100_000)
    process.stdin.flush()
    files = Path(seaweedfs_shell.directory)

    def groups():
        return [int(text) for file in files.glob("group-*") if (text := file.read_text())]

    within(SECONDS, groups)
    found = groups()
    process.send_signal(signal.SIGTERM)
    if signals == 2:
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGTERM and seaweedfs_bucket.keys() == []
    assert (b"a: 1 line from line 1: the command did not end" in stderr) == (not key and signals == 1)
    within(SECONDS, lambda: all(map(is_gone, found)))
