"""A bucket as a queue: examples/queue/work is killed at random while writers work, and run again.

`bench/queue` does the same at scale, on three servers.

"""

import collections
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import ROOT, Bucket
from servers import die_with_parent
from test_resume import processes_of

SCRIPT = ROOT / "examples/queue/work"
WRITERS = 3
# Other servers are started only for the long form of the test.
SERVERS = os.environ.get("QUEUE_SERVERS", "seaweedfs").split()


@pytest.fixture
def writers(shell):
    """Starts writers, each of which stores one line per object until all its lines are stored."""
    processes = []

    def start(location, count, pause):
        for number in range(WRITERS):
            lines = f"for ((i = 0; i < {count}; i++)); do echo {number}-$i; sleep {pause}; done"
            script = f"{lines} | s3-keygen '{{uuid}}' | s3-put-lines --each --quiet {location}"
            processes.append(
                subprocess.Popen(
                    ["bash", "-o", "pipefail", "-c", script],
                    cwd=shell.directory,
                    env=shell.environment,
                    preexec_fn=die_with_parent,
                )  # fmt: skip
            )
        return processes

    yield start
    for process in processes:
        process.kill()
        process.wait()


def run_and_kill(shell, words, seconds, dice):
    """One run that is killed after `seconds`, as a whole or one of its processes; returns its status."""
    with open(shell.directory / "messages", "ab") as messages:
        process = subprocess.Popen(
            words, cwd=shell.directory, env=shell.environment, stdin=subprocess.DEVNULL, stderr=messages,
            start_new_session=True, preexec_fn=die_with_parent,
        )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        victims = sorted(processes_of(process.pid))
        try:
            if dice.random() < 0.5 or not victims:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(dice.choice(victims), signal.SIGKILL)
        except ProcessLookupError:
            pass
    # The remaining processes keep working, and are killed if that takes long.
    deadline = time.monotonic() + 3
    while processes_of(process.pid):
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.05)
        process.poll()
    return process.wait(60)


def records(path):
    return [tuple(line.split("\t")) for line in path.read_text().splitlines()] if path.exists() else []


def compares_etags(bucket, shell):
    """Whether the service keeps an object whose ETag differs from the given one; the tool detects that."""
    etag = {bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"probe")["ETag"] for key in "ab"}.pop()
    lines = f"a\t{etag}\nb\t{etag}\n".encode()
    status = shell.tool("s3-delete-keys", "--if-match", bucket.location, stdin=lines).status
    for key in bucket.keys():
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    assert status in (0, 78)
    return status == 0


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_every_line_is_processed_after_any_kill(server, shell, writers, pytestconfig):
    kills, count = pytestconfig.getoption("--queue-kills"), pytestconfig.getoption("--queue-lines")
    bucket = Bucket(server)
    compares = compares_etags(bucket, shell)
    settings = {"INTERVAL": "50ms", "IDLE": "500ms", "ROUND": "20"} | ({} if compares else {"DELETE": ""})
    worker = shell.with_environment(**settings)
    location = bucket.location
    words = [SCRIPT, location, "sh", "-c", "cat >> worked"]
    dice = random.Random(server.name)

    def worked():
        path = shell.directory / "worked"
        return collections.Counter(path.read_text().splitlines() if path.exists() else [])

    running = writers(location, count, f"{kills * 1.2 / count:.3f}")
    confirmed, replaced, statuses = {}, None, []
    for _ in range(kills):
        statuses.append(run_and_kill(worker, words, dice.uniform(0.3, 1.6), dice))
        for record in records(shell.directory / "confirmed"):
            # How often a line had been processed when it was first seen to be confirmed.
            confirmed.setdefault(record, worked()[record[1]])
        if compares and replaced is None:
            read = {key for key, _ in records(shell.directory / "done")}
            replaced = next((key for key, _ in records(shell.directory / "confirmed") if key in read), None)
            if replaced:
                bucket.put(replaced, b"replaced\n")
    assert any(statuses), "no run was killed before its end"
    assert [process.wait(120) for process in running] == [0] * WRITERS
    for _ in range(5):
        statuses.append(run_and_kill(worker, words, 600, dice))
        if not bucket.keys():
            break
    assert statuses[-1] == 0 and bucket.keys() == []

    counts = worked()
    expected = {f"{number}-{each}" for number in range(WRITERS) for each in range(count)}
    # The replaced object is processed again; it was not deleted as the confirmed one.
    assert set(counts) == expected | ({"replaced"} if replaced else set())
    assert replaced or not compares
    assert confirmed and all(counts[line] == times for (_, line), times in confirmed.items())
    print(
        f"{server.name}: {sum(counts.values())} lines worked off, {len(expected)} stored, "
        f"{len(confirmed)} seen confirmed"
    )
