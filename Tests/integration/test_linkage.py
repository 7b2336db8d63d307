"""The libraries that the built tools load, and the modules that the sources import."""

import re
import subprocess

import pytest
from conftest import BIN, ROOT, TOOLS

SYSTEM = {"libc.so", "libm.so", "libgcc_s.so", "libstdc++.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so"}
S3 = {"libcurl.so", "libcrypto.so", "libexpat.so", "libz.so", "libzstd.so"}
ALLOWED = {"json-sep": set(), "s3-keygen": {"libcrypto.so"}}


@pytest.mark.parametrize("tool", TOOLS)
def test_loads_only_what_it_needs(tool):
    dynamic = subprocess.check_output(["readelf", "--dynamic", "--wide", BIN / tool], text=True)
    needed = {name.split(".so")[0] + ".so" for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)}
    assert needed, "a static binary would load nothing, and these are not"
    assert needed <= SYSTEM | ALLOWED.get(tool, S3)


@pytest.mark.parametrize("tool", TOOLS)
def test_has_no_foundation_linked_into_it(tool):
    assert b"10Foundation" not in (BIN / tool).read_bytes(), "the module's name in a mangled symbol"


def test_no_source_imports_foundation():
    sources = list((ROOT / "Sources").rglob("*.swift"))
    assert sources
    pattern = re.compile(r"^\s*(\w+\s+)?import Foundation", re.MULTILINE)
    assert [str(file) for file in sources if pattern.search(file.read_text())] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_is_hardened_as_debian_builds(tool):
    described = subprocess.check_output(["readelf", "--dynamic", "--program-headers", "--wide", BIN / tool], text=True)
    if "libswiftCore.so" in described:
        pytest.skip("a debug binary, which finds the runtime by its RUNPATH")
    assert "GNU_RELRO" in described
    assert re.search(r"\(FLAGS_1\).*\bNOW\b", described), "symbols are bound while the tool runs"
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", described)
    assert re.search(r"GNU_STACK +\S+ +\S+ +\S+ +\S+ +\S+ +RW ", described), "the stack can be executed"
    assert "RUNPATH" not in described and "RPATH" not in described
