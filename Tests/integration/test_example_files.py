"""The files of examples/ that other programs read."""

import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml
from conftest import ROOT, Bucket, Shell

EXAMPLES = ROOT / "examples"


@pytest.fixture
def bucket(seaweedfs):
    return Bucket(seaweedfs)


@pytest.fixture
def shell(seaweedfs, tmp_path):
    return Shell(tmp_path, seaweedfs.tool_environment())


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "s3-log@app.service"
    unit.write_text((EXAMPLES / "systemd/s3-log@.service").read_text())
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert verified.returncode == 0 and unit.name not in verified.stderr, verified.stderr


def test_kubernetes_accepts_the_job():
    """By the schema of its API; a member that it does not know is an error."""
    text = (EXAMPLES / "kubernetes/read.yaml").read_text()
    kubernetes_validate.validate(yaml.safe_load(text), "1.37", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(yaml.safe_load(text.replace("completions:", "completion:")), "1.37", strict=True)


def test_the_pods_of_the_job_share_a_bucket(bucket, shell):
    job = yaml.safe_load((EXAMPLES / "kubernetes/read.yaml").read_text())
    assert job["kind"] == "Job" and job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    shell.tool("s3-put-lines", f"s3://{bucket.name}", stdin=b"".join(b"k%d\tx\n" % n for n in range(100))).expect()
    counts = []
    for index in range(job["spec"]["completions"]):
        pod = shell.with_environment(JOB_COMPLETION_INDEX=str(index), BUCKET=bucket.name)
        counts.append(int(pod.run(container["args"][0], shell=tuple(container["command"])).expect().stdout))
    assert sum(counts) == 100 and max(counts) < 100


def test_the_tasks_of_the_array_share_a_bucket(bucket, shell):
    shell.tool("s3-put-lines", f"s3://{bucket.name}", stdin=b"".join(b"k%d\t%d\n" % (n, n) for n in range(50))).expect()
    for task in ("1", "2"):
        array = shell.with_environment(SLURM_ARRAY_TASK_ID=task, SLURM_ARRAY_TASK_COUNT="2")
        array.run(f"bash '{EXAMPLES}/slurm/read.sbatch' s3://{bucket.name}").expect()
    lines = shell.run("cat counts-1 counts-2").expect().lines
    assert sorted(int(line.split()[1]) for line in lines) == list(range(50))


def test_make_stores_what_has_changed(bucket, shell):
    make = f"make -s -f '{EXAMPLES}/make/Makefile' LOCATION=s3://{bucket.name}"
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
