"""json-sep as a program: options, statuses, messages, files, flushing, signals, closed pipes and full disks."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import BIN, SECONDS, memory, until_idle, within

JSON_SEP = BIN / "json-sep"


def json_sep(*arguments, stdin=b"", **options):
    """Runs it to the end."""
    return subprocess.run(
        [JSON_SEP, *arguments], input=stdin, capture_output=True, timeout=SECONDS, **options
    )


def messages(finished):
    return finished.stderr.decode().splitlines()


@pytest.fixture
def running():
    """Starts it with pipes for its standard descriptors; kills it at the end of the test."""
    started = []

    def start(*arguments, **options):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        started.append(subprocess.Popen([JSON_SEP, *arguments], bufsize=0, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def read_some(process):
    assert select.select([process.stdout], [], [], SECONDS)[0], "nothing was written while the input paused"
    return process.stdout.read(65536)


# Input and output


def test_files_follow_each_other_and_dash_is_stdin(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf1")
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf2")
    finished = json_sep("a", "-", "b", stdin=b"[ ]", cwd=tmp_path)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"1\n[]\n2\n", b"")


def test_a_value_does_not_continue_in_the_next_file(tmp_path):
    (tmp_path / "a").write_bytes(b"{}\n[1,")
    (tmp_path / "b").write_bytes(b"2]")
    finished = json_sep("a", "b", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (65, b"{}\n")
    assert messages(finished) == [
        "json-sep: a:2:4 (byte 6, value 2): expected a value, found the end of the input near '[1,'"
    ]


@pytest.mark.parametrize("size", [1, 100_000, 3_000_000])
def test_values_of_any_size_pass(size):
    value = {"a": "x" * size, "b": list(range(size // 100))}
    compact = json.dumps(value, separators=(",", ":")).encode()
    for text in (compact, json.dumps(value, indent=1).encode()):
        finished = json_sep(stdin=b"0\n" + text + b"\n" + text)
        assert finished.returncode == 0
        assert finished.stdout == b"0\n" + compact + b"\n" + compact + b"\n"


def test_a_large_array_is_unwrapped_in_constant_memory(running, tmp_path):
    value = {"id": 1, "text": "x" * 200}
    element = json.dumps(value, indent=2).encode()
    compact = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    with open(tmp_path / "array", "wb") as file:
        file.write(b"[")
        for _ in range(400):
            file.write(b",".join([element] * 500) + b",")
        file.write(element + b"]")
    with open(tmp_path / "out", "wb") as out:
        process = running("--unwrap", tmp_path / "array", "-", stdout=out)
        # After the file it waits for standard input.
        within(SECONDS, lambda: os.stat(tmp_path / "out").st_size == len(compact) * (400 * 500 + 1))
        peak = memory(process)
        process.stdin.close()
        assert process.wait(SECONDS) == 0
    assert peak < 12_000 << 10
    with open(tmp_path / "out", "rb") as out:
        assert sum(1 for _ in out) == 400 * 500 + 1


LOG = b"""starting up: {"not": "alone"}
{"level": "info", "n": [1, 2]}
[2026-05-01] something in brackets
{"level":"warn"}
{"cut":
 "off"}

  3
