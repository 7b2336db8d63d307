"""s3-keygen as users run it: records, close records, statuses, messages."""

import os
import random
import re
import select
import signal
import subprocess
import time

import pytest
from conftest import BIN, SECONDS, memory, within


@pytest.fixture
def keygen(plain_shell):
    """Runs s3-keygen with input bytes."""

    def run(*arguments, stdin=b"", status=0):
        return plain_shell.tool("s3-keygen", *arguments, stdin=stdin).expect(status)

    return run


ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU]


class Live:
    """A running s3-keygen; the test writes its input and reads its output."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BIN / "s3-keygen", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self, count):
        """Exactly `count` bytes of output, which must arrive while the input is open."""
        data, deadline = b"", time.monotonic() + SECONDS
        while len(data) < count:
            assert select.select([self.process.stdout], [], [], deadline - time.monotonic())[0], data
            more = os.read(self.process.stdout.fileno(), count - len(data))
            assert more, f"{data} and no more"
            data += more
        return data

    def end(self):
        """The remaining output, and the status as in a shell."""
        self.process.stdin.close()
        rest = self.process.stdout.read()
        status = self.process.wait(SECONDS)
        return rest, status if status >= 0 else 128 - status


def split(records):
    """The KEY and the DATA of each record, with newlines."""
    return [record.split(b"\t", 1) for record in records.splitlines(keepends=True)] if records else []


@pytest.mark.parametrize("seed", [1, 2, None], ids=["1", "2", "random"])
@pytest.mark.parametrize("options", [(), ("--roll-lines", "7"), ("--roll-bytes", "300")], ids=" ".join)
def test_the_data_of_records_is_the_input(keygen, seed, options):
    seed = random.randrange(1 << 32) if seed is None else seed
    source = random.Random(seed)
    lines = [source.randbytes(source.choice([0, 1, 10, 100, 5000])).replace(b"\n", b"") for _ in range(500)]
    stdin = b"\n".join(lines) + source.choice([b"", b"\n"])
    stdout = keygen("k{seq}", *options, stdin=stdin).stdout
    # A record without TAB closes a batch that was full while no next line was available.
    records = [record.split(b"\t", 1) for record in stdout.split(b"\n")]
    cut = b"".join(record[1] + b"\n" for record in records if len(record) > 1)
    missing = b"" if stdin.endswith(b"\n") else b"\n"
    assert cut == stdin + missing, f"seed {seed}"


@pytest.mark.parametrize(
    "stdin, stdout",
    [
        (b"", b""),
        (b"\n", b"k1\t\n"),
        (b"a", b"k1\ta\n"),
        (b"a\r\n\r\n", b"k1\ta\r\nk2\t\r\n"),
        (b"\x00\xff\t\n", b"k1\t\x00\xff\t\n"),
    ],
)
def test_bytes_of_lines_are_untouched(keygen, stdin, stdout):
    assert keygen("k{line}", stdin=stdin).stdout == stdout


def test_a_line_may_be_longer_than_any_block(keygen):
    line = b"x" * 5_000_000
    assert keygen("{seq}", stdin=line + b"\ny\n").stdout == b"0\t" + line + b"\n1\ty\n"


def test_ns_increases_strictly(keygen):
    keys = [int(key) for key, _ in split(keygen("{ns}", stdin=b"\n" * 200_000).stdout)]
    assert len(keys) == 200_000
    assert all(earlier < later for earlier, later in zip(keys, keys[1:]))
    assert abs(keys[0] / 1e9 - time.time()) < SECONDS


def test_uuid_increases(keygen):
    keys = [key for key, _ in split(keygen("{uuid}", stdin=b"\n" * 100_000).stdout)]
    assert keys == sorted(set(keys)) and len(keys) == 100_000


def test_the_rest_of_an_input_gets_the_same_keys(keygen):
    """Continues a run that was cut off after three lines."""
    lines = [b"%d\n" % number for number in range(7)]
    whole = keygen("{seq:3}/{line}", stdin=b"".join(lines)).stdout
    rest = keygen("--first-line", "4", "{seq:3}/{line}", stdin=b"".join(lines[3:])).stdout
    assert whole.splitlines()[3:] == rest.splitlines()
    assert keygen("--first-line", "4", "--start", "9", "{seq}/{line}", stdin=b"x\n").stdout == b"9/4\tx\n"
    assert "line 5: " in keygen("--first-line", "4", "{.a}", stdin=b'{"a":1}\n{}\n', status=65).message


def test_batches_of_the_rest_of_an_input_need_their_number(keygen):
    rolled = ["--roll-lines", "2", "--first-line", "5"]
    assert "--start" in keygen(*rolled, "{seq}", stdin=b"x\n", status=64).message
    assert keygen(*rolled, "--start", "2", "{seq}/{line}", stdin=b"x\ny\nz\n").stdout == b"2/5\tx\n2/5\ty\n3/7\tz\n"
    keygen(*rolled, "{uuid}", stdin=b"x\n")


def test_hashes_of_the_line_do_not_end_a_batch(keygen):
    keys = [key for key, _ in split(keygen("--roll-lines", "3", "{sha256:4}/{seq}", stdin=b"a\nb\nc\nd\n").stdout)]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_the_first_present_field_is_used(keygen):
    stdin = b'{"time":"2026-05-01T00:00:00Z"}\n{"timestamp":1777680000}\n{"time":null}\n'
    keys = [key for key, _ in split(keygen("{.time|.timestamp|.x?none}", stdin=stdin).stdout)]
    assert keys == [b"2026-05-01T00%3A00%3A00Z", b"1777680000", b"none"]
    keys = [key for key, _ in split(keygen("{.time|.timestamp|now:%F}", stdin=stdin).stdout)]
    assert keys[:2] == [b"2026-05-01", b"2026-05-02"] and keys[2] != keys[0]


def test_start_is_the_first_value_of_seq(keygen):
    assert keygen("--start", "41", "{seq:4}", stdin=b"\n\n").stdout == b"0041\t\n0042\t\n"


@pytest.mark.parametrize(
    "template, mark, reason",
    [
        ("snot_{nss}", 6, "unknown field 'nss'"),
        ("a{ns", 1, "this '{' is not closed"),
        ("x/{now:%Y-%Q}", 10, "'%Q' is not a conversion of strftime"),
        ("", 0, "the template is empty"),
        ("{ ns}", 1, "expected the name of a field"),
        ("{sha256:65}", 8, "expected a number of digits from 1 to 64"),
        ("d={now:yyyy-MM-dd}/", 7, "expected a strftime format with conversions: for 'yyyy-MM-dd' write '%Y-%m-%d'"),
    ],
)
def test_a_bad_template_is_64_and_marked_before_input_is_read(template, mark, reason):
    with Live(template) as live:
        assert live.process.wait(SECONDS) == 64
        message, shown, marker = live.process.stderr.read().decode().splitlines()
        assert message.startswith(f"s3-keygen: template: {reason}")
        assert (shown, marker) == (template, " " * mark + "^")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--roll-lines", "0", "{seq}"),
        ("--roll-lines", "-1", "{seq}"),
        ("--roll-bytes", "0", "{seq}"),
        ("--roll-after", "0", "{seq}"),
        ("--max-open", "0", "--roll-lines", "2", "{seq}"),
        ("--max-open", "2", "{seq}"),
        ("--start", "-1", "{seq}"),
        # The following number does not exist, which used to crash.
        ("--start", "18446744073709551615", "{seq}"),
        ("--first-line", "0", "{seq}"),
        ("--first-line", "18446744073709551615", "{seq}"),
        ("--reject", "", "{seq}"),
        ("",),
        ("--no-such-option", "{seq}"),
        ("{seq}", "more"),
        (),
    ],
    ids=" ".join,
)
def test_impossible_options_are_64(keygen, arguments):
    finished = keygen(*arguments, stdin=b"line\n", status=64)
    assert finished.stdout == b""
    assert finished.message.startswith("s3-keygen: ")


@pytest.mark.parametrize("template", ["x", "{ms}", "{s}", "{now}", "{line}", "{sha256}", "{.a}", "{host}-{pid}"])
def test_a_template_that_repeats_keys_cannot_be_rolled(keygen, template):
    message = keygen("--roll-lines", "2", template, stdin=b"{}\n", status=64).message
    assert "{uuid}" in message


@pytest.mark.parametrize(
    "line, message",
    [
        (b'{"b":1}', "line 2: {.a.b} is missing; to insert a default, add ?DEFAULT before its '}'"),
        (b'{"a":{"b":null}}', "line 2: {.a.b} is missing; to insert a default, add ?DEFAULT before its '}'"),
        (b'{"a":{"b":[1]}}', "line 2: {.a.b} is an object or array, which cannot be part of a key"),
        (b'{"a":{"b":"\\udead"}}', "line 2: {.a.b} has a lone surrogate"),
        (b'{"a":{"b":1}', "line 2, column 13 (byte 26): not JSON: expected ',' or '}', found the line's end"),
        (
            b'{"a":{"b":1}}\x1b',
            "line 2, column 14 (byte 27): not JSON: expected the end of the line, after its value, found '\\x1B'",
        ),
        (b'{"a":{"b":tru}}', "line 2, column 14 (byte 27): not JSON: expected 'true', found '}'"),
        (
            b'{"a":{"b":01}}',
            "line 2, column 12 (byte 25): not JSON: expected '.', an exponent or the number's end, found '1'",
        ),
        (b"", "line 2, column 1 (byte 14): not JSON: expected a value, found the line's end"),
    ],
)
def test_a_line_without_its_field_is_65_and_named(keygen, line, message):
    finished = keygen("{.a.b}", stdin=b'{"a":{"b":1}}\n' + line + b'\n{"a":{"b":2}}\n', status=65)
    assert finished.message == f"s3-keygen: {message}\n"
    assert finished.stdout == b'1\t{"a":{"b":1}}\n'


@pytest.mark.parametrize("field", ["{.a!}", "{.a:%F}", "{.a|.b!:%F}", "{col:2}"])
def test_the_advice_about_a_default_is_right_for_any_field(keygen, field):
    message = keygen("{line}/" + field, stdin=b"{}\n", status=65).message
    assert message.endswith(" is missing; to insert a default, add ?DEFAULT before its '}'\n")
    assert keygen("{line}/" + field[:-1] + "?none}", stdin=b"{}\n").stdout == b"1/none\t{}\n"


@pytest.mark.parametrize(
    "value, message",
    [
        ("2026-05-01 12:34:56", "'2026-05-01 12:34:56' has no offset from UTC, such as Z or +02:00"),
        ("yesterday", "expected RFC 3339 text or a number since the epoch, found 'yesterday'"),
        ("\\u001b[31m" + "x" * 50, "found '\\x1B[31m" + "x" * 35 + "...'"),
    ],
)
def test_a_value_that_is_not_a_time_is_shown(keygen, value, message):
    finished = keygen("{.t:%Y}", stdin=b'{"t":"%s"}\n' % value.encode(), status=65)
    assert finished.message.startswith("s3-keygen: line 1: {.t} is not a time: ") and message in finished.message


def test_times_are_read_as_programs_write_them(keygen):
    times = ["2026-05-01 14:34:56 +0200", "2026-05-01 12:34:56.1 UTC", "2026-05-01T12:34:56,123Z", "2026-05-01T12:34Z",
             "2026-05-01 14:34:56+02", "1777638896", "1777638896.5", "1777638896123"]  # fmt: skip
    lines = b"".join(b'{"t":"%s"}\n' % time.encode() for time in times)
    assert {key for key, _ in split(keygen("{.t:%F/%H}", stdin=lines).stdout)} == {b"2026-05-01/12"}


def test_rejected_lines_are_kept_unchanged(keygen, plain_shell):
    rejects = plain_shell.directory / "rejects"
    rejects.write_bytes(b"was here\n")
    bad = [b'{"a":{}}', b"\xff\r", b'{"a":null}', b""]
    stdin = b"\n".join([b'{"a":1}', *bad, b'{"a":2}', b'{"b":3}'])
    finished = keygen("--reject", "rejects", "{.a}/{seq}", stdin=stdin, status=1)
    assert finished.stdout == b'1/0\t{"a":1}\n2/1\t{"a":2}\n'
    assert rejects.read_bytes() == b"was here\n" + b"\n".join(bad) + b'\n{"b":3}\n'
    assert len(finished.message.splitlines()) == 5


def test_of_many_rejected_lines_most_are_only_counted(keygen):
    finished = keygen("--reject", "rejects", "{.a}", stdin=b"{}\n" * 25, status=1)
    lines = finished.message.splitlines()
    assert len(lines) == 11 and lines[-1] == "s3-keygen: 15 more lines got no key"


def test_a_reject_file_that_cannot_be_opened_is_74(keygen):
    assert keygen("--reject", "no/such/file", "{.a}", stdin=b"{}\n", status=74).stdout == b""


@pytest.mark.parametrize("template, status", [("{col:1!}", 65), ("{col:1}", 0)])
def test_keys_are_utf8(keygen, template, status):
    keygen(template, stdin=b"\xff\n", status=status)


def test_keys_have_at_most_1024_bytes(keygen):
    keygen("{col:1}", stdin=b"x" * 1024, status=0)
    assert "1025" in keygen("{col:1}", stdin=b"x" * 1025, status=65).message
    assert "empty" in keygen("{col:1}", stdin=b"\n", status=65).message


def test_keys_may_contain_the_environment_and_the_host(plain_shell):
    shell = plain_shell.with_environment(WHERE="a b/c")
    key, _ = shell.tool("s3-keygen", "{env:WHERE}/{host}/{pid}", stdin=b"x\n").expect().stdout.split(b"\t")
    assert re.fullmatch(rb"a%20b%2Fc/[^/]+/[0-9]+", key)


def test_output_is_written_before_the_next_wait():
    with Live("{seq}") as live:
        for number in range(3):
            live.write(b"line\n")
            expected = f"{number}\tline\n".encode()
            assert live.read(len(expected)) == expected


def test_a_batch_is_closed_on_time_without_new_lines():
    with Live("--roll-after", "200ms", "b{seq}") as live:
        live.write(b"1\n2\n")
        expected = b"b0\t1\nb0\t2\nb0\n"
        assert live.read(len(expected)) == expected
        live.write(b"3\n")
        assert live.read(len(b"b1\t3\nb1\n")) == b"b1\t3\nb1\n"
        assert live.end() == (b"", 0)


def test_a_full_batch_is_closed_when_no_line_follows():
    with Live("--roll-lines", "2", "b{seq}") as live:
        live.write(b"1\n2\n")
        expected = b"b0\t1\nb0\t2\nb0\n"
        assert live.read(len(expected)) == expected
        live.write(b"3\n4\n5\nhalf")
        expected = b"b1\t3\nb1\t4\nb2\t5\n"
        assert live.read(len(expected)) == expected
        live.write(b"6\n")
        expected = b"b2\thalf6\nb2\n"
        assert live.read(len(expected)) == expected
        assert live.end() == (b"", 0)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_closes_batches_and_ends_between_whole_lines(number):
    with Live("--roll-lines", "9", "--max-open", "2", "{col:1}/{seq}") as live:
        live.write(b"a\nb\na\nunfinished")
        records = b"a/0\ta\nb/1\tb\na/0\ta\n"
        assert live.read(len(records)) == records
        live.process.send_signal(number)
        assert live.end() == (b"a/0\nb/1\n", 128 + number)


def test_without_batches_a_signal_closes_nothing():
    with Live("{seq}") as live:
        live.write(b"a\n")
        assert live.read(4) == b"0\ta\n"
        live.process.send_signal(signal.SIGTERM)
        assert live.end() == (b"", 143)


def test_an_end_caused_by_the_signal_is_not_the_end_of_the_input():
    """Ctrl-C also ends the upstream tool: a partial line and the end of input arrive just after the signal."""
    for _ in range(60):
        with Live("{seq}") as live:
            live.write(b"a\nhalf")
            assert live.read(4) == b"0\ta\n"
            live.process.send_signal(signal.SIGTERM)
            assert live.end() == (b"", 143)


def test_memory_does_not_grow_with_the_input(plain_shell):
    script = """
        lines() { seq "$1" | sed 's/.*/{"ts":17000000&,"u":{"id":"&"}}/'; }
        peak() { lines "$1" | /usr/bin/env python3 -c '
import resource, subprocess, sys
subprocess.run(["s3-keygen", "--roll-lines", "3", "--max-open", "8", "{.u.id}/{uuid}"], check=True,
               stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'; }
        peak 1000; peak 300000
    """
    few, many = map(int, plain_shell.run(script).expect().lines)
    assert many < few + 1024 and many < 16 * 1024, "KiB"


def test_the_nesting_of_a_line_takes_little_memory():
    # Each bracket used to take 24 bytes, until the end of the run.
    with Live("--reject", "/dev/null", "{.a}") as live:
        live.write(b"[" * 20_000_000 + b"\n")
        message = "expected at most 100000 levels of nesting, found '['"
        assert live.process.stderr.readline().decode().endswith(f"(byte 100000): not JSON: {message}\n")
        assert memory(live.process) < 150 << 20
        assert live.end() == (b"", 1)


def test_events_become_partitions_of_full_objects(bucket, shell):
    """Interleaved events of three days, 1000 lines per object, through s3-keygen | s3-put-lines and back."""
    days = ["2026-05-01", "2026-05-02", "2026-05-03"]
    source = random.Random(7)
    events = [(day, b'{"ts":"%sT12:00:00Z","n":%d}\n' % (day.encode(), n))
              for n, day in enumerate(source.choices(days, weights=[5, 2, 1], k=6000))]  # fmt: skip
    shell.run(
        "s3-keygen --roll-lines 1000 --max-open 3 'd={.ts:%Y-%m-%d}/{uuid}' |"
        f" s3-put-lines --max-open 3 {bucket.location}/events/ > receipts",
        stdin=b"".join(line for _, line in events),
    ).expect()
    keys = bucket.keys()
    assert len(keys) == len((shell.directory / "receipts").read_text().splitlines())
    for day in days:
        lines = [line for of, line in events if of == day]
        objects = [bucket.get(key) for key in sorted(keys) if key.startswith(f"events/d={day}/")]
        assert [data.count(b"\n") for data in objects[:-1]] == [1000] * (len(lines) // 1000)
        assert b"".join(objects) == b"".join(lines), "version 7 UUIDs list in the order they were made"
    assert len(keys) == sum(-(-sum(of == day for of, _ in events) // 1000) for day in days)


def test_a_stopped_stream_loses_no_complete_line(bucket, shell):
    """SIGINT to the whole pipeline, like Ctrl-C: close records complete the open objects."""
    pipeline = (
        f"(seq 5; sleep {SECONDS}) | s3-keygen --roll-lines 3 '{{seq}}' | s3-put-lines {bucket.location}/ > receipts"
    )
    process = subprocess.Popen(
        ["bash", "-c", pipeline], cwd=shell.directory, env=shell.environment, start_new_session=True
    )
    try:
        within(SECONDS, lambda: "0" in bucket.keys())
        os.killpg(process.pid, signal.SIGINT)
        within(SECONDS, lambda: "1" in bucket.keys())
        assert (bucket.get("0"), bucket.get("1")) == (b"1\n2\n3\n", b"4\n5\n")
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{" + ".a" * 60_000 + "}", "at most 1024 names"),
        ("{.a}" * 30_000, "at most 1024 fields"),
        ("x" * 100_000 + "{", "closed"),
    ],
)
def test_a_template_that_is_too_large_is_64(plain_shell, template, reason):
    finished = plain_shell.tool("s3-keygen", template, stdin=b"{}\n").expect(64)
    assert reason in finished.message and len(finished.message) < 1000
