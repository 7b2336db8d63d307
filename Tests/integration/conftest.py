"""Fixtures of the integration tests: servers, tools, a bucket and a directory per test."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import servers  # noqa: E402

# A shell starts background jobs with these signals ignored, and the tools would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("S3_LINES_BIN", ROOT / ".build/release"))
TOOLS = subprocess.check_output([ROOT / "scripts/tools"], text=True).split()
SECONDS = 120  # the time limit of any command of the suite


def pytest_addoption(parser):
    parser.addoption("--chaos-objects", type=int, default=300, help="objects of each chaos run")
    parser.addoption("--renewal-seconds", type=int, default=9, help="how long each pipeline over short-lived keys runs")
    parser.addoption("--precedence-rows", type=int, default=40, help="mixtures of sources of credentials, of each seed")
    parser.addoption("--kill-lines", type=int, default=10_000, help="lines that are stored while runs are killed")
    parser.addoption("--kill-objects", type=int, default=1000, help="the same if each line is an object")
    parser.addoption("--kills", type=int, default=6, help="how many of these runs are killed")
    parser.addoption("--queue-kills", type=int, default=3, help="how many runs of a queue's worker are killed")
    parser.addoption("--queue-lines", type=int, default=15, help="lines that each writer of a queue stores")
    parser.addoption("--worker-lines", type=int, default=10_000, help="lines that workers of other programs store")
    parser.addoption("--all-examples", action="store_true", help="also those that need what `make examples` installs")


def pytest_configure(config):
    missing = [name for name in TOOLS if not (BIN / name).exists()]
    if missing:
        pytest.exit(f"{BIN} has no {', '.join(missing)}; run: make", 2)
    # By default these signals would end pytest without stopping the servers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: pytest.exit(f"signal {number}", 128 + number))


class Finished:
    """The result of a command. Output is bytes; `message` is standard error as text."""

    def __init__(self, command, status, stdout, stderr):
        self.command, self.status, self.stdout, self.stderr = command, status, stdout, stderr

    @property
    def message(self):
        return self.stderr.decode(errors="backslashreplace")

    @property
    def lines(self):
        return self.stdout.decode().splitlines()

    def expect(self, status=0):
        """Returns itself if the status is `status`; None accepts any status."""
        assert status in (None, self.status), f"{self.command}: status {self.status}\n{self.message}"
        return self


class Shell:
    """Runs tools and pipelines in one directory with one environment."""

    def __init__(self, directory, environment, seconds=SECONDS):
        self.directory, self.seconds = directory, seconds
        path = f"{BIN}:{os.environ['PATH']}"
        self.environment = servers.without_aws(os.environ) | {"PATH": path, **environment}

    def with_environment(self, **changes):
        """The same shell with variables set, or unset if the value is None."""
        other = Shell(self.directory, {}, self.seconds)
        other.environment = {k: v for k, v in (self.environment | changes).items() if v is not None}
        return other

    def tool(self, name, *arguments, stdin=b""):
        """Runs one tool."""
        return self._run([BIN / name, *arguments], stdin)

    def run(self, script, stdin=b"", shell=("bash", "-o", "pipefail", "-euc")):
        """Runs `script` in a shell with pipefail: the status of a pipeline is that of its last failure."""
        return self._run([*shell, script], stdin)

    def start(self, name, *arguments, **options):
        """One tool, running, with pipes for its standard descriptors unless `options` of Popen say otherwise."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(
            [BIN / name, *arguments],
            cwd=self.directory,
            env=self.environment,
            preexec_fn=servers.die_with_parent,
            **pipes | options,
        )

    def _run(self, command, stdin):
        process = subprocess.Popen(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=servers.die_with_parent,
        )
        try:
            stdout, stderr = process.communicate(stdin, timeout=self.seconds)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return Finished(" ".join(map(str, command)), status, stdout, stderr)


