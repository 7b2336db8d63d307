"""Kills and restarts one of many workers: examples/parallel and examples/spark.

`make examples` uses more lines, and runs Spark.

"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, Shell, within
from servers import PYTHON_BIN, die_with_parent

PARALLEL = ROOT / "examples/parallel/store"
SPARK = ROOT / "examples/spark/store.py"
SECONDS = 1800


@pytest.fixture
def bucket(seaweedfs_bucket):
    return seaweedfs_bucket


@pytest.fixture
def shell(seaweedfs, tmp_path):
    return Shell(tmp_path, seaweedfs.tool_environment(), SECONDS)


@pytest.fixture
def lines(pytestconfig, tmp_path):
    count = pytestconfig.getoption("--worker-lines")
    lines = [b"line %d\n" % number for number in range(count)]
    (tmp_path / "in").write_bytes(b"".join(lines))
    return lines


class Workers:
    """A command that runs many workers, in a session of its own."""

    def __init__(self, shell, words, **files):
        self.shell = shell
        with open(shell.directory / "messages", "ab") as messages:
            self.process = subprocess.Popen(
                words, cwd=shell.directory, env=shell.environment, start_new_session=True, stderr=messages,
                preexec_fn=die_with_parent, **files,
            )  # fmt: skip

    @property
    def messages(self):
        return (self.shell.directory / "messages").read_text()

    def running(self, word, programs=()):
        """Its processes whose command line contains `word`, and whose program is in `programs` or, by default, not a
        shell."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
                if os.getsid(int(entry.name)) != self.process.pid:
                    continue
            except (OSError, ValueError):
                continue
            program = words[0].rpartition(b"/")[2].decode()
            is_wanted = program in programs if programs else program not in ("sh", "bash", "dash", "perl")
            if is_wanted and any(word.encode() in each for each in words):
                found.append(int(entry.name))
        return found

    def kill_one(self, word, dice):
        """Waits for such a process and kills it by SIGKILL."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = self.running(word)
            if found:
                time.sleep(dice.uniform(0, 0.03))
                try:
                    os.kill(dice.choice(found), signal.SIGKILL)
                    return
                except ProcessLookupError:
                    continue
            time.sleep(0.001)
        raise AssertionError(f"no {word} to kill: {self.messages[-2000:]}")

    def wait(self):
        try:
            assert self.process.wait(SECONDS) == 0, self.messages[-4000:]
        finally:
            self.stop()

    def stop(self):
        for number in [self.process.pid, *self.running(""), *self.running("", ["sh", "bash", "perl"])]:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def assert_stored(bucket, shell, lines, receipts):
    """Each line is stored once, and each object has a receipt."""
    got = shell.tool("s3-get-lines", "--all", bucket.location).expect().stdout
    assert sorted(got.splitlines(keepends=True)) == sorted(lines)
    stored = {receipt.split("\t")[0]: int(receipt.split("\t")[3]) for receipt in receipts}
    assert set(stored) == set(bucket.keys()) and sum(stored.values()) == len(lines)


@pytest.mark.parametrize("victim", ["s3-put-lines", "s3-keygen"])
def test_a_killed_worker_of_parallel_is_run_again(bucket, shell, lines, tmp_path, victim):
    shell = shell.with_environment(BLOCK=str(len(lines) // 20), BATCH="100")
    words = [PARALLEL, f"{bucket.location}/", "--joblog", "log", "--delay", "0.02"]
    with open(tmp_path / "in", "rb") as stdin, open(tmp_path / "receipts", "wb") as stdout:
        workers = Workers(shell, words, stdin=stdin, stdout=stdout)
    dice = random.Random(victim)
    for _ in range(3):
        workers.kill_one(victim, dice)
    workers.wait()
    assert_stored(bucket, shell, lines, (tmp_path / "receipts").read_text().splitlines())


def test_a_killed_parallel_stores_no_partial_object(bucket, shell, lines, tmp_path):
    shell = shell.with_environment(BLOCK=str(len(lines) // 20), BATCH="100")
    for attempt in range(2):
        with open(tmp_path / "in", "rb") as stdin, open(tmp_path / "receipts", "wb") as stdout:
            workers = Workers(shell, [PARALLEL, f"{bucket.location}/"], stdin=stdin, stdout=stdout)
        if attempt == 0:
            within(SECONDS, lambda: bucket.keys() or workers.process.poll() is not None)
            os.kill(min(workers.running("/parallel", ["perl"])), signal.SIGKILL)
            workers.process.wait(SECONDS)
            within(SECONDS, lambda: not workers.running("s3-put-lines"))
    workers.wait()
    assert_stored(bucket, shell, lines, (tmp_path / "receipts").read_text().splitlines())


@pytest.mark.parametrize("victim", ["CoarseGrainedExecutorBackend", "s3-put-lines"])
def test_a_killed_worker_of_spark_is_run_again(bucket, shell, lines, tmp_path, pytestconfig, victim):
    """An executor is lost; or a task fails, which spark.task.maxFailures allows four times."""
    if not pytestconfig.getoption("--all-examples"):
        pytest.skip("make examples runs it")
    shell = shell.with_environment(
        PATH=f"{PYTHON_BIN}:{shell.environment['PATH']}", SPARK_LOCAL_IP="127.0.0.1", SPARK_WORKER_DIR=str(tmp_path)
    )
    words = ["spark-submit", "--master", "local-cluster[2,1,1024]", "--conf", "spark.ui.enabled=false",
             "--conf", "spark.task.maxFailures=4", SPARK, "in", f"{bucket.location}/", "receipts"]  # fmt: skip
    workers = Workers(shell, words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not bucket.keys():
            assert workers.process.poll() is None, workers.messages[-4000:]
            time.sleep(0.1)
        workers.kill_one(victim, random.Random(1))
    except BaseException:
        workers.stop()
        raise
    workers.wait()
    assert "Lost executor" in workers.messages or "Lost task" in workers.messages
    receipts = [line for part in (tmp_path / "receipts").glob("part-*") for line in part.read_text().splitlines()]
    assert_stored(bucket, shell, lines, receipts)
