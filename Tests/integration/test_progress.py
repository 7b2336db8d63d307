"""The progress display: shown if a person sees standard error and standard output does not interfere."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time

import pytest
import servers
from conftest import Shell, within
from lying_server import LyingServer, error

SLOW = 1.3  # seconds; more than two updates on a terminal, which are half a second apart
LINE = r"1 (of 2 objects|object), (\d+ lines?, )?\d+ B, \d+\.\d s, \d+ B/s(, \d+%)?(, \d+ s left)?"
ERASE = r"\x1b\[K"
TOOLS = {
    "s3-put-lines": (["s3-put-lines", "s3://bucket"], b"fast\t1\nslow\t2\n"),
    "s3-get-lines": (["s3-get-lines", "s3://bucket", "fast", "slow"], b""),
}


def handle(request):
    """`slow` is delayed, `bad` is rejected."""
    if request.path.endswith("slow"):
        time.sleep(SLOW)
    if request.path.endswith("bad"):
        time.sleep(SLOW / 2)
        return 403, {}, error("AccessDenied")
    return 200, {"ETag": '"e"'}, b"data\n" if request.method == "GET" else b""


@pytest.fixture
def shell(tmp_path):
    with LyingServer(handle) as server:
        yield Shell(tmp_path, server.tool_environment(), seconds=30)


# Makes the terminal of standard error the controlling terminal of a new session, with the process in its foreground, or
# in its background if the first word says so, and runs the other words.
STARTER = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
child = os.fork()
if child == 0:
    if sys.argv[1] == "background":
        os.setpgid(0, 0)
    os.execvp(sys.argv[2], sys.argv[2:])
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os._exit(status if status >= 0 else 128 - status)
"""


class Screen:
    """A terminal, with everything that was written to it."""

    def __init__(self, columns=200):
        self.terminal, self.end = pty.openpty()
        self.columns(columns)
        self.shown = b""
        self.reader = threading.Thread(target=self._read)

    def columns(self, number):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, number, 0, 0))

    def _read(self):
        # Reading a terminal that no process has open fails with EIO after the last byte.
        with contextlib.suppress(OSError):
            while part := os.read(self.terminal, 4096):
                self.shown += part

    def until(self, pattern):
        within(30, lambda: re.search(pattern, self.shown))

    def run(self, shell, words, stdin, stdout, place="foreground", meanwhile=lambda screen: None, **more):
        process = subprocess.Popen(
            ["python3", "-c", STARTER, place, *words], cwd=shell.directory, env=shell.environment | more,
            stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin, stdout=self.end if stdout is None else stdout,
            stderr=self.end, preexec_fn=servers.die_with_parent,
        )  # fmt: skip
        os.close(self.end)
        self.reader.start()
        try:
            if isinstance(stdin, bytes):
                process.stdin.write(stdin)
                process.stdin.close()
            meanwhile(self)
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            self.reader.join(10)
            os.close(self.terminal)
        return process.returncode


def on_terminal(shell, words, stdin, stdout="file", status=0, columns=200, **more):
    """Runs a tool whose standard error is a terminal; returns the output on the terminal and on standard output."""
    screen, file = Screen(columns), shell.directory / "stdout"
    file.touch()
    with open(os.devnull if stdout == "null" else file, "wb") as output:
        target = {"screen": None, "pipe": subprocess.DEVNULL}.get(stdout, output)
        command = words
        if stdout == "pipe":
            command = ["sh", "-c", '"$@" | cat > stdout', "sh", *words]
        found = screen.run(shell, command, stdin, target, **more)
    assert found == status, screen.shown
    return screen.shown.decode(), file.read_bytes()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_terminal_shows_one_line_that_is_cleared_at_the_end(shell, tool):
    words, stdin = TOOLS[tool]
    shown, stdout = on_terminal(shell, words, stdin)
    assert re.fullmatch(rf"(\r{tool}: {LINE}{ERASE}\r){{2,}}\r{ERASE}", shown)
    assert len(stdout.splitlines()) == 2


