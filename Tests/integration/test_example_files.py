"""The files in examples/ that other programs read."""

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from conftest import ROOT, within
from servers import die_with_parent

EXAMPLES = ROOT / "examples"


@pytest.fixture
def bucket(seaweedfs_bucket):
    return seaweedfs_bucket


@pytest.fixture
def shell(seaweedfs_shell):
    return seaweedfs_shell


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "s3-log@app.service"
    unit.write_text((EXAMPLES / "systemd/s3-log@.service").read_text())
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert verified.returncode == 0 and unit.name not in verified.stderr, verified.stderr


def test_the_unit_stops_by_a_signal_to_its_group_and_loses_no_line(bucket, shell):
    """As systemd stops it: SIGTERM to all processes; status 143 counts as success."""
    text = (EXAMPLES / "systemd/s3-log@.service").read_text()
    (command,) = [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]
    log = shell.directory / "app.log"
    log.write_bytes(b"before\n")
    command = command.replace("%%", "%").replace("%i", "app").replace("/var/log/app.log", str(log))
    words = shlex.split(command)
    process = subprocess.Popen(
        words, env=shell.with_environment(BUCKET=bucket.name).environment, start_new_session=True,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    lines = b"".join(b"%d\n" % number for number in range(3000))
    try:
        # A signal that comes before a tool handles signals ends it at once.
        within(60, lambda: tools_that_catch_sigterm(process.pid) == {"s3-keygen", "s3-put-lines"})
        # tail watches for appended lines after it has reached the end.
        within(60, lambda: "anon_inode:inotify" in files_of_tail(process.pid))
        with open(log, "ab") as file:
            file.write(lines)
        within(60, lambda: files_of_tail(process.pid)[str(log)] == log.stat().st_size)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM, "128 + 15 in a shell"
        within(60, lambda: not group_of(process.pid))
    finally:
        if group_of(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    assert "SuccessExitStatus=143 SIGTERM" in text
    assert shell.tool("s3-get-lines", "--all", f"{bucket.location}/logs/app/").expect().stdout == lines


def files_of_tail(group):
    """The files that the group's tail has open, and its position in each."""
    found = {}
    for number in group_of(group):
        directory = Path(f"/proc/{number}")
        try:
            if (directory / "comm").read_text() == "tail\n":
                for link in (directory / "fd").iterdir():
                    position = (directory / "fdinfo" / link.name).read_text().split()[1]
                    found[os.readlink(link)] = int(position)
        except FileNotFoundError:
            continue
    return found


def tools_that_catch_sigterm(group):
    """The names of the group's tools that are ready for SIGTERM."""
    found = set()
    for number in group_of(group):
        try:
            status = Path(f"/proc/{number}/status").read_text()
        except FileNotFoundError:
            continue
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        if fields["Name"].startswith("s3-") and int(fields["SigCgt"], 16) >> signal.SIGTERM - 1 & 1:
            found.add(fields["Name"])
    return found


def group_of(number):
    """The running processes of a group."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-g", str(number)], capture_output=True, text=True, check=False)
    return [line.split()[0] for line in listed.stdout.splitlines() if not line.split()[1].startswith("Z")]


def test_kubernetes_accepts_the_job():
    """Validated by the schema of its API; an unknown member is an error."""
    text = (EXAMPLES / "kubernetes/read.yaml").read_text()
    kubernetes_validate.validate(yaml.safe_load(text), "1.37", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(yaml.safe_load(text.replace("completions:", "completion:")), "1.37", strict=True)


def test_the_pods_of_the_job_share_a_bucket(bucket, shell):
    job = yaml.safe_load((EXAMPLES / "kubernetes/read.yaml").read_text())
    assert job["kind"] == "Job" and job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    shell.tool("s3-put-lines", bucket.location, stdin=b"".join(b"k%d\tx\n" % n for n in range(100))).expect()
    counts = []
    for index in range(job["spec"]["completions"]):
        pod = shell.with_environment(JOB_COMPLETION_INDEX=str(index), BUCKET=bucket.name)
        counts.append(int(pod.run(container["args"][0], shell=tuple(container["command"])).expect().stdout))
    assert sum(counts) == 100 and max(counts) < 100


def test_the_tasks_of_the_array_share_a_bucket(bucket, shell):
    shell.tool("s3-put-lines", bucket.location, stdin=b"".join(b"k%d\t%d\n" % (n, n) for n in range(50))).expect()
    for task in ("1", "2"):
        array = shell.with_environment(SLURM_ARRAY_TASK_ID=task, SLURM_ARRAY_TASK_COUNT="2")
        array.run(f"bash '{EXAMPLES}/slurm/read.sbatch' {bucket.location}").expect()
    lines = shell.run("cat counts-1 counts-2").expect().lines
    assert sorted(int(line.split()[1]) for line in lines) == list(range(50))


def test_slurm_runs_the_array(bucket, shell, pytestconfig):
    if not pytestconfig.getoption("--all-examples"):
        pytest.skip("make examples runs it")
    from slurm import Slurm

    shell.tool("s3-put-lines", bucket.location, stdin=b"".join(b"k%d\t%d\n" % (n, n) for n in range(50))).expect()
    with Slurm() as slurm:
        shell = shell.with_environment(**slurm.environment)
        file = EXAMPLES / "slurm/read.sbatch"
        shell.run(f"sbatch --test-only '{file}' {bucket.location}").expect()
        shell.run(f"sbatch --wait --array=1-4 '{file}' {bucket.location}").expect()
        assert shell.run("cat read-*.log").expect().stdout == b""
    lines = shell.run("cat counts-[1234]").expect().lines
    assert sorted(int(line.split()[1]) for line in lines) == list(range(50))


def test_make_stores_changed_files(bucket, shell):
    make = f"make -s -f '{EXAMPLES}/make/Makefile' LOCATION={bucket.location}"
    (shell.directory / "data.jsonl").write_bytes(b"1\n")
    shell.run(make).expect()
    assert bucket.get("data.jsonl") == b"1\n"
    bucket.put("data.jsonl", b"untouched\n")
    shell.run(make).expect()
    assert bucket.get("data.jsonl") == b"untouched\n", "nothing had changed"
    shell.run(f"touch -d '1 minute ago' data.receipt && {make}").expect()
    assert bucket.get("data.jsonl") == b"1\n"


def test_the_line_for_cron_runs(bucket, shell):
    (shell.directory / "log").write_bytes(b"1\n")
    (line,) = [line for line in (EXAMPLES / "cron/crontab").read_text().splitlines() if "s3-put-lines" in line]
    command = line.split(None, 5)[5].replace("\\%", "%").replace("/var/log/app.log.1", "log")
    shell.with_environment(BUCKET=bucket.name).run(command, shell=("sh", "-c")).expect()
    assert len(bucket.keys()) == 1
