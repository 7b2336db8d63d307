"""Behavior common to all tools: help, statuses, flushing, SIGPIPE, full disks, signals."""

import fcntl
import os
import select
import signal
import subprocess
import time

import pytest
from conftest import BIN, TOOLS

FILTERS = {
    "json-sep": (["json-sep"], b'{"a": 1}\n', b'{"a":1}\n'),
    "s3-keygen": (["s3-keygen", "k{seq}"], b"line\n", b"k0\tline\n"),
}
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU]


@pytest.fixture(params=FILTERS)
def running(request, plain_shell):
    """A filter that has received one line and whose stdin is open, with the expected output."""
    words, line, expected = FILTERS[request.param]
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]],
        env=plain_shell.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    process.stdin.write(line)
    yield process, expected
    process.kill()
    process.communicate()


def read_some(process):
    assert select.select([process.stdout], [], [], 30)[0], "nothing was written while the input paused"
    return process.stdout.read(65536)


@pytest.mark.parametrize("tool", TOOLS)
def test_help_and_version_are_data(tool, plain_shell):
    for option in ("--help", "--version"):
        finished = plain_shell.tool(tool, option).expect()
        assert finished.stdout and not finished.stderr
        plain_shell.run(f"{tool} {option} > /dev/full").expect(74)


@pytest.mark.parametrize("tool", TOOLS)
def test_unknown_option_is_64_and_named(tool, plain_shell):
    finished = plain_shell.tool(tool, "--no-such-option", "s3://bucket").expect(64)
    assert finished.message.startswith(f"{tool}: ")
    assert "--no-such-option" in finished.message.splitlines()[0]
    assert finished.stdout == b""


@pytest.mark.parametrize("tool", TOOLS)
def test_an_argument_that_is_not_utf8_is_65(tool, plain_shell):
    # It used to be replaced by another argument, with U+FFFD in it.
    finished = plain_shell.run(f"{tool} --verbose $(printf 'a\\377b')").expect(65)
    assert finished.message.strip() == f"{tool}: argument 2 is not UTF-8"


def test_output_is_flushed_when_the_input_pauses(running):
    process, expected = running
    assert read_some(process) == expected


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_it_by_that_signal(running, number):
    process, expected = running
    assert read_some(process) == expected
    process.send_signal(number)
    assert process.wait(30) == -number
    assert process.stdout.read() == b""


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("name", FILTERS)
def test_a_signal_that_is_ignored_stays_so(name, number):
    words, line, expected = FILTERS[name]
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )  # fmt: skip
    process.stdin.write(line)
    assert read_some(process) == expected
    process.send_signal(number)
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("name", FILTERS)
def test_a_signal_is_not_lost_while_the_output_waits_for_its_reader(name, number, plain_shell):
    words, line, expected = FILTERS[name]
    reader, writer = os.pipe()
    fcntl.fcntl(writer, 1031, 1 << 20)  # F_SETPIPE_SZ: the pipe is as large as the tools make it, and full
    os.write(writer, b"." * (1 << 20))
    process = subprocess.Popen([BIN / words[0], *words[1:]], stdin=subprocess.PIPE, stdout=writer)
    os.close(writer)
    process.stdin.write(line)
    process.stdin.close()
    time.sleep(0.2)
    process.send_signal(number)
    time.sleep(0.1)
    assert process.poll() is None
    with open(reader, "rb") as pipe:
        assert pipe.read().lstrip(b".") == expected
    assert process.wait(30) == -number


@pytest.mark.parametrize("name", FILTERS)
def test_a_closed_pipe_is_sigpipe(name, plain_shell):
    words, line, expected = FILTERS[name]
    words = " ".join(f"'{word}'" for word in words)
    script = f"yes '{line.decode().strip()}' | {words} | head -n 1; echo ${{PIPESTATUS[1]}}"
    finished = plain_shell.run(script, shell=("bash", "-c"))
    assert finished.stdout == expected + b"141\n"
    assert finished.stderr == b""


