"""Exactly once, whatever is killed: examples/resume is killed at random moments and run again.

`bench/kill` does the same at size.
"""

import os
import random
import signal
import subprocess
import time

import pytest
from conftest import ROOT, Bucket, Shell
from servers import die_with_parent

SCRIPT = ROOT / "examples/resume/resume"
FORMS = {"plain": [], "gzip": ["--gzip"], "in parts": ["--part-size", "5M"]}


def processes_of(group):
    """The processes of a process group that are running."""
    listed = subprocess.run(["ps", "-o", "pid=", "-g", str(group)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def run_and_kill(shell, words, seconds, dice):
    """One run that is killed after `seconds`, whole or one process of it; gives its status."""
    process = subprocess.Popen(
        words, cwd=shell.directory, env=shell.environment, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        victims = [process.pid, *processes_of(process.pid)]
        try:
            if dice.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(dice.choice(victims), signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        process.communicate(timeout=60)
    finally:
        # If the shell alone was killed, the rest of its group lives on for a moment.
        deadline = time.monotonic() + 60
        while processes_of(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    return process.returncode


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("server", ["seaweedfs", "rgw"], indirect=True)
def test_every_line_is_stored_once_whatever_is_killed(server, tmp_path, pytestconfig, form):
    if server.name == "rgw" and form == "in parts":
        pytest.skip("the gateway ignores If-None-Match for objects in parts, which --idempotent says")
    count, kills = pytestconfig.getoption("--kill-lines"), pytestconfig.getoption("--kills")
    width = 60_000 if form == "in parts" else 20
    if form == "in parts":
        count = min(count, 300)
    lines = [b"%0*d\n" % (width, number) for number in range(count)]
    (tmp_path / "in").write_bytes(b"".join(lines))
    bucket = Bucket(server)
    shell = Shell(tmp_path, server.tool_environment())
    words = [SCRIPT, "in", f"s3://{bucket.name}/", "receipts", *FORMS[form]]
    dice = random.Random(form + server.name)
    statuses = [run_and_kill(shell, words, 0.05, dice)]
    statuses += [run_and_kill(shell, words, dice.uniform(0, 0.6), dice) for _ in range(kills - 1)]
    assert any(statuses), "no run was killed before its end"
    assert run_and_kill(shell, words, 600, dice) == 0

    keys = bucket.keys()
    receipts = [line.split("\t") for line in (tmp_path / "receipts").read_text().splitlines()]
    assert [receipt[0] for receipt in receipts] == keys == [f"{number:08d}" for number in range(len(keys))]
    assert sum(int(receipt[3]) for receipt in receipts) == count
    got = shell.tool("s3-get-lines", "--all", f"s3://{bucket.name}").expect().stdout
    assert got == b"".join(lines)
