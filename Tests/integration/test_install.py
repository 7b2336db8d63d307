"""`make install` puts each tool, its page and its completions where they are looked for."""

from conftest import ROOT, TOOLS


def test_install(plain_shell):
    plain_shell.run(f"make -C '{ROOT}' install DESTDIR=\"$PWD\" PREFIX=/opt/s3 >&2").expect()
    prefix = plain_shell.directory / "opt/s3"
    installed = {str(file.relative_to(prefix)) for file in prefix.rglob("*") if file.is_file()}
    expected = set()
    for tool in TOOLS:
        expected |= {
            f"bin/{tool}",
            f"share/man/man1/{tool}.1",
            f"share/bash-completion/completions/{tool}",
            f"share/zsh/site-functions/_{tool}",
            f"share/fish/vendor_completions.d/{tool}.fish",
        }
        assert plain_shell.run(f"opt/s3/bin/{tool} --version").expect().stdout
    assert installed == expected