@pytest.mark.parametrize("name", FILTERS)
def test_with_sigpipe_ignored_a_broken_pipe_is_74(name, plain_shell):
    words, line, expected = FILTERS[name]
    words = " ".join(f"'{word}'" for word in words)
    script = f"trap '' PIPE; yes '{line.decode().strip()}' 2> /dev/null | {words} | head -n 1; echo ${{PIPESTATUS[1]}}"
    finished = plain_shell.run(script, shell=("bash", "-c"))
    assert finished.stdout == expected + b"74\n"
    assert finished.message == f"{name}: standard output: Broken pipe\n"


@pytest.mark.parametrize("name", FILTERS)
def test_a_full_disk_is_74(name, plain_shell):
    words, line, _ = FILTERS[name]
    words = " ".join(f"'{word}'" for word in words)
    finished = plain_shell.run(f"{words} > /dev/full", stdin=line).expect(74)
    assert finished.message == f"{name}: standard output: No space left on device\n"


@pytest.mark.parametrize("name", FILTERS)
def test_input_that_cannot_be_read_is_74(name, plain_shell):
    words = " ".join(f"'{word}'" for word in FILTERS[name][0])
    finished = plain_shell.run(f"{words} < .").expect(74)
    assert finished.message.startswith(f"{name}: ")


@pytest.mark.parametrize("name", FILTERS)
def test_a_missing_last_newline_still_ends_a_line(name, plain_shell):
    words, line, expected = FILTERS[name]
    assert plain_shell.tool(*words, stdin=line.rstrip(b"\n")).expect().stdout == expected


@pytest.mark.parametrize("name", FILTERS)
def test_no_input_is_no_output(name, plain_shell):
    finished = plain_shell.tool(*FILTERS[name][0]).expect()
    assert (finished.stdout, finished.stderr) == (b"", b"")


def test_get_and_put_report_a_full_disk(seaweedfs_bucket, seaweedfs_shell):
    bucket, shell = seaweedfs_bucket, seaweedfs_shell
    bucket.put("key", b"data\n")
    shell.run(f"s3-get-lines {bucket.location} key > /dev/full").expect(74)
    shell.run(f"printf 'other\\tdata\\n' | s3-put-lines {bucket.location} > /dev/full").expect(74)


def test_get_ends_by_sigpipe(seaweedfs_bucket, seaweedfs_shell):
    bucket, shell = seaweedfs_bucket, seaweedfs_shell
    # More than the largest pipe holds, so that data is left to be written when the reader closes the pipe.
    bucket.put("key", b"data\n" * 1_000_000)
    script = f"s3-get-lines {bucket.location} key | head -n 1; echo ${{PIPESTATUS[0]}}"
    finished = shell.run(script, shell=("bash", "-c"))
    assert finished.stdout == b"data\n141\n"


