"""Runs the examples of the man pages, the README and examples/ with SeaweedFS."""

import os
import re
import signal
import subprocess
import time

import documents
import pytest
import servers
from conftest import ROOT, SECONDS, Shell

LONG_SECONDS = 1800  # for examples that start a cluster first
PAGES = sorted((ROOT / "man").glob("*.[17]"))
TEXTS = [ROOT / "README.md", *sorted((ROOT / "examples").glob("**/*.md"))]
EXAMPLES = [example for page in PAGES for example in documents.examples_of_page(page)]
EXAMPLES += [example for text in TEXTS for example in documents.examples_of_markdown(text)]


@pytest.fixture
def example_shell(seaweedfs, tmp_path, request):
    """A shell in an empty directory, with empty buckets for all names in the example."""
    example = request.getfixturevalue("example")
    client = seaweedfs.client()
    existing = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    everything = "\n".join([example.text, example.directive("before")])
    for name in set(re.findall(r"s3://([a-z0-9.-]+)", everything)):
        if name not in existing:
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": servers.REGION})
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                client.delete_objects(Bucket=name, Delete={"Objects": keys})
    seconds = LONG_SECONDS if example.directive("needs") else SECONDS
    shell = Shell(tmp_path, seaweedfs.tool_environment() | {"ROOT": str(ROOT)}, seconds)
    # The AWS command line and Spark are in the virtual environment.
    return shell.with_environment(
        PATH=f"{shell.environment['PATH'].partition(':')[0]}:{servers.PYTHON_BIN}:{os.environ['PATH']}"
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.where)
def test_example(example, example_shell, pytestconfig):
    if example.directive("needs") and not pytestconfig.getoption("--all-examples"):
        pytest.skip(f"{example.directive('needs')} runs it")
    if example.directive("norun"):
        pytest.skip(example.directive("norun"))
    if example.directive("before"):
        example_shell.run(example.directive("before")).expect()
    if example.is_transcript:
        run_transcript(example, example_shell)
    elif example.directive("stop"):
        run_until_stopped(example, example_shell)
    else:
        finished = example_shell.run(example.text)
        (example_shell.directory / "stdout").write_bytes(finished.stdout)
        (example_shell.directory / "stderr").write_bytes(finished.stderr)
        finished.expect(int(example.directive("status") or 0))
    if example.directive("after"):
        example_shell.run(example.directive("after")).expect()


def run_transcript(example, shell):
    """One shell runs all commands; each must print the example's output, stdout and stderr together."""
    steps = example.steps()
    script = "\n".join(f"{{\n{command}\n}} > output.{number} 2>&1" for number, (command, _) in enumerate(steps))
    finished = shell.run(script, shell=("bash", "-c"))
    for number, (command, output) in enumerate(steps):
        assert (shell.directory / f"output.{number}").read_text() == output, command
    if example.directive("status"):
        finished.expect(int(example.directive("status")))


def run_until_stopped(example, shell):
    """An endless example gets SIGTERM when its condition is true, like SIGINT from Ctrl-C."""
    with open(shell.directory / "stdout", "wb") as stdout, open(shell.directory / "stderr", "wb") as stderr:
        process = subprocess.Popen(
            ["bash", "-c", example.text],
            cwd=shell.directory,
            env=shell.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=servers.die_with_parent,
        )
    deadline = time.monotonic() + SECONDS
    try:
        while shell.run(example.directive("stop"), shell=("bash", "-c")).status != 0:
            assert process.poll() is None, (shell.directory / "stderr").read_text()
            assert time.monotonic() < deadline, f"never came true: {example.directive('stop')}"
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_flow_runs_in_any_posix_shell(seaweedfs, tmp_path):
    """The flow of the README, with `sh -c`."""
    bucket = "posix-flow"
    seaweedfs.client().create_bucket(Bucket=bucket)
    shell = Shell(tmp_path, seaweedfs.tool_environment())
    (tmp_path / "in.json").write_bytes((ROOT / "examples/in.json").read_bytes())
    flow = f"""
        json-sep --until '"exit"' < in.json |
          s3-keygen 'snot_{{ns}}'             |
          s3-put-lines s3://{bucket}        |
          s3-get-lines s3://{bucket} > out.json
    """
    shell.run(flow, shell=("sh", "-c")).expect()
    assert (tmp_path / "out.json").read_bytes() == (ROOT / "examples/expected.jsonl").read_bytes()
