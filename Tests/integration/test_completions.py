"""Completions as users see them: in bash, zsh and fish, in a terminal."""

import os
import subprocess
import time

import pytest
from conftest import BIN, ROOT, TOOLS
from servers import without_aws

SECONDS = 20
PROMPT = "ready>"


class Terminal:
    """A shell in a tmux terminal, in `directory`, with the tools in PATH."""

    def __init__(self, command, directory, **variables):
        environment = without_aws(os.environ) | {
            "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(directory), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh",
            "XDG_CONFIG_HOME": str(directory), "XDG_DATA_HOME": str(directory),
        }  # fmt: skip
        self.environment = environment | variables
        self.socket = str(directory / "tmux")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "50", "-c", str(directory), *command)

    def tmux(self, *words):
        command = ["tmux", "-S", self.socket, *words]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def key(self, name):
        self.tmux("send-keys", name)

    def line_with(self, *marks):
        """Waits for a line on the screen that contains all `marks`, and returns it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            screen = self.tmux("capture-pane", "-p")
            for line in screen.splitlines():
                if all(mark in line for mark in marks):
                    return line
            time.sleep(0.02)
        raise AssertionError(f"{marks} are not on the screen:\n{screen}")

    def close(self):
        self.tmux("kill-server")


def start(kind, directory):
    for name in ("alpha:1.json", "beta.json"):
        (directory / name).touch()
    completions = ROOT / "completions"
    if kind.startswith("bash"):
        loading = [f"source {completions}/{tool}.bash" for tool in TOOLS]
        if kind == "bash with bash-completion":
            loading.insert(0, "source /usr/share/bash-completion/bash_completion")
        (directory / "rc").write_text("\n".join([f"PS1='{PROMPT} '", "bind 'set bell-style none'", *loading]) + "\n")
        return Terminal(["bash", "--noprofile", "--rcfile", "rc", "-i"], directory)
    if kind == "zsh":
        (directory / ".zshrc").write_text(
            f"PS1='{PROMPT} '\nfpath=({completions} $fpath)\nautoload -U compinit\ncompinit -u -D\nunsetopt beep\n"
        )
        return Terminal(["zsh", "-i"], directory, ZDOTDIR=str(directory))
    lines = [f"source {completions}/{tool}.fish" for tool in TOOLS]
    lines += [
        f"function fish_prompt; echo -n '{PROMPT} '; end",
        "set -g fish_greeting",
        "set -g fish_autosuggestion_enabled 0",
    ]
    return Terminal(["fish", "-i", "-C", "; ".join(lines)], directory)


# The text typed before TAB, and the expected line.
CASES = [
    ("s3-put-lines --no-cl", "s3-put-lines --no-clobber "),
    ("s3-put-lines s3://b --qui", "s3-put-lines s3://b --quiet "),
    ("s3-put-lines s3://b a:b --qui", "s3-put-lines s3://b a:b --quiet "),
    ("s3-put-lines --memory 8M --endpoint http://h:1 s3://b --qui",
     "s3-put-lines --memory 8M --endpoint http://h:1 s3://b --quiet "),
    ("s3-put-lines --acl bucket-owner-r", "s3-put-lines --acl bucket-owner-read "),
    ("s3-put-lines --storage-class INTEL", "s3-put-lines --storage-class INTELLIGENT_TIERING "),
    ("s3-put-lines --sse AE", "s3-put-lines --sse AES256 "),
    ("s3-put-lines --addressing vi", "s3-put-lines --addressing virtual "),
    ("s3-put-lines --addressing=vi", "s3-put-lines --addressing=virtual "),
    ("s3-put-lines --reject be", "s3-put-lines --reject beta.json "),
    ("s3-put-lines s3://b key --reg", "s3-put-lines s3://b key --region"),
    ("s3-get-lines s", "s3-get-lines s3://"),
    ("s3-get-lines s3", "s3-get-lines s3://"),
    ("s3-put-lines --sse aws:kms:d", "s3-put-lines --sse aws:kms:dsse "),
    ("s3-put-lines --sse=aws:kms:d", "s3-put-lines --sse=aws:kms:dsse "),
    ("s3-get-lines s3://b --uno", "s3-get-lines s3://b --unordered "),
    ("s3-list-keys --newer", "s3-list-keys --newer-than "),
    ("s3-delete-keys --if", "s3-delete-keys --if-match "),
    ("json-sep be", "json-sep beta.json "),
    ("json-sep --reject x be", "json-sep --reject x beta.json "),
    ("s3-keygen --roll-l", "s3-keygen --roll-lines "),
]  # fmt: skip


@pytest.fixture
def terminal(kind, tmp_path):
    terminal = start(kind, tmp_path)
    yield terminal
    terminal.close()


def completed(terminal, typed, mark):
    """The command line after `typed` and TAB, up to the cursor. It is not run."""
    terminal.line_with(PROMPT)
    terminal.type(typed)
    terminal.key("Tab")
    terminal.type(mark)
    line = terminal.line_with(PROMPT, mark)
    terminal.key("C-u")
    return line.partition(PROMPT + " ")[2].removesuffix(mark)


@pytest.mark.parametrize("kind", ["bash", "bash with bash-completion", "zsh", "fish"])
def test_a_shell_completes_typed_text(terminal):
    for number, (typed, expected) in enumerate(CASES):
        # After an option with a value zsh inserts =, which a following space removes.
        assert completed(terminal, typed, f"@{number}@").rstrip(" =") == expected.rstrip(" ="), typed


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_no_subcommand_is_offered(terminal):
    for tool in TOOLS:
        assert completed(terminal, f"{tool} hel", f"@{tool}@") == f"{tool} hel"