@pytest.mark.parametrize("tool", TOOLS)
def test_dev_null_is_as_good_as_a_file(shell, tool):
    words, stdin = TOOLS[tool]
    assert f"{tool}: 1 " in on_terminal(shell, words, stdin, stdout="null")[0]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_message_does_not_run_into_the_line(shell, tool):
    words, stdin = TOOLS[tool]
    words = [*words, "bad"] if not stdin else [*words, "--reject", "r"]
    shown, _ = on_terminal(shell, words, stdin + b"bad\t3\n" if stdin else b"", status=1)
    assert re.search(rf"{ERASE}\r\r{ERASE}{tool}: bad: [^\r\n]*AccessDenied[^\r\n]*\r\n", shown)
    assert shown.endswith(("\r\x1b[K", "\r\n"))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "options, more",
    [
        (["--no-progress"], {}),
        ([], {"stdout": "screen"}),  # data is written to the same terminal
        ([], {"stdout": "pipe"}),  # the next process may write to the terminal
        ([], {"place": "background"}),
        (["--progress"], {"place": "background"}),
    ],
    ids=lambda value: str(value),
)
def test_progress_is_hidden_if_it_would_interfere(shell, tool, options, more):
    words, stdin = TOOLS[tool]
    shown, stdout = on_terminal(shell, [*words, *options], stdin, **more)
    assert tool not in shown
    assert len((shown if more.get("stdout") == "screen" else stdout).splitlines()) == 2


def test_a_pipe_gets_no_progress(shell):
    words, stdin = TOOLS["s3-put-lines"]
    assert shell.tool(*words, stdin=stdin).expect().stderr == b""


@pytest.mark.parametrize("tool", TOOLS)
def test_the_line_is_cut_to_the_width(shell, tool):
    words, stdin = TOOLS[tool]
    shown, _ = on_terminal(shell, words, stdin, columns=24)
    drawn = re.findall(rf"\r({tool}[^\x1b]*){ERASE}", shown)
    assert drawn and all(len(line) == 23 for line in drawn)


def test_the_line_keeps_to_a_window_that_gets_smaller(shell):
    words = ["s3-get-lines", "s3://bucket", "fast", "slow"]
    screen = Screen(200)

    def resize(screen):
        screen.until(rb"s3-get-lines: 1 of 2 objects, [^\r]*B/s")
        screen.columns(20)
        screen.until(rb"\rs3-get-lines: 1 of \x1b")

    with open(shell.directory / "out", "wb") as file:
        assert screen.run(shell, words, b"", file, meanwhile=resize) == 0


def test_put_and_get_in_one_pipeline_share_the_screen(shell):
    """Only the last tool draws; if --progress is given to the first one, it writes complete lines."""
    script = "s3-put-lines s3://bucket | s3-get-lines s3://bucket > out"
    shown, _ = on_terminal(shell, ["sh", "-c", script], b"fast\t1\nslow\t2\n")
    assert "s3-get-lines: 1 object" in shown and "s3-put-lines" not in shown
    script = script.replace("s3-put-lines", "s3-put-lines --progress")
    shown, _ = on_terminal(shell, ["sh", "-c", script], b"fast\t1\nslow\t2\n")
    assert re.search(r"(^|[\rK])s3-put-lines: 2 objects, [^\r\n]*\r\n", shown)


def test_a_terminal_without_a_cursor_gets_lines(shell):
    words, stdin = TOOLS["s3-get-lines"]
    shown, _ = on_terminal(shell, words, stdin, TERM="dumb")
    assert "\r\x1b[K" not in shown and re.search(r"s3-get-lines: 2 objects, [^\r]*\r\n$", shown)


def test_the_remaining_time_is_shown_if_it_is_known(shell):
    """The input of s3-put-lines if it is a file; the objects whose sizes are known."""
    (shell.directory / "in").write_bytes(b"fast\t1\nslow\t2\n")
    with open(shell.directory / "in", "rb") as file:
        shown, _ = on_terminal(shell, TOOLS["s3-put-lines"][0], file)
    assert re.search(r"s3-put-lines: 1 object, 2 lines, [^\r]*, 100%", shown)
    shown, _ = on_terminal(shell, TOOLS["s3-get-lines"][0], b"")
    assert re.search(r"s3-get-lines: 1 of 2 objects, [^\r]*, 50%", shown)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_pipe_gets_complete_lines_with_progress(shell, tool):
    words, stdin = TOOLS[tool]
    run = shell.tool(*words, "--progress", stdin=stdin).expect()
    assert re.fullmatch(rf"{tool}: {LINE.replace('1 (of 2 objects|object)', '2 objects')}\n", run.message)


def test_verbose_disables_the_progress_line(shell):
    words, stdin = TOOLS["s3-get-lines"]
    shown, _ = on_terminal(shell, [*words, "--verbose", "--progress"], stdin)
    assert "\x1b" not in shown and "GET s3://bucket/slow: GetObject: 200" in shown and shown.count("2 objects, ") == 1
