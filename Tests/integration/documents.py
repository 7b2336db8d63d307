"""Extracts the examples and options from the manual pages and Markdown files.

CONTRIBUTING.md explains how to write examples; test_examples.py runs them.

"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DIRECTIVES = {"before", "after", "status", "stop", "norun", "needs"}
ROFF_CHARACTERS = {
    r"\e": "\\", r"\(rs": "\\", r"\(aq": "'", r"\(dq": '"', r"\(ga": "`", r"\(ha": "^", r"\(ti": "~",
    r"\-": "-", r"\&": "",
}  # fmt: skip


def version():
    """The version of every tool, from its source."""
    source = ROOT / "Sources/CommandSupport/Version.swift"
    return re.search(r'toolkitVersion = "(.*)"', source.read_text())[1]


@dataclass
class Example:
    """A block of commands, with the directives before it."""

    where: str
    text: str
    directives: dict[str, list[str]] = field(default_factory=dict)

    def directive(self, name):
        return "\n".join(self.directives.get(name, []))

    @property
    def is_transcript(self):
        return self.text.startswith("$ ")

    def steps(self):
        """The commands of a transcript, each with its expected output."""
        steps = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], ""))
                continue
            command, output = steps[-1]
            if line.startswith("> ") and not output:
                steps[-1] = (f"{command}\n{line[2:]}", output)
            else:
                steps[-1] = (command, output + line + "\n")
        return steps


class Blocks:
    """Collects directives up to the block to which they belong."""

    def __init__(self, path):
        self.path, self.examples, self.directives = path, [], {}

    def directive(self, text, number):
        name, colon, value = text.partition(":")
        if colon and name.strip() in DIRECTIVES:
            self.directives.setdefault(name.strip(), []).append(value.strip())

    def end(self, lines, number):
        where = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path.name
        example = Example(f"{where}:{number}", "\n".join(lines), self.directives)
        self.examples.append(example)
        self.directives = {}


def examples_of_page(path):
    """The `.Bd -literal` blocks of an mdoc page's EXAMPLES."""
    blocks, block, inside = Blocks(path), None, False
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        where = f"{path}:{number}"
        if line.startswith(".Sh "):
            inside = line == ".Sh EXAMPLES"
        elif not inside:
            continue
        elif line.startswith('.\\"'):
            blocks.directive(line[3:], number)
        elif line.startswith(".Bd -literal"):
            block = []
        elif line == ".Ed":
            blocks.end(block, number - len(block))
            block = None
        elif block is not None:
            assert not line.startswith("."), f"{where}: a macro in an example cannot be run"
            block.append(plain(line, where))
        else:
            assert not line.startswith(".Dl"), f"{where}: write an example as .Bd -literal"
    return blocks.examples


def plain(line, where):
    """A line of roff as plain text."""

    def character(match):
        assert match[0] in ROFF_CHARACTERS, f"{where}: unknown escape {match[0]}"
        return ROFF_CHARACTERS[match[0]]

    return re.sub(r"\\(?:\(..|.)", character, line)


def examples_of_markdown(path):
    """The ```sh blocks of a Markdown file."""
    blocks, block = Blocks(path), None
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        comment = re.fullmatch(r"\s*<!-- (.*) -->", line)
        if block is not None:
            if line.strip() == "```":
                blocks.end(block, number - len(block))
                block = None
            else:
                block.append(line)
        elif line.strip() == "```sh":
            block = []
        elif comment:
            blocks.directive(comment[1], number)
    return blocks.examples


def options_of_help(text):
    """The options listed by `--help`, each with whether it takes a value."""
    options = {}
    for line in text.splitlines():
        match = re.match(r"  (-[^ ]*(?:[,/] -[^ ]*)*)( <[^>]+>)?(?:  |$)", line)
        if match:
            for name in re.split(r", |/", match[1]):
                options[name] = match[2] is not None
    return options


def options_of_page(text):
    """The options in the lists of an mdoc page, each with whether it takes a value."""
    options = {}
    for line in re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE):
        for name in re.findall(r"Fl (-?[A-Za-z0-9-]+)", line):
            options[f"-{name}"] = " Ar " in line
    return options
