"""All messages are in one file, so that a change of their wording is seen as a whole."""

import re
import subprocess

from conftest import ROOT

# Words that S3 users do not know, or that mean something else in other tools.
STRANGE = ["the answer", "asks who", "on the way", "round in circles", "nothing tells", "goes with", "wants "]


def test_the_messages_match_the_reviewed_file():
    shown = subprocess.check_output([ROOT / "scripts/messages"], text=True)
    kept = (ROOT / "Tests/integration/messages.txt").read_text()
    assert shown == kept, "messages have changed; read them, then run: scripts/messages --write"


def test_messages_use_the_terms_of_the_field():
    lines = (ROOT / "Tests/integration/messages.txt").read_text().splitlines()
    assert len(lines) > 200
    assert [line for line in lines if any(re.search(word, line) for word in STRANGE)] == []
