"""`make install` installs each tool, its page and its completions in the right directories, and `make uninstall`
removes them."""

import re
import shutil

import documents
import pytest
from conftest import BIN, ROOT, TOOLS


@pytest.fixture
def clone(tmp_path):
    """The project's files with the tools under test, as after `make`."""
    for name in ("Makefile", "Package.swift", "scripts", "man", "completions", "Sources", "README.md", "CHANGELOG.md",
                 "LICENSE", "SECURITY.md"):  # fmt: skip
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build/release").symlink_to(BIN)
    return tmp_path


def pages():
    return {f"share/man/man{page.suffix[1:]}/{page.name}" for page in (ROOT / "man").glob("*.[17]")}


def files_below(directory):
    return {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}


def test_install_and_uninstall(clone, plain_shell):
    plain_shell.run("make install DESTDIR=\"$PWD/root\" PREFIX=/opt/s3 >&2").expect()
    prefix = plain_shell.directory / "root/opt/s3"
    expected = pages()
    for tool in TOOLS:
        expected |= {
            f"bin/{tool}",
            f"share/bash-completion/completions/{tool}",
            f"share/zsh/site-functions/_{tool}",
            f"share/fish/vendor_completions.d/{tool}.fish",
        }
        assert plain_shell.run(f"root/opt/s3/bin/{tool} --version").expect().stdout
        assert b"no symbols" in plain_shell.run(f"nm root/opt/s3/bin/{tool} 2>&1").expect().stdout
    assert files_below(prefix) == expected
    (prefix / "bin/another").touch()
    plain_shell.run("make uninstall DESTDIR=\"$PWD/root\" PREFIX=/opt/s3 >&2").expect()
    assert files_below(prefix) == {"bin/another"}


def test_install_builds_nothing(clone, plain_shell):
    (clone / ".build/release").unlink()
    message = plain_shell.run("make install DESTDIR=\"$PWD/root\"").expect(2).message
    assert "nothing is built yet; run: make" in message
    assert not (clone / "root").exists()


def test_help_names_every_target(clone, plain_shell):
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    named = set(re.findall(r"make ([a-z-]+)", plain_shell.run("make help").expect().stdout.decode()))
    assert set(phony.replace("\\", "").split()) - {"build", "help"} <= named


def test_web_pages_need_no_tests(clone, plain_shell):
    """A reader of the manual needs neither S3 servers nor shells."""
    assert plain_shell.run("make --dry-run html").expect().lines[0] == "scripts/setup manual"


@pytest.mark.skipif(not shutil.which("dpkg-shlibdeps"), reason="not a Debian system")
def test_the_debian_package_depends_on_what_the_tools_load(clone, plain_shell):
    if "libswiftCore" in plain_shell.run(f"readelf --dynamic {BIN}/{TOOLS[0]}").expect().stdout.decode():
        pytest.skip("only binaries that contain the Swift runtime are packaged")
    # Compression would take most of the time.
    package = plain_shell.run("DPKG_DEB_COMPRESSOR_TYPE=gzip DPKG_DEB_COMPRESSOR_LEVEL=1 scripts/package deb").expect().lines[-1]
    control = plain_shell.run(f"dpkg-deb --info {package}").expect().stdout.decode()
    for library in ("libc6", "libcurl4", "libssl3", "zlib1g", "libexpat1"):
        assert re.search(rf"Depends:.*\b{library}", control), control
    contents = plain_shell.run(f"dpkg-deb --contents {package}").expect().stdout.decode()
    for tool in TOOLS:
        assert f"./usr/bin/{tool}\n" in contents and f"./usr/share/man/man1/{tool}.1.gz\n" in contents
    log = f"dpkg-deb --fsys-tarfile {package} | tar -xO ./usr/share/doc/s3-lines/changelog.gz | zcat"
    shown = plain_shell.run(f"{log} | dpkg-parsechangelog --file - --show-field Version").expect().lines
    assert shown == [documents.version()]


def test_every_page_is_a_web_page_too(clone, plain_shell):
    index = plain_shell.run("scripts/package html").expect().lines[-1]
    directory = (clone / index).parent
    for page in (ROOT / "man").glob("*.[17]"):
        text = (directory / f"{page.name}.html").read_text()
        assert f'<a href="{page.name}.html">' in (clone / index).read_text()
        for linked in re.findall(r'href="([^"#:]+\.html)"', text):
            assert (directory / linked).exists(), linked