@pytest.mark.parametrize(
    "words, message",
    [
        (["s3-put-lines", "--memory", "5X"], "--memory: '5X' is not a number of bytes: 8388608, 8M, 1.5G"),
        (["s3-put-lines", "--memory", "1.5"], "--memory: '1.5' is not a number of bytes"),
        (["s3-get-lines", "--memory", "-1M"], "--memory: '-1M' is not a number of bytes"),
        (["s3-get-lines", "--memory", ""], "--memory: '' is not a number of bytes"),
        (["s3-get-lines", "--memory", "99999999T"], "--memory: '99999999T' is not a number of bytes"),
        (["s3-keygen", "--roll-after", "1m30"], "--roll-after: '1m30' is not a length of time: 500ms, 30s, 1m30s"),
        (["s3-keygen", "--roll-after", "30s1m"], "--roll-after: '30s1m' is not a length of time"),
        (["s3-keygen", "--roll-after", "1 m"], "--roll-after: '1 m' is not a length of time"),
        (["s3-keygen", "--roll-after", "it's"], "--roll-after: 'it's' is not a length of time"),
        (["s3-keygen", "--roll-lines", "1.5"], "--roll-lines: '1.5': expected a whole number of at least 1"),
        (["s3-keygen", "--max-open", "x"], "--max-open: 'x': expected a whole number of at least 1"),
        (["s3-keygen", "--first-line", "0"], "--first-line: '0': expected a whole number from 1 to 9223372036854775807"),
        (["json-sep", "--max-depth", "x"], "--max-depth: 'x': expected a whole number of at least 0"),
        (["json-sep", "--max-depth", "-1"], "--max-depth: '-1': expected a whole number of at least 0"),
        (["s3-put-lines", "--max-open", "x"], "--max-open: 'x': expected a whole number from 1 to 1000000"),
        (["s3-put-lines", "--gzip-level", "x"], "--gzip-level: 'x': expected a whole number from 1 to 9"),
        (["s3-put-lines", "--zstd-level", "20"], "--zstd-level: '20': expected a whole number from 1 to 19"),
        (["s3-list-keys", "--max-connections", ""], "--max-connections: '': expected a whole number from 1 to 4096"),
        (["s3-list-keys", "--max-attempts", "0"], "--max-attempts: '0': expected a whole number of at least 1"),
        (["s3-put-lines", "--filter", ""], "--filter: '': expected a command for sh -c"),
        (["s3-get-lines", "--filter", ""], "--filter: '': expected a command for sh -c"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_invalid_value_is_64_and_the_message_says_what_is_valid(words, message, plain_shell):
    finished = plain_shell.tool(*words, "s3://b").expect(64)
    assert finished.message.startswith(f"{words[0]}: {message}")


@pytest.mark.parametrize("size", ["1.5M", "1536K", "1.5MiB", "1572864", "1.5mb"])
def test_sizes_have_fractions(size, plain_shell):
    for length, status in ((1572864, 0), (1572865, 65)):
        plain_shell.tool("json-sep", "--max-value", size, stdin=b'"' + b"x" * (length - 2) + b'"').expect(status)


@pytest.mark.parametrize("time", ["1m30s", "1.5m", "90", "90s", "1m29s1000ms", "0h1m30s"])
def test_times_may_have_several_units(time, plain_shell):
    plain_shell.tool("s3-keygen", "--roll-after", time, "{seq}", stdin=b"x\n").expect()


def test_short_options_are_those_of_other_tools(plain_shell):
    words = ["--no-sign-request", "--endpoint", "http://127.0.0.1:9", "s3://b"]
    assert plain_shell.tool("s3-put-lines", "-n", *words, stdin=b"k\tx\n").expect().stdout == b"k\n"
    finished = plain_shell.tool("s3-put-lines", "-nqv", *words, stdin=b"k\tx\n").expect()
    assert finished.stdout == b"" and "1 object" in finished.message


# A filter that continues after malformed input, such input, a good line, and the message that gives the rest's number.
FAULTS = {
    "json-sep": (["json-sep", "--skip-invalid"], b"[}\n", b"[1]\n", "15 more invalid values were skipped"),
    "s3-keygen": (["s3-keygen", "--reject", "rejects", "{.a}"], b"x\n", b'{"a":1}\n', "15 more lines got no key"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_many_faults_are_counted_also_if_a_signal_ends_the_run(name, plain_shell):
    words, bad, good, message = FAULTS[name]
    process = plain_shell.start(*words, bufsize=0)
    process.stdin.write(bad * 25 + good)
    assert read_some(process)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    lines = stderr.decode().splitlines()
    assert len(lines) == 11 and lines[-1] == f"{name}: {message}"


@pytest.mark.parametrize("name", FAULTS)
def test_many_faults_are_counted_also_if_the_disk_is_full(name, plain_shell):
    words, bad, good, message = FAULTS[name]
    script = " ".join(f"'{word}'" for word in words) + " > /dev/full"
    lines = plain_shell.run(script, stdin=bad * 25 + good).expect(74).message.splitlines()
    assert lines[-2:] == [f"{name}: {message}", f"{name}: standard output: No space left on device"]