"""


def test_lines_extract_the_json_of_a_log(tmp_path):
    finished = json_sep("--lines", "--reject", "rest", stdin=LOG, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (1, b'{"level":"info","n":[1,2]}\n{"level":"warn"}\n3\n')
    assert (tmp_path / "rest").read_bytes() == b"".join(LOG.splitlines(keepends=True)[n] for n in (0, 2, 4, 5))
    assert json_sep("--lines", stdin=LOG).returncode == 65


@pytest.mark.parametrize("text", [b'{"a":1}\n', b"[ 1 ]\n", b"1\n", b"\n"])
def test_a_line_before_a_pause_is_written_at_once(running, text):
    process = running("--lines")
    for _ in range(3):
        process.stdin.write(text + b"2\n")
        expected = text.replace(b" ", b"").lstrip(b"\n") + b"2\n"
        assert read_some(process) == expected


def test_a_long_line_is_bounded_by_the_value_limit(running):
    process = running("--lines", "--skip-invalid", "--max-value", "1M")
    for _ in range(60):
        process.stdin.write(b"[" + b" " * 1_000_000)
    assert memory(process) < 60_000 << 10
    process.stdin.write(b"\n[1]\n")
    process.stdin.close()
    assert process.stdout.read() == b"[1]\n"
    assert process.wait(SECONDS) == 1
    assert b"--max-value" in process.stderr.read()


def test_seq_writes_rs_and_until_ends_the_output():
    finished = json_sep("--seq", "--until", '{"a": [ 1 ]}', stdin=b'1{"a":[1,2]}{ "a" : [1] }broken')
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b'\x1e1\n\x1e{"a":[1,2]}\n', b"")
    again = json_sep(stdin=finished.stdout)
    assert again.stdout == b'1\n{"a":[1,2]}\n'


def test_until_accepts_any_next_word():
    assert json_sep("--until", "-1", stdin=b"1 -1 2").stdout == b"1\n"


def test_until_ends_while_the_input_stays_open(running):
    process = running("--until", '"exit"')
    process.stdin.write(b'{"a":1}\n"exit"')
    assert process.wait(SECONDS) == 0
    assert process.stdout.read() == b'{"a":1}\n'


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--until", "{"],
        ["--until", "1 2"],
        ["--until", ""],
        ["--unwrap-path", "Records"],
        ["--unwrap-path", ".a["],
        ["--unwrap", "--unwrap-path", ".a"],
        ["--unwrap", "--skip-invalid"],
        ["--unwrap", "--lines"],
        ["--lines", "--unwrap-path", ".a"],
        ["--unwrap-path", ".a", "--reject", "r"],
        ["--max-value", "0"],
        ["--max-value", "many"],
        ["--max-depth", "-1"],
        ["--reject", ""],
    ],
)
def test_impossible_options_are_64(arguments, tmp_path):
    finished = json_sep(*arguments, stdin=b"1", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (64, b"")
    assert messages(finished)[0].startswith("json-sep: ")
    assert not list(tmp_path.iterdir())


# Invalid input


def test_values_before_an_invalid_one_are_written():
    finished = json_sep(stdin=b'{"a": 1}\n[1,2]\n{"b":\x1b}\n[3]\n')
    assert (finished.returncode, finished.stdout) == (65, b'{"a":1}\n[1,2]\n')
    assert messages(finished) == [
        "json-sep: -:3:6 (byte 20, value 3): expected a value, found '\\x1B' near '{\"b\":\\x1B'"
    ]


def test_a_top_level_comma_names_unwrap():
    finished = json_sep(stdin=b"1,2")
    assert (finished.returncode, finished.stdout) == (65, b"1\n")
    assert "--unwrap" in messages(finished)[0]


def test_a_truncated_array_names_where_it_opened():
    finished = json_sep("--unwrap", stdin=b'\n [1,{"a":2},[')
    assert (finished.returncode, finished.stdout) == (65, b'1\n{"a":2}\n')
    assert messages(finished)[0].endswith("; the array opened at 2:2 (byte 2)")


def test_reject_appends_skipped_bytes(tmp_path):
    (tmp_path / "bad").write_bytes(b"before\n")
    finished = json_sep("--reject", "bad", stdin=b'[1]\n{"a":\n[2]\n]\n[3]', cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (1, b"[1]\n[2]\n[3]\n")
    assert (tmp_path / "bad").read_bytes() == b'before\n{"a":\n]\n'
    assert len(messages(finished)) == 2


def test_rejected_texts_stay_separate(tmp_path):
    # One without a newline at its end, one after RS, one in the next file.
    (tmp_path / "a").write_bytes(b'[1]\n{"a":\x1e{"b":2}\n\x1e{"c":\x1e[3]\nx')
    (tmp_path / "b").write_bytes(b"y")
    finished = json_sep("--reject", "bad", "a", "b", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (1, b'[1]\n{"b":2}\n[3]\n')
    assert (tmp_path / "bad").read_bytes() == b'{"a":\x1e{"c":\nx\ny\n'


def test_many_lines_that_start_a_failed_value_cost_one_scan():
    # Each used to be scanned to the end, which took minutes.
    finished = json_sep("--skip-invalid", stdin=b"[\n" * 1000 + b"1,\n" * 1_000_000)
    assert (finished.returncode, finished.stdout) == (1, b"")
    assert messages(finished)[-1] == "json-sep: 990 more invalid values were skipped"


def test_an_excerpt_distinguishes_a_backslash_from_an_escape():
    assert messages(json_sep(stdin=b'["\\n" x'))[0].endswith(r"""near '["\\n" x'""")
    assert messages(json_sep(stdin=b"[\nx"))[0].endswith(r"near '[\nx'")


def test_until_may_be_deep_and_is_cut_in_messages():
    deep = "[" * 2000 + "]" * 2000
    finished = json_sep("--until", deep, "--max-depth", "3000", stdin=f"1 {deep} 2".encode())
    assert (finished.returncode, finished.stdout) == (0, b"1\n")
    message = messages(json_sep("--until", "[" * 2000))[0]
    assert message == f"json-sep: --until: '{'[' * 40}...': expected one JSON value"


def test_a_name_after_an_unwrapped_array_uses_no_memory(running):
    process = running("--unwrap-path", ".a", "--max-value", "1M")
    process.stdin.write(b'{"a":[1],"')
    assert read_some(process) == b"1\n"
    for _ in range(60):
        process.stdin.write(b"x" * 1_000_000)
    assert memory(process) < 60_000 << 10
    process.stdin.write(b'":1}')
    process.stdin.close()
    assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    "stdin, skipped",
    [
        (b"[1]\n[x\n[2]\n", ["3 bytes, 1 line"]),
        (b'{\n "a": x,\n "b": 1\n}\n{}\n', ["21 bytes, 4 lines"]),
        (b"{} ] 1\n[2]\n[3", ["4 bytes, 1 line", "2 bytes, 1 line"]),
        (b'\x1e{"a":\x1e{"b":2}\nx', ["5 bytes, 1 line", "1 byte, 1 line"]),
        (b"[" + b"1,\n" * 100_000 + b"x\n", ["300003 bytes, 100001 lines"]),
    ],
)
def test_messages_say_how_much_was_skipped(stdin, skipped):
    finished = json_sep("--skip-invalid", stdin=stdin)
    # The message says "so far" if the tool has read everything before the end of the input.
    said = [message.rpartition("; skipped ")[2].removesuffix(" so far") for message in messages(finished)]
    assert said == skipped


def test_skipped_bytes_are_reported_when_the_input_pauses(running):
    process = running("--skip-invalid")
    process.stdin.write(b"[}\n")
    assert process.stderr.readline().endswith(b"; skipped 3 bytes, 1 line so far\n")
    process.stdin.write(b"more\n[1]\n")
    assert read_some(process) == b"[1]\n"
    process.stdin.close()
    assert (process.wait(SECONDS), process.stderr.read()) == (1, b"")


@pytest.mark.parametrize("command", ["gzip -c", "bzip2 -c", "xz -c", "zstd -c", "iconv -f UTF-8 -t UTF-16",
                                     "iconv -f UTF-8 -t UTF-16BE", "iconv -f UTF-8 -t UTF-32LE"])  # fmt: skip
def test_an_encoded_input_is_named_and_the_advice_works(command, tmp_path):
    tool = command.split()[0]
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    text = b'{"a":"b"}\n' * 50
    encoded = subprocess.run(command.split(), input=text, stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "FILE").write_bytes(encoded)
    finished = json_sep("FILE", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (65, b"")
    advice = messages(finished)[0].partition(" first: ")[2]
    shell = ["bash", "-c", advice.replace("json-sep", str(JSON_SEP))]
    assert subprocess.run(shell, cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout == text


def test_ten_messages_and_a_count():
    finished = json_sep("--skip-invalid", stdin=b"[}\n[1]\n" * 25)
    assert (finished.returncode, finished.stdout) == (1, b"[1]\n" * 25)
    assert len(messages(finished)) == 11
    assert messages(finished)[10] == "json-sep: 15 more invalid values were skipped"


def test_nesting_needs_no_stack():
    deep = b"[" * 2_000_000 + b"]" * 2_000_000
    finished = json_sep("--max-depth", "2000000", stdin=deep)
    assert (finished.returncode, finished.stdout) == (0, deep + b"\n")
    assert json_sep(stdin=deep).returncode == 65


def test_max_value_bounds_a_value_and_not_the_stream():
    assert json_sep("--max-value", "1K", stdin=b"[1,2,3]\n" * 10_000).returncode == 0
    finished = json_sep("--max-value", "1K", stdin=b"[1]" + b"[" + b" " * 2000 + b"]")
    assert (finished.returncode, finished.stdout) == (65, b"[1]\n")
    assert "--max-value" in messages(finished)[0]


# The system


def test_a_missing_file_is_66(tmp_path):
    (tmp_path / "there").write_bytes(b"1")
    finished = json_sep("there", "missing", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (66, b"1\n")
    assert messages(finished) == ["json-sep: missing: No such file or directory"]


@pytest.mark.parametrize(
    "operands, stdout, status, names",
    [
        (["missing", "a", "b"], b"1\n2\n", 66, ["missing"]),
        (["a", "missing", "b"], b"1\n2\n", 66, ["missing"]),
        (["a", "directory", "b"], b"1\n2\n", 74, ["directory"]),
        (["a/b", "directory", "missing", "b"], b"2\n", 74, ["a/b", "directory", "missing"]),
        (["missing", "directory", "-"], b"3\n", 66, ["missing", "directory"]),
        (["missing", "broken", "a"], b"", 65, ["missing", "broken:1:2 (byte 1, value 1)"]),
    ],
)
def test_a_file_that_cannot_be_read_does_not_stop_the_others(operands, stdout, status, names, tmp_path):
    for name, text in (("a", b"1"), ("b", b"2"), ("broken", b"[x")):
        (tmp_path / name).write_bytes(text)
    (tmp_path / "directory").mkdir()
    finished = json_sep(*operands, stdin=b"3", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (status, stdout)
    assert [line.split(": ")[1] for line in messages(finished)] == names


def test_skipped_values_and_a_missing_file_are_66(tmp_path):
    finished = json_sep("--skip-invalid", "missing", "-", stdin=b"x\n[1]\n", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (66, b"[1]\n")


def test_values_after_a_broken_array_are_kept_if_lines_are_values():
    finished = json_sep("--skip-invalid", stdin=b"x\n[1\n2\n3\n")
    assert (finished.returncode, finished.stdout) == (1, b"2\n3\n")


@pytest.mark.parametrize("value", [b"[1,22]", b'"1234"', b"123456", b'[12345678901234567890, "a"]'])
def test_rs_before_a_value_that_is_too_long_is_kept(value, tmp_path):
    for limit in (len(value) - 1, len(value) - 2):
        text = b"\x1e" + value + b"\n\x1e[1]\n"
        (tmp_path / "bad").unlink(missing_ok=True)
        finished = json_sep("--max-value", str(limit), "--reject", "bad", stdin=text, cwd=tmp_path)
        assert (finished.returncode, finished.stdout) == (1, b"[1]\n")
        assert (tmp_path / "bad").read_bytes() == b"\x1e" + value + b"\n"
    without = json_sep("--max-value", str(limit), "--reject", "bad", stdin=b"1\n" + value + b"\n[1]\n", cwd=tmp_path)
    assert without.returncode == 1
    assert (tmp_path / "bad").read_bytes() == (b"\x1e" + value + b"\n") + value + b"\n"


def test_failed_reads_and_writes_are_74(tmp_path):
    assert json_sep(tmp_path).returncode == 74
    assert json_sep("--reject", tmp_path / "no/such", stdin=b"1").returncode in (66, 74)
    for size in (1, 1_000_000):
        with open("/dev/full", "wb") as full:
            finished = subprocess.run([JSON_SEP], input=b"[1]\n" * size, stdout=full, stderr=subprocess.PIPE)
        assert finished.returncode == 74
        assert messages(finished) == ["json-sep: standard output: No space left on device"]


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_descriptor_is_74(closed):
    finished = subprocess.run(["sh", "-c", f'echo 1 | "$0" {closed}', JSON_SEP], capture_output=True, timeout=SECONDS)
    assert finished.returncode == 74
    assert len(messages(finished)) == 1


@pytest.mark.parametrize("text", [b'{"a": 1}', b"[1]\n", b'"x"', b"1\n", b"true "])
def test_a_value_before_a_pause_is_written_at_once(running, text):
    process = running()
    for _ in range(3):
        process.stdin.write(text)
        assert read_some(process) == text.replace(b" ", b"").strip() + b"\n"


def test_an_element_before_a_pause_is_written_at_once(running):
    process = running("--unwrap")
    process.stdin.write(b'[{"a":1}')
    assert read_some(process) == b'{"a":1}\n'
    process.stdin.write(b', [2], "x"')
    assert read_some(process) == b'[2]\n"x"\n'


def test_skipped_bytes_are_in_the_file_when_the_input_pauses(running, tmp_path):
    process = running("--reject", tmp_path / "bad")
    process.stdin.write(b"[}\n[1]\n")
    assert read_some(process) == b"[1]\n"
    within(SECONDS, lambda: (tmp_path / "bad").read_bytes() == b"[}\n")


def test_a_closed_pipe_ends_it_by_sigpipe(running):
    process = running("/dev/stdin", stdin=subprocess.PIPE)
    process.stdout.close()
    with pytest.raises(BrokenPipeError):
        while True:
            process.stdin.write(b"[1]\n" * 10_000)
    assert process.wait(SECONDS) == -signal.SIGPIPE
    assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_lines(running, number):
    process = running()
    process.stdin.write(b'[1]\n[2]\n[3, "unfini')
    assert read_some(process) == b"[1]\n[2]\n"
    process.send_signal(number)
    assert process.wait(SECONDS) == -number
    assert process.stdout.read() == b""
    assert process.stderr.read() == b""


def test_a_signal_is_handled_while_input_is_available(running, tmp_path):
    # Each line starts a value that fails a million lines later.
    (tmp_path / "deep").write_bytes(b"[\n" * 1_500_000)
    process = running("--skip-invalid", "--max-depth", "1000000", tmp_path / "deep", "-")
    assert process.stderr.read(8) == b"json-sep"
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == -signal.SIGTERM


def test_a_signal_ends_the_wait_for_a_fifos_writer(running, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    process = running(tmp_path / "fifo")
    within(SECONDS, lambda: catches_sigterm_and_sleeps(process))
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == -signal.SIGTERM


def catches_sigterm_and_sleeps(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(re.search(r"SigCgt:\s+(\w+)", status)[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1) and "State:\tS" in status


def test_a_second_signal_ends_it_at_once(running):
    # Nothing is read, so after the first signal the tool waits for the write that fills the pipe.
    process = running("/dev/stdin", stdin=subprocess.PIPE)
    os.set_blocking(process.stdin.fileno(), False)
    refused = 0
    while refused < 10:
        refused = refused + 1 if process.stdin.write(b"[1]\n" * 20_000) is None else 0
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    until_idle(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == -signal.SIGTERM


def test_a_path_has_a_maximum_of_names(plain_shell):
    path = ".a" * 60_000
    finished = plain_shell.tool("json-sep", "--unwrap-path", path, stdin=b"{}").expect(64)
    assert "at most 1024 names and indices" in finished.message and len(finished.message) < 1000
    plain_shell.tool("json-sep", "--unwrap-path", ".a" * 1024, stdin=b"{}").expect()
