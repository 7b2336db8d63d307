"""`--help`, man pages, completions and what is installed say the same."""

import os
import re
import subprocess

import documents
import pytest
from conftest import BIN, ROOT, TOOLS, require

SHELLS = {"bash": "{}.bash", "zsh": "_{}", "fish": "{}.fish"}
pytestmark = pytest.mark.parametrize("tool", TOOLS)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Completions of the built tools."""
    directory = tmp_path_factory.mktemp("completions")
    subprocess.run([ROOT / "scripts/completions", directory], env=os.environ | {"S3_LINES_BIN": str(BIN)}, check=True)
    return directory


def help_of(tool):
    require(tool)
    return subprocess.check_output([BIN / tool, "--help"], text=True)


def test_help_and_page_have_the_same_options(tool):
    in_help = documents.options_of_help(help_of(tool))
    in_page = documents.options_of_page((ROOT / f"man/{tool}.1").read_text())
    assert {"--help", "-h", "--version"} <= in_help.keys()
    assert in_page == in_help


def test_completions_have_the_same_options(tool):
    options = {name for name in documents.options_of_help(help_of(tool)) if name.startswith("--")}
    for name in SHELLS.values():
        text = (ROOT / "completions" / name.format(tool)).read_text()
        missing = {option for option in options if not re.search(rf"(--|-l '?){option[2:]}\b", text)}
        assert missing == set(), name


def test_completions_are_the_generated_ones(tool, generated):
    for name in SHELLS.values():
        file = name.format(tool)
        assert (generated / file).read_bytes() == (ROOT / "completions" / file).read_bytes(), "run: make completions"


def test_page_prints_every_exit_status_it_can_end_with(tool):
    text = (ROOT / f"man/{tool}.1").read_text()
    assert ".Sh EXIT STATUS" in text
    listed = re.findall(r"^\.It (?:Li |Er )?(\d+)", text.partition(".Sh EXIT STATUS")[2], re.MULTILINE)
    assert {"0", "64", "65", "74"} <= set(listed)


# In the order of mdoc(7); what only some tools have stands between OPTIONS and FAILURES, or before OPTIONS.
HEADINGS = [
    "NAME", "SYNOPSIS", "DESCRIPTION", "TEMPLATES", "OPTIONS", "COMMANDS", "CURSORS", "FAILURES", "ENVIRONMENT", "FILES",
    "EXIT STATUS", "EXAMPLES", "SEE ALSO", "STANDARDS",
]  # fmt: skip


def test_page_has_the_headings_of_all_pages(tool):
    headings = re.findall(r"^\.Sh (.*)$", (ROOT / f"man/{tool}.1").read_text(), re.MULTILINE)
    assert headings == [each for each in HEADINGS if each in headings]
    assert {"DESCRIPTION", "OPTIONS", "FAILURES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} <= set(headings)


def test_page_of_an_s3_tool_names_the_proxies(tool):
    if tool in ("json-sep", "s3-keygen"):
        return
    text = (ROOT / f"man/{tool}.1").read_text().partition(".Sh ENVIRONMENT")[2].partition("\n.Sh ")[0]
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "AWS_CA_BUNDLE", "AWS_PROFILE"):
        assert re.search(rf"^\.It .*Ev {variable}\b", text, re.MULTILINE), variable


def test_page_has_examples(tool):
    assert documents.examples_of_page(ROOT / f"man/{tool}.1")


def test_version_is_that_of_the_package(tool):
    require(tool)
    shown = subprocess.check_output([BIN / tool, "--version"], text=True)
    assert shown.splitlines()[0] == f"{tool} {documents.version()}"


def test_version_names_the_libraries(tool):
    require(tool)
    shown = subprocess.check_output([BIN / tool, "--version"], text=True)
    libraries = set(re.findall(r"(\w+)/\d+\.\d+", shown))
    needed = {"json-sep": set(), "s3-keygen": {"OpenSSL"}}.get(tool, {"libcurl", "OpenSSL", "zlib", "expat"})
    assert needed <= libraries and bool(needed) == bool(libraries), shown


def test_no_page_is_wider_than_a_terminal(tool):
    for page in (ROOT / f"man/{tool}.1", ROOT / "man/s3-lines.7"):
        text = subprocess.check_output(["mandoc", "-T", "utf8", "-O", "width=78", page], text=True)
        shown = re.sub(".\b", "", text)
        assert [line for line in shown.splitlines() if len(line) > 78] == []
        assert f"s3-lines {documents.version()}" in shown.splitlines()[-1]


def test_help_shows_its_own_options_first_and_examples_last(tool):
    text = help_of(tool)
    titles = re.findall(r"^([A-Z][A-Z0-9 ]*):", text, re.MULTILINE)
    assert titles[0] == "OVERVIEW" and titles[-1] == "EXAMPLES"
    if "OPTIONS OF EVERY S3 TOOL" in titles:
        assert titles[-2] == "OPTIONS OF EVERY S3 TOOL"
    examples = text.partition("\nEXAMPLES:\n")[2].splitlines()
    for example in examples:
        assert tool in example and len(example) <= 100
        # Every option in it is one of a tool's.
        for option in re.findall(r"(?<= )--[a-z-]+", example):
            assert any(option in help_of(other) for other in TOOLS), option
