"""Exactly once, after any kill: the scripts of examples/ are killed at random and run again.

`bench/kill` does the same at scale.

"""

import bisect
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import ROOT, SECONDS, Bucket, Shell, within
from fault_proxy import Chaos, FaultProxy, s3_error
from servers import MinIO, die_with_parent

RESUME = ROOT / "examples/resume/resume"
PARTITION = ROOT / "examples/partition/partition"
RECEIPT = 45  # fewer bytes than a receipt has, so that all kills happen before the last one
PART = 6_000_000  # the size in bytes of an object that is sent in parts
# The faults of a run through the fault proxy: all kinds, except those that are slow on purpose.
FAULTS = ("reset", "lose answer", "cut", "cut by reset", "close", "slow down", "internal error")


@dataclass
class Form:
    """How lines are stored: a line has `width` bytes, an object `batch` lines."""

    batch: int
    width: int = 20
    options: list[str] = field(default_factory=list)
    is_proxied: bool = False
    is_partitioned: bool = False

    def lines(self, count):
        if self.is_partitioned:
            return [b'{"time":"2026-05-%02dT10:00:00Z","n":%d}\n' % (n % 5 + 1, n) for n in range(count)]
        return [b"%0*d\n" % (self.width - 1, number) for number in range(count)]


def form_named(name, count, server):
    """A form for `count` lines: 10,000 objects for a million lines, fewer on a slow server."""
    batch = max(10 if server.name in ("seaweedfs", "rgw") else 100, count // 10_000)
    match name:
        case "plain":
            return Form(1)
        case "rolled":
            return Form(batch)
        case "gzip":
            return Form(batch, options=["--gzip"])
        case "in parts":
            width = max(100, 3 * PART // count)
            return Form(math.ceil(PART / width), width, options=["--part-size", "5M"])
        case "through faults":
            return Form(batch, is_proxied=True)
        case "partitioned":
            return Form(batch, is_partitioned=True)


def processes_of(group):
    """The running processes of a process group, by id."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=,comm=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    processes = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return {int(number): name for number, state, name in processes if not state.startswith("Z")}


class Killer:
    """Runs a script again and again, and kills it at random: all of it, or one of its processes."""

    VICTIMS = ("all", "all", "script", "tail", "cat", "s3-keygen", "s3-put-lines")

    def __init__(self, shell, words, receipts, dice):
        self.shell, self.words, self.receipts, self.dice = shell, words, receipts, dice
        self.killed = []
        # If only the shell was killed, its group lives on, and the next run waits for it.
        self.runs = []

    def start(self):
        with open(self.shell.directory / "messages", "ab") as messages:
            process = subprocess.Popen(
                self.words, cwd=self.shell.directory, env=self.shell.environment, stdin=subprocess.DEVNULL,
                stdout=messages, stderr=messages, start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        self.runs.append(process)
        return process

    def progress(self):
        try:
            return self.receipts.stat().st_size
        except FileNotFoundError:
            return 0

    def run(self, kills, expected):
        """Kills `kills` times, spread over `expected` bytes of receipts, then runs until a run succeeds."""
        try:
            process = self.start()
            targets = sorted(self.dice.uniform(0, expected) for _ in range(kills))
            while targets:
                target = targets.pop(0)
                # Half of the kills happen while a run starts, independent of its progress.
                soon = time.monotonic() + self.dice.choice([self.dice.uniform(0, 0.2), math.inf])
                while self.progress() < target and time.monotonic() < soon and process.poll() != 0:
                    if process.poll() is not None:
                        process = self.start()
                    time.sleep(0.002)
                if process.poll() == 0:
                    break
                if not self.kill(process):
                    bisect.insort(targets, self.dice.uniform(self.progress(), expected))
            for _ in range(20):
                if process.wait(3600) == 0:
                    return
                process = self.start()
        finally:
            self.kill_all()
        raise AssertionError((self.shell.directory / "messages").read_text()[-4000:])

    def kill(self, process):
        """Returns false if the process ended before it was killed."""
        victim = self.dice.choice(self.VICTIMS)
        if victim == "all":
            self.kill_all()
        else:
            running = {number: name for run in self.runs for number, name in processes_of(run.pid).items()}
            named = [number for number, name in running.items() if name == victim] or list(running)
            number = process.pid if victim == "script" or not named else self.dice.choice(named)
            victim = running.get(number, victim)
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                return False
        self.killed.append(victim)
        self.runs = [run for run in self.runs if processes_of(run.pid)]
        return True

    def kill_all(self):
        for run in self.runs:
            try:
                os.killpg(run.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            run.wait()


def close_uploads(bucket):
    """Aborts the uploads that the kills have left, as the example's page describes; returns the keys."""
    uploads = bucket.open_uploads()
    for key, upload in uploads:
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=upload)
    return [key for key, _ in uploads]


CASES = [
    ("seaweedfs", "plain"), ("seaweedfs", "rolled"), ("seaweedfs", "gzip"), ("seaweedfs", "in parts"),
    ("seaweedfs", "through faults"), ("seaweedfs", "partitioned"),
    ("rgw", "plain"), ("rgw", "rolled"), ("rgw", "gzip"), ("rgw", "in parts"), ("rgw", "through faults"),
    ("minio", "plain"), ("minio", "rolled"), ("minio", "gzip"), ("minio", "in parts"), ("minio", "through faults"),
    ("moto", "rolled"), ("moto", "in parts"), ("moto", "partitioned"),
]  # fmt: skip
# If the server ignores If-None-Match according to --idempotent (test_existing_objects.py), the same bytes are written
# again.
OVERWRITTEN = {case for case in CASES if case[0] == "minio"} | {("rgw", "in parts")}
SHORT = {"seaweedfs": {"plain", "rolled", "gzip", "in parts", "through faults", "partitioned"},
         "rgw": {"rolled", "gzip"},
         "minio": {"rolled"}, "moto": {"partitioned"}}  # fmt: skip


@pytest.mark.parametrize("server, name", CASES, indirect=["server"])
def test_every_line_is_stored_once_after_any_kill(server, tmp_path, pytestconfig, name):
    kills = pytestconfig.getoption("--kills")
    is_short = kills < 10
    if is_short and name not in SHORT[server.name]:
        pytest.skip("bench/kill does it")
    count = pytestconfig.getoption("--kill-objects" if name == "plain" else "--kill-lines")
    form = form_named(name, count, server)
    lines = form.lines(count)
    (tmp_path / "in").write_bytes(b"".join(lines))
    bucket = Bucket(server)
    shell = Shell(tmp_path, server.tool_environment(), 3600)
    existing = "" if (server.name, name) in OVERWRITTEN else "--idempotent"
    killed_shell = shell.with_environment(BATCH=str(form.batch), EXISTING=existing)
    dice = random.Random(name + server.name)
    proxy = None
    if form.is_proxied:
        proxy = FaultProxy(server.endpoint, chaos=Chaos(1, 0.05, faults=FAULTS)).start()
        killed_shell = killed_shell.with_environment(AWS_ENDPOINT_URL_S3=proxy.endpoint)
    killed, rounds = Counter(), 0
    try:
        # If everything was stored before all kills were done, because a killed shell's children continued, it is stored
        # again.
        while rounds == 0 or (not is_short and killed.total() < kills and rounds < 10):
            rounds += 1
            location, receipts = f"{bucket.location}/{rounds}/", tmp_path / f"receipts{rounds}"
            script, written = (PARTITION, f"{receipts}.new") if form.is_partitioned else (RESUME, receipts)
            killer = Killer(killed_shell, [script, "in", location, receipts, *form.options], Path(written), dice)
            killer.run(kills - killed.total(), count / form.batch * RECEIPT)
            killed += Counter(killer.killed)
            assert_stored(shell, form, location, lines, receipts)
    finally:
        if proxy:
            proxy.stop()
    assert killed.total() >= (1 if is_short else kills), "hardly a run was killed before its end"
    left = close_uploads(bucket)
    assert name == "in parts" or not left
    assert close_uploads(bucket) == []
    print(
        f"{server.name}, {name}: {rounds} times {count} lines in {math.ceil(count / form.batch)} objects, "
        f"{killed.total()} kills: {dict(killed)}; {len(left)} uploads were left open and aborted",
        file=sys.stderr,
    )


def assert_stored(shell, form, location, lines, receipts):
    """Each line is stored once, and each object has one correct receipt."""
    stored = [line.split("\t") for line in receipts.read_text().splitlines()]
    listed = shell.tool("s3-list-keys", "--long", location).expect().lines
    assert sorted((key, size, etag) for key, etag, size, _ in stored) == [
        (key, size, etag) for key, size, _, etag in (line.split("\t") for line in listed)
    ]
    assert sum(int(receipt[3]) for receipt in stored) == len(lines)
    got = shell.tool("s3-get-lines", "--all", location).expect().stdout
    if form.is_partitioned:
        assert sorted(got.splitlines(keepends=True)) == sorted(lines)
    else:
        assert [receipt[0] for receipt in stored] == [f"{number:08d}" for number in range(len(stored))]
        assert got == b"".join(lines)


# One process of the pipeline


@pytest.fixture
def resumed(seaweedfs, tmp_path):
    """The example's script with a bucket, and a check that it has stored `in`."""

    class Resumed:
        bucket = Bucket(seaweedfs)
        shell = Shell(tmp_path, seaweedfs.tool_environment())
        receipts = tmp_path / "receipts"
        words = [RESUME, "in", f"{bucket.location}/", "receipts"]

        def run(self, *options, status=0):
            return self.shell.run(" ".join(map(str, [*self.words, *options]))).expect(status)

        def assert_whole(self):
            got = self.shell.tool("s3-get-lines", "--all", self.bucket.location).expect().stdout
            assert got == (tmp_path / "in").read_bytes()
            keys = [line.split("\t")[0] for line in self.receipts.read_text().splitlines()]
            assert keys == self.bucket.keys()

    return Resumed()


@pytest.mark.parametrize("victim", ["tail", "s3-keygen", "s3-put-lines", "script", "all"])
def test_a_run_resumes_after_one_process_is_killed(resumed, tmp_path, victim):
    """The producer, each tool, the shell alone, or all. The next run waits for processes that outlive the shell: two
    concurrent runs would both write receipts, and the sum of their lines would be too large."""
    (tmp_path / "in").write_bytes(b"".join(b"%0999d\n" % number for number in range(20_000)))
    with FaultProxy(resumed.shell.environment["AWS_ENDPOINT_URL_S3"]) as proxy:
        slow = resumed.shell.with_environment(AWS_ENDPOINT_URL_S3=proxy.endpoint)
        killer = Killer(slow, [*resumed.words, "--max-connections", "4"], resumed.receipts, random.Random(1))
        process = killer.start()
        within(SECONDS, lambda: killer.progress() > 0)
        running = processes_of(process.pid)
        assert {"tail", "s3-keygen", "s3-put-lines"} <= set(running.values()), "one has ended before"
        killer.VICTIMS = (victim,)
        killer.kill(process)
        resumed.run()
        assert killer.killed == ["bash" if victim == "script" else victim]
    assert not processes_of(process.pid)
    resumed.assert_whole()


@pytest.mark.parametrize("seed", range(3))
def test_receipts_lost_by_a_machine_are_written_again(resumed, tmp_path, seed):
    """After a crash of the machine any end of the file may be missing or consist of zeros."""
    (tmp_path / "in").write_bytes(b"".join(b"%d\n" % number for number in range(1000)))
    resumed.run()
    whole = resumed.receipts.read_bytes()
    length = random.Random(seed).randrange(len(whole))
    resumed.receipts.write_bytes(whole[:length] + bytes(seed * 10))
    resumed.run()
    assert resumed.receipts.read_bytes() == whole
    resumed.assert_whole()


@pytest.mark.parametrize(
    "name, call",
    [("awk", 1), ("awk", 2), ("flock", 1), ("grep", 1), ("head", 1), ("mv", 1), ("tail", 1), ("tail", 2), ("wc", 1),
     ("wc", 2), ("wc", 3)],
)  # fmt: skip
def test_a_killed_counting_program_spoils_no_receipt(resumed, tmp_path, name, call):
    """Missing output of the program counts neither as a number of stored lines nor as a missing newline."""
    (tmp_path / "in").write_bytes(b"".join(b"%d\n" % number for number in range(250))[:-1])
    resumed.run()
    whole = resumed.receipts.read_bytes()
    resumed.receipts.write_bytes(whole.splitlines(keepends=True)[0])
    shim = tmp_path / "shim" / name
    shim.parent.mkdir()
    shim.write_text(
        f"""#!/bin/sh
        echo >> '{shim}.calls'
        [ "$(/usr/bin/stat -c %s '{shim}.calls')" -ne {call} ] || kill -KILL $$
        exec "$(PATH=/usr/bin:/bin command -v {name})" "$@"
        """
    )
    shim.chmod(0o755)
    path = f"{shim.parent}:{resumed.shell.environment['PATH']}"
    run = resumed.shell.with_environment(PATH=path).run(" ".join(map(str, resumed.words)))
    assert run.status != 0 or resumed.receipts.read_bytes() == whole
    resumed.run()
    assert resumed.receipts.read_bytes() == whole
    assert resumed.bucket.get("00000002") == b"".join(b"%d\n" % number for number in range(200, 250))


def test_a_file_whose_last_line_has_no_newline_is_stored_once(resumed, tmp_path):
    (tmp_path / "in").write_bytes(b"1\n" * 150 + b"2")
    resumed.run()
    resumed.run()
    assert resumed.bucket.get("00000001") == b"1\n" * 50 + b"2\n"
    assert len(resumed.receipts.read_text().splitlines()) == 2


def test_an_object_that_fails_is_stored_by_the_next_run(resumed, tmp_path):
    """Objects after it are stored, but have no receipts: the sum of the lines tells where to continue."""
    (tmp_path / "in").write_bytes(b"".join(b"%d\n" % number for number in range(1000)))
    with FaultProxy(resumed.shell.environment["AWS_ENDPOINT_URL_S3"]) as proxy:
        proxy.rules.append(s3_error(403, "AccessDenied", method="PUT", target="/00000002$", times=None, delay=0.5))
        failing = resumed.shell.with_environment(AWS_ENDPOINT_URL_S3=proxy.endpoint)
        run = failing.run(" ".join(map(str, resumed.words))).expect(77)
    assert "stored without a receipt, because an earlier one was not stored: 7\n" in run.message
    assert len(resumed.receipts.read_text().splitlines()) == 2
    resumed.run()
    resumed.assert_whole()


def test_a_killed_server_keeps_confirmed_objects(tmp_path):
    """It is killed and started again during a run; runs that fail in the meantime are run again."""
    server = MinIO()
    try:
        server.start().wait_until_ready()
        bucket = Bucket(server)
        (tmp_path / "in").write_bytes(b"".join(b"%d\n" % number for number in range(50_000)))
        with FaultProxy(server.endpoint) as proxy:
            shell = Shell(tmp_path, server.tool_environment() | {"AWS_ENDPOINT_URL_S3": proxy.endpoint, "EXISTING": ""})
            killer = Killer(shell, [RESUME, "in", f"{bucket.location}/", "receipts"], tmp_path / "receipts", None)
            process = killer.start()
            within(SECONDS, lambda: killer.progress() > 0)
            server.end_process()
            server.start().wait_until_ready()
            proxy.upstream = proxy.upstream._replace(netloc=f"127.0.0.1:{server.port}")
            process.wait(SECONDS)
            shell.run(f"until '{RESUME}' in {bucket.location}/ receipts; do sleep 0.1; done").expect()
            got = shell.tool("s3-get-lines", "--all", bucket.location).expect().stdout
            assert got == (tmp_path / "in").read_bytes()
    finally:
        server.stop()
