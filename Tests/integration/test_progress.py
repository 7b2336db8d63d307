"""How far a run is: shown where a person looks at standard error and standard output is not in the way."""

import contextlib
import os
import pty
import re
import subprocess
import time

import pytest
import servers
from conftest import BIN, Shell, require
from lying_server import LyingServer, error

SLOW = 1.3  # seconds; more than two of what is shown on a terminal each half second
LINE = r"1 object, (\d+ lines?, )?\d+ B, \d+\.\d s, \d+ B/s"
TOOLS = {
    "s3-put-lines": (["s3-put-lines", "s3://bucket"], b"fast\t1\nslow\t2\n"),
    "s3-get-lines": (["s3-get-lines", "s3://bucket", "fast", "slow"], b""),
}


def handle(request):
    """`slow` takes its time, `bad` is refused."""
    if request.path.endswith("slow"):
        time.sleep(SLOW)
    if request.path.endswith("bad"):
        time.sleep(SLOW / 2)
        return 403, {}, error("AccessDenied")
    return 200, {"ETag": '"e"'}, b"data\n" if request.method == "GET" else b""


@pytest.fixture
def shell(tmp_path):
    with LyingServer(handle) as server:
        environment = {
            "AWS_ACCESS_KEY_ID": servers.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": servers.SECRET_KEY,
            "AWS_ENDPOINT_URL_S3": server.endpoint,
        }
        yield Shell(tmp_path, environment, seconds=30)


def on_terminal(shell, words, stdin, stdout_too=False, status=0):
    """Runs a tool whose standard error is a terminal; what came there, and on standard output."""
    require(words[0])
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]],
        cwd=shell.directory,
        env=shell.environment,
        stdin=subprocess.PIPE,
        stdout=end if stdout_too else subprocess.PIPE,
        stderr=end,
        preexec_fn=servers.die_with_parent,
    )
    os.close(end)
    shown = b""
    try:
        stdout, _ = process.communicate(stdin, timeout=30)
        # A terminal that no one holds open any more is EIO after its last byte; what fits it did not block.
        with contextlib.suppress(OSError):
            while part := os.read(terminal, 4096):
                shown += part
        assert process.returncode == status, shown
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    return shown.decode(), stdout


@pytest.mark.parametrize("tool", TOOLS)
def test_a_terminal_shows_one_line_that_is_gone_at_the_end(shell, tool):
    words, stdin = TOOLS[tool]
    shown, stdout = on_terminal(shell, words, stdin)
    assert re.fullmatch(rf"(\r{tool}: {LINE}\x1b\[K){{2,}}\r\x1b\[K", shown)
    assert len(stdout.splitlines()) == 2


@pytest.mark.parametrize("tool", TOOLS)
def test_a_message_does_not_run_into_the_line(shell, tool):
    words, stdin = TOOLS[tool]
    words = [*words, "bad"] if not stdin else [*words, "--reject", "r"]
    shown, _ = on_terminal(shell, words, stdin + b"bad\t3\n" if stdin else b"", status=1)
    assert re.search(rf"\x1b\[K\r\x1b\[K{tool}: bad: [^\r\n]*AccessDenied[^\r\n]*\r\n", shown)
    assert shown.endswith(("\r\x1b[K", "\r\n"))


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_is_shown_where_it_is_not_wanted(shell, tool):
    words, stdin = TOOLS[tool]
    shown, _ = on_terminal(shell, [*words, "--no-progress"], stdin)
    assert shown == ""
    # Data goes to the same terminal.
    shown, _ = on_terminal(shell, words, stdin, stdout_too=True)
    assert tool not in shown and len(shown.splitlines()) == 2
    run = shell.tool(*words, stdin=stdin).expect()
    assert run.stderr == b""


@pytest.mark.parametrize("tool", TOOLS)
def test_a_pipe_has_whole_lines_if_it_is_asked_for(shell, tool):
    words, stdin = TOOLS[tool]
    run = shell.tool(*words, "--progress", stdin=stdin).expect()
    assert re.fullmatch(rf"{tool}: {LINE.replace('1 object', '2 objects')}\n", run.message)


def test_requests_that_are_shown_leave_no_room_for_a_line(shell):
    words, stdin = TOOLS["s3-get-lines"]
    shown, _ = on_terminal(shell, [*words, "--verbose", "--progress"], stdin)
    assert "\x1b" not in shown and "GET s3://bucket/slow: GetObject: 200" in shown and shown.count("2 objects, ") == 1
