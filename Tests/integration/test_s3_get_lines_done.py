"""s3-get-lines --done: which objects are recorded, and when."""

import os
import signal
import subprocess

import pytest
from conftest import within

MIB = 1 << 20


def notes(shell):
    file = shell.directory / "done"
    return [line.split("\t") for line in file.read_text().splitlines()] if file.exists() else []


def start(shell, *arguments, **options):
    return shell.start("s3-get-lines", "--done", "done", *arguments, **{"stdin": None} | options)


def test_each_object_is_recorded_with_its_etag(bucket, shell):
    etags = {}
    for key in ("a", "b\tb", "empty"):
        bucket.put(key, b"" if key == "empty" else key.encode())
        etags[key] = bucket.client.head_object(Bucket=bucket.name, Key=key)["ETag"]
    location = bucket.location
    shell.tool("s3-get-lines", "--done", "done", "--all", location).expect()
    assert notes(shell) == [["a", etags["a"]], ["b\\tb", etags["b\tb"]], ["empty", etags["empty"]]]
    shell.tool("s3-get-lines", "--done", "done", location, "a").expect()
    assert [key for key, _ in notes(shell)] == ["a", "b\\tb", "empty", "a"], "it is appended to"


@pytest.mark.parametrize("options", [[], ["--unordered"], ["--with-key"]])
def test_failed_objects_are_not_recorded(seaweedfs_bucket, seaweedfs_shell, options):
    for key in "abc":
        seaweedfs_bucket.put(key, b"1\n")
    seaweedfs_shell.tool(
        "s3-get-lines", "--done", "done", *options, seaweedfs_bucket.location, "a", "none", "c"
    ).expect(66)
    assert sorted(key for key, _ in notes(seaweedfs_shell)) == ["a", "c"]


def test_an_object_is_recorded_only_after_it_is_written(seaweedfs_bucket, seaweedfs_shell):
    """Nothing reads its output, so an object larger than pipe and queue cannot be written completely."""
    seaweedfs_bucket.put("a", b"1\n")
    seaweedfs_bucket.put("b", b"x" * 99 + b"\n" + b"y" * (2 * MIB) + b"\n")
    seaweedfs_bucket.put("c", b"3\n")
    process = start(seaweedfs_shell, seaweedfs_bucket.location, "a", "b", "c")
    within(30, lambda: notes(seaweedfs_shell))
    assert [key for key, _ in notes(seaweedfs_shell)] == ["a"]
    output = process.stdout.read()
    assert process.wait(30) == 0 and len(output) == 2 * MIB + 105
    assert [key for key, _ in notes(seaweedfs_shell)] == ["a", "b", "c"]


def test_objects_are_recorded_during_the_run(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    process = start(seaweedfs_shell, seaweedfs_bucket.location, stdin=subprocess.PIPE)
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"1\n"
    within(30, lambda: notes(seaweedfs_shell))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    assert [key for key, _ in notes(seaweedfs_shell)] == ["a"]


def test_a_file_that_cannot_be_written_is_74(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    got = seaweedfs_shell.tool("s3-get-lines", "--done", "no/done", seaweedfs_bucket.location, "a").expect(74)
    assert "no/done" in got.message
    if os.path.exists("/dev/full"):
        got = seaweedfs_shell.tool("s3-get-lines", "--done", "/dev/full", seaweedfs_bucket.location, "a").expect(
            74
        )
        assert "/dev/full" in got.message and got.stdout == b"1\n"


def test_the_file_is_not_an_input(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1\n")
    (seaweedfs_shell.directory / "keys").write_text("a\n")
    seaweedfs_shell.run(f"s3-get-lines --done keys {seaweedfs_bucket.location} < keys").expect(64)


def test_recorded_objects_can_be_deleted(seaweedfs_bucket, seaweedfs_shell):
    for key in "abc":
        seaweedfs_bucket.put(key, b"1\n")
    location = seaweedfs_bucket.location
    script = (
        f"s3-list-keys {location} | s3-get-lines --done done {location} | wc -l && s3-delete-keys {location} < done"
    )
    assert seaweedfs_shell.run(script).expect().lines == ["3", "a", "b", "c"]
    assert seaweedfs_bucket.keys() == []
