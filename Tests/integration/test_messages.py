"""All texts that can come on standard error are in one file, so that a change of words is seen as a whole."""

import re
import subprocess

from conftest import ROOT

# Words that say nothing to those who know S3, or are other tools' for something else.
STRANGE = ["the answer", "asks who", "on the way", "round in circles", "nothing tells", "goes with", "wants "]


def test_the_messages_are_those_that_were_read():
    shown = subprocess.check_output([ROOT / "scripts/messages"], text=True)
    kept = (ROOT / "Tests/integration/messages.txt").read_text()
    assert shown == kept, "messages have changed; read them, then run: scripts/messages --write"


def test_messages_have_the_words_of_the_field():
    lines = (ROOT / "Tests/integration/messages.txt").read_text().splitlines()
    assert len(lines) > 200
    assert [line for line in lines if any(re.search(word, line) for word in STRANGE)] == []
