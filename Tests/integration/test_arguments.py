"""Arguments are taken from the C library, whatever libraries were loaded before."""

import os
import subprocess
from urllib.parse import quote

import pytest
from conftest import BIN, TOOLS

# Moves the environment, which the Swift runtime expects next to the arguments.
LIBRARY = """
#include <stdlib.h>
__attribute__((constructor)) static void move(void) {
    for (char name[] = "MOVED_A"; name[6] <= 'Z'; name[6]++) setenv(name, "x", 1);
}
"""


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("preloaded")
    (directory / "moving.c").write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "moving.so", "moving.c"], cwd=directory, check=True)
    return {"LD_PRELOAD": str(directory / "moving.so")}


def run(tool, *arguments, stdin=b"", **variables):
    command = [BIN / tool, *arguments]
    return subprocess.run(command, input=stdin, env=os.environ | variables, capture_output=True, check=False)


@pytest.mark.parametrize("tool", TOOLS)
def test_no_argument_is_lost(tool, preloaded):
    finished = run(tool, "--bogus", **preloaded)
    assert finished.returncode == 64 and b"Unknown option '--bogus'" in finished.stderr
    assert run(tool, "--version", **preloaded).stdout.startswith(tool.encode())


@pytest.mark.parametrize("word", ["--hepl", "--reg", "-x"])
@pytest.mark.parametrize("tool", TOOLS)
def test_an_unknown_option_is_reported_before_a_missing_operand(tool, word):
    finished = run(tool, word)
    assert finished.returncode == 64 and f"Unknown option '{word}'".encode() in finished.stderr


def test_an_option_takes_effect(preloaded):
    assert run("json-sep", "--unwrap", stdin=b"[1,2]", **preloaded).stdout == b"1\n2\n"


def test_an_empty_or_negative_argument_ends_no_arguments(preloaded):
    assert run("json-sep", "", **preloaded).returncode == 66
    assert run("s3-keygen", "{line}", "--start", "-1", **preloaded).returncode == 64


def test_a_tool_runs_without_its_own_name():
    """Even the tool's name is missing."""
    program = f"import ctypes; ctypes.CDLL(None).execv({bytes(BIN / 'json-sep')!r}, (ctypes.c_char_p * 1)(None))"
    finished = subprocess.run(["python3", "-c", program], input=b"{}", capture_output=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, b"{}\n")


@pytest.mark.parametrize("mark", ["\u0301", "\ufe0f", "\u20dd\u0301"])
def test_a_value_may_start_with_a_combining_mark(mark, tmp_path, monkeypatch):
    """Strings are compared by bytes, not characters: the combining mark belongs to the value, not to the character
    before it."""
    monkeypatch.chdir(tmp_path)
    keyed = run("s3-keygen", f"--reject={mark}r", mark + "/{env:X|line}", stdin=b"a\n", X=mark)
    assert keyed.returncode == 0, keyed.stderr
    assert keyed.stdout.decode() == f"{mark}/{quote(mark)}\ta\n"
    records = ["s3-put-lines", "--dry-run", f"--metadata={mark}", f"s3://b/{mark}"]
    assert b"not of the form K=V" in run(*records).stderr, "an option with a value"
    records[2] = f"--tag=k={mark}"
    assert run(*records, stdin=b"k\tv\n").stdout == b"k\n"
    for words in (["json-sep", f"--seq={mark}"], ["json-sep", f"--unwrap={mark}"], ["json-sep", f"--bogus={mark}"]):
        assert run(*words).returncode == 64, words


def test_an_environment_variable_may_start_with_a_combining_mark(tmp_path):
    finished = run(
        "s3-put-lines", "s3://b", AWS_ENDPOINT_URL_S3="\u0301", AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s"
    )
    assert finished.returncode == 78 and b"AWS_ENDPOINT_URL_S3" in finished.stderr
