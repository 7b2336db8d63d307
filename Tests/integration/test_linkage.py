"""What the built tools load at run time, and what they were built from."""

import re
import subprocess

import pytest
from conftest import BIN, ROOT, TOOLS

SYSTEM = {"libc.so", "libm.so", "libgcc_s.so", "libstdc++.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so"}
S3 = {"libcurl.so", "libcrypto.so", "libexpat.so", "libz.so"}
ALLOWED = {"json-sep": set(), "s3-keygen": {"libcrypto.so", "libz.so"}}


@pytest.mark.parametrize("tool", TOOLS)
def test_loads_only_what_it_needs(tool):
    dynamic = subprocess.check_output(["readelf", "--dynamic", "--wide", BIN / tool], text=True)
    needed = {name.split(".so")[0] + ".so" for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)}
    assert needed, "a static binary would load nothing, and these are not"
    assert needed <= SYSTEM | ALLOWED.get(tool, S3)


def test_no_source_imports_foundation():
    sources = list((ROOT / "Sources").rglob("*.swift"))
    assert sources
    importing = [str(file) for file in sources if re.search(r"^\s*(\w+\s+)?import Foundation", file.read_text(), re.M)]
    assert importing == []
