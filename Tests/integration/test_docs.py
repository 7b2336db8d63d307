"""Types and tests named in docs/ exist."""

import re

from conftest import ROOT

DOCS = ROOT / "docs"


def test_every_type_named_in_the_architecture_exists():
    sources = "\n".join(file.read_text() for file in (ROOT / "Sources").rglob("*.swift"))
    declared = set(re.findall(r"\b(?:struct|class|enum|protocol) (\w+)", sources))
    modules = {directory.name for directory in (ROOT / "Sources").iterdir()}
    named = set(re.findall(r"`([A-Z]\w+)(?:\.\w+)?`", (DOCS / "ARCHITECTURE.md").read_text()))
    assert len(named) > 30 and named - declared - modules == set()


def test_every_step_of_the_data_flow_is_in_a_folder_of_its_row():
    text = (DOCS / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| [^|`]+ \| ([^|]*`[^|]*) \| ([^|`]+) \|$", text.partition("## Invariants")[0], re.MULTILINE)
    assert len(rows) > 10
    for steps, folders in rows:
        named = set(re.findall(r"`([A-Z]\w+)", steps))
        found = {folder: {name for name in named if (ROOT / f"Sources/{folder}/{name}.swift").exists()}
                 for folder in folders.split(", ")}  # fmt: skip
        assert set().union(*found.values()) == named and all(found.values()), (steps, found)


def test_every_test_named_in_a_guarantee_exists():
    named = set(re.findall(r"`(test_\w+|\w+Tests)::(\w+)`", (DOCS / "GUARANTEES.md").read_text()))
    assert len(named) > 40
    for file, test in sorted(named):
        if file.startswith("test_"):
            text = (ROOT / f"Tests/integration/{file}.py").read_text()
            assert f"def {test}(" in text, (file, test)
        else:
            texts = [path.read_text() for path in (ROOT / "Tests").rglob("*.swift")]
            assert any(f"func {test}(" in text and file in text for text in texts), (file, test)
    assert not re.findall(r"`test_\w+`", (DOCS / "GUARANTEES.md").read_text()), "a file says too little"


def test_every_rate_in_the_readme_is_a_measured_one():
    table = (ROOT / "README.md").read_text().partition("\n## Performance\n")[2].partition("\n## ")[0]
    rates = re.findall(r"[\d,.]+ (?:[MG]B|objects|keys|lines)/s", table)
    measured = (ROOT / "bench/RESULTS.md").read_text()
    assert len(rates) > 20 and [rate for rate in rates if f"| {rate} |" not in measured] == []