@pytest.fixture(scope="session")
def all_servers(request):
    """All servers that the selected tests use, started in parallel."""
    used = set()
    for item in request.session.items:
        used |= set(servers.KINDS).intersection(item.fixturenames)
        used |= {servers.MinIO.name} if {"strict", "strict_server"} & set(item.fixturenames) else set()
        used.add(getattr(item, "callspec", None) and item.callspec.params.get("server"))
    running = {name: kind() for name, kind in servers.KINDS.items() if name in used}
    try:
        for server in running.values():
            server.start()
        for server in running.values():
            server.wait_until_ready()
        yield running
    finally:
        for server in running.values():
            server.stop()


@pytest.fixture(scope="session", params=list(servers.KINDS))
def server(request, all_servers):
    """Each of the S3 servers in turn."""
    return all_servers[request.param]


@pytest.fixture(scope="session")
def seaweedfs(all_servers):
    """The default real server, for tests that need only one."""
    return all_servers[servers.SeaweedFS.name]


@pytest.fixture(scope="session")
def strict_server(all_servers):
    """A server that verifies the signed hash of each body."""
    return all_servers[servers.MinIO.name]


class Bucket:
    """The bucket of one test, and access to it with boto3."""

    def __init__(self, server):
        self.name = "t-" + uuid.uuid4().hex[:16]
        self.location = f"s3://{self.name}"
        self.client = server.client()
        server.create_bucket(self.name)

    def put(self, key, body):
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def fill(self, objects):
        """Stores many objects, several at once: a dictionary of their bodies by key."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(self.put, objects.keys(), objects.values()))

    def get(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def keys(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def open_uploads(self):
        """The key and the ID of each multipart upload that is neither completed nor aborted."""
        found = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [(upload["Key"], upload["UploadId"]) for upload in found]


@pytest.fixture
def bucket(server):
    """An empty bucket on `server`."""
    return Bucket(server)


@pytest.fixture
def shell(server, tmp_path):
    """A shell in an empty directory, with `server` in its environment."""
    return Shell(tmp_path, server.tool_environment())


@pytest.fixture
def seaweedfs_bucket(seaweedfs):
    """An empty bucket on the default real server."""
    return Bucket(seaweedfs)


@pytest.fixture
def seaweedfs_shell(seaweedfs, tmp_path):
    """A shell with the default real server in its environment."""
    return Shell(tmp_path, seaweedfs.tool_environment())


@pytest.fixture
def plain_shell(tmp_path):
    """A shell in an empty directory, without a server in its environment."""
    return Shell(tmp_path, {"AWS_EC2_METADATA_DISABLED": "true"})


@pytest.fixture
def faulty(seaweedfs, tmp_path):
    """An empty bucket, reached through a fault proxy: faults.Faulty."""
    import faults

    with faults.proxied(seaweedfs, tmp_path) as faulty:
        yield faulty


@pytest.fixture
def strict(strict_server, tmp_path):
    """An empty bucket, reached through a fault proxy, on a server that verifies the signed hash of each body."""
    import faults

    with faults.proxied(strict_server, tmp_path) as faulty:
        yield faulty


def within(seconds, condition):
    """Waits until the condition holds; fails after a time limit."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def until_idle(process):
    """Waits until all threads of a process have been waiting for a while."""
    quiet = 0
    tasks = Path(f"/proc/{process.pid}/task")
    deadline = time.monotonic() + SECONDS
    while quiet < 10:
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "it never waits"
        states = [(task / "stat").read_text().rpartition(") ")[2][0] for task in tasks.iterdir()]
        quiet = quiet + 1 if set(states) == {"S"} else 0
        time.sleep(0.02)


def memory(process, name="VmHWM"):
    """The memory of a process in bytes, by default its peak resident size; 0 after its end. Source:
    proc_pid_status(5)."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) << 10 if found else 0


def is_gone(group):
    """Whether all processes of a group have ended."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
