"""Settings and keys from the shared files: the expected result is botocore's for the same files and variables."""

import os
import random
import re
from contextlib import contextmanager

import botocore.exceptions
import botocore.session
import pytest
import servers
from conftest import BIN, Shell
from lying_server import LyingServer

BASE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}


def good(request):
    return 200, {"ETag": '"e"'}, b""


@contextmanager
def environment(variables):
    """Sets this process's environment variables, which botocore reads."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def write(directory, config=None, credentials=None):
    (directory / ".aws").mkdir(exist_ok=True)
    for name, text in (("config", config), ("credentials", credentials)):
        path = directory / ".aws" / name
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture(scope="module")
def loader():
    """botocore's data files, read once."""
    return botocore.session.Session().get_component("data_loader")


def botocores(shell, option, loader):
    """Key, region and endpoint according to botocore; or a status, if the tool must end with one."""
    with environment(shell.environment):
        session = botocore.session.Session(profile=option)
        session.register_component("data_loader", loader)
        try:
            keys = session.get_credentials()
            if keys is None:
                return 77
            region = session.get_config_variable("region") or "us-east-1"
            client = session.create_client("s3", region_name=region)
        except botocore.exceptions.PartialCredentialsError:
            return 77
        except (botocore.exceptions.ProfileNotFound, botocore.exceptions.ConfigParseError):
            return 78
        except (botocore.exceptions.InvalidConfigError, botocore.exceptions.InvalidRegionError):
            return 78
        return keys.access_key, keys.token, region, client.meta.endpoint_url


def tools(shell, server, option):
    """Key, region and endpoint of the tool's requests, as received by a server."""
    server.journal.clear()
    words = ["--profile", option] if option else []
    finished = shell.tool("s3-put-lines", "--addressing", "path", *words, "s3://bucket", stdin=b"k\tv\n")
    if finished.status:
        assert finished.status in (77, 78) and not server.journal, finished.message
        return finished.status
    (put,) = (request for request in server.journal if request.method == "PUT")
    key = re.search(r"Credential=([^/]+)/", put.headers["authorization"])[1]
    base = put.path.removesuffix("/bucket/k")
    return key, put.headers.get("x-amz-security-token"), put.region, server.endpoint + base


def rows(count, seed):
    """Settings in all possible places, in all combinations."""
    dice = random.Random(seed)

    def maybe(chance=0.5):
        return dice.random() < chance

    def section(title, mark):
        lines = [title]
        if maybe():
            lines += [f"aws_access_key_id = AK{mark}"]
            lines += [f"aws_secret_access_key=SECRET{mark}"] if maybe(0.95) else []
            lines += [f"aws_session_token : TOKEN{mark}"] if maybe(0.3) else []
        lines += [f"region = eu-{mark}-1".lower()] if maybe() else []
        lines += [f"endpoint_url = URL/{mark}"] if maybe(0.4) else []
        lines += [f"ignore_configured_endpoint_urls = {dice.choice(['true', 'True', 'false'])}"] if maybe(0.1) else []
        lines += ["services = svc"] if maybe(0.3) else []
        lines += ["# a comment", "s3 =", "  addressing_style = path"] if maybe(0.2) else []
        return lines

    for number in range(count):
        config, credentials, variables = [], [], {}
        for name in ("default", "a", "b c"):
            if maybe(0.7):
                title = "[default]" if name == "default" else f"[profile '{name}']"
                config += section(title, "C" + name[0])
            if maybe(0.4):
                credentials += section(f"[{name}]", "S" + name[0])
        if maybe(0.8):
            config += ["[services svc]", "s3 = ", "  endpoint_url = URL/svc"]
        if maybe(0.3):
            variables |= {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "SECRETENV"}
            variables |= {"AWS_SESSION_TOKEN": "TOKENENV"} if maybe() else {}
        for name, value in (
            ("AWS_DEFAULT_REGION", "ap-env-1"),
            ("AWS_ENDPOINT_URL_S3", "URL/env-s3"),
            ("AWS_ENDPOINT_URL", "URL/env"),
        ):
            variables |= {name: value} if maybe(0.25) else {}
        if maybe():
            variables["AWS_PROFILE"] = dice.choice(["default", "a", "b c", "missing"])
        variables |= {"AWS_DEFAULT_PROFILE": dice.choice(["a", "b c"])} if maybe(0.1) else {}
        option = dice.choice(["default", "a", "b c", "missing"]) if maybe(0.3) else None
        yield number, "\n".join(config), "\n".join(credentials), variables, option


@pytest.mark.parametrize("seed", range(4))
def test_precedence_is_that_of_botocore(tmp_path, seed, loader):
    with LyingServer(good) as server:
        outcomes = set()
        for number, config, credentials, variables, option in rows(75, seed):
            # Combinations that would send requests to AWS are not tested here: a custom endpoint is always set.
            def here(text):
                return text.replace("URL/", server.endpoint + "/")

            write(tmp_path, here(config), here(credentials))
            variables = {name: here(value) for name, value in variables.items()}
            shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path)} | variables, 30)
            # With keys in the environment and no selected profile, no file is read: its settings do not count.
            named = option or variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE")
            if "AWS_ACCESS_KEY_ID" in variables and not named:
                write(tmp_path)
            expected = botocores(shell, option, loader)
            if isinstance(expected, tuple) and not expected[3].startswith(server.endpoint):
                continue
            assert tools(shell, server, option) == expected, (number, config, credentials, variables, option)
            outcomes.add(expected if isinstance(expected, int) else len(expected))
        assert outcomes == {77, 78, 4}


KEYS = "aws_access_key_id=AK\naws_secret_access_key=S\nendpoint_url=HERE\n"
ODD = {
    "spaces": "  [default]  \n  aws_access_key_id   =   AK  \n  aws_secret_access_key=S\n  endpoint_url=HERE",
    "colons": "[default]\naws_access_key_id:AK\naws_secret_access_key : S=x\nendpoint_url=HERE\n",
    "capitals": "[default]\nAWS_Access_Key_ID=AK\nAWS_SECRET_ACCESS_KEY=S\nEndpoint_URL=HERE\nREGION=eu-up-1\n",
    "carriage returns": "[default]\r\n" + KEYS.replace("\n", "\r\n"),
    "only carriage returns": "[default]\r" + KEYS.replace("\n", "\r"),
    "comments": "# [a]\n;[b]\n[default] # c\n" + KEYS,
    "comment in a value": "[default]\n" + KEYS + "region = eu-x-1 # mine\n",
    "defaults": "[DEFAULT]\nregion=eu-d-1\n[default]\n" + KEYS,
    "twice": "[default]\n"
    + KEYS
    + "[profile default]\naws_access_key_id=AK2\naws_secret_access_key=S2\nendpoint_url=HERE\n",
    "same section twice": "[default]\n" + KEYS + "[default]\n",
    "same name twice": "[default]\nregion=a\nregion=b\n" + KEYS,
    "no section": KEYS,
    "no equals": "[default]\nfoo\n" + KEYS,
    "no name": "[default]\n=foo\n" + KEYS,
    "nested": "[default]\ns3 =\n  a = b\n\n   c = d\n" + KEYS,
    "nested wrong": "[default]\ns3 =\n  a\n" + KEYS,
    "continued": "[default]\nfoo = a\n  b\n\n  c\n" + KEYS,
    "tabs": "[default]\n\taws_access_key_id\t=\tAK\t\n\taws_secret_access_key=S\n\tendpoint_url=HERE\n",
    "no-break space": "[default]\n" + KEYS + "region\u00a0=\u00a0eu-n-1\u00a0\n",
    "line separator": "[default]\nfoo = a\u2028b\n" + KEYS,
    "not UTF-8": b"[default]\nfoo=\xff\n" + KEYS.encode(),
    "byte order mark": "\ufeff[default]\n" + KEYS,
    "bracket in a title": "[default]]\n" + KEYS + "[default]\n" + KEYS,
    "half a key": "[default]\naws_access_key_id=AK\nendpoint_url=HERE\n",
    "empty value": "[default]\nregion=\n" + KEYS,
    "quotes": '[profile "default"]\n' + KEYS,
    "quote that does not end": "[profile 'x]\n[default]\n" + KEYS,
    "three words": "[profile a b]\n[default]\n" + KEYS,
    "services missing": "[default]\nservices=none\n" + KEYS,
    "empty": "",
    "blank": "\n \n\t\n",
}


@pytest.mark.parametrize("form", ODD)
@pytest.mark.parametrize("place", ["config", "credentials"])
def test_unusual_files_are_parsed_like_botocore(tmp_path, form, place, loader):
    text = ODD[form]
    shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path), "PYTHONUTF8": "1"}, 30)
    with LyingServer(good) as server:
        data = text if isinstance(text, bytes) else text.encode()
        data = data.replace(b"HERE", server.endpoint.encode())
        write(tmp_path, **{place: data})
        expected = botocores(shell, None, loader)
        assert tools(shell, server, None) == expected


@pytest.mark.parametrize("setting", ["$PLACE/c", "${PLACE}/c", "~/c", "$NONE/../c"])
def test_paths_of_files_are_expanded(tmp_path, setting):
    with LyingServer(good) as server:
        (tmp_path / "$NONE").mkdir()
        (tmp_path / "c").write_text("[default]\n" + KEYS.replace("HERE", server.endpoint))
        shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path), "PLACE": str(tmp_path), "AWS_CONFIG_FILE": setting}, 30)
        shell.tool("s3-put-lines", "s3://bucket", stdin=b"k\tv\n").expect()
        assert server.journal


def test_a_missing_profile_is_named_with_those_that_exist(tmp_path):
    write(tmp_path, "[profile work]\n[default]\n[sso-session s]\n", "[home]\n")
    shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path)}, 30)
    for run in (["--profile", "wrok"], []):
        message = (
            shell.with_environment(AWS_PROFILE="wrok").tool("s3-get-lines", *run, "s3://b", "k").expect(78).message
        )
        assert "profile 'wrok' does not exist; there are: default, home, work" in message


def test_settings_of_a_profile_are_checked_and_named(tmp_path):
    shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path), "AWS_MAX_ATTEMPTS": ""}, 30)
    for setting, words in {
        "max_attempts = 0": "max_attempts of profile 'default'",
        "endpoint_url = nowhere": "endpoint_url of profile 'default'",
        "request_checksum_calculation = x": "request_checksum_calculation of profile 'default'",
        "s3 =\n  addressing_style = x": "addressing_style of profile 'default'",
    }.items():
        write(tmp_path, "[default]\naws_access_key_id=A\naws_secret_access_key=S\n" + setting)
        assert words in shell.tool("s3-get-lines", "s3://b", "k").expect(78).message
    write(tmp_path, "[default]\nregion\n")
    assert f"{tmp_path}/.aws/config:2: " in shell.tool("s3-get-lines", "s3://b", "k").expect(78).message


def test_with_keys_in_the_environment_no_file_is_read(tmp_path):
    write(tmp_path, "[default]\nregion = eu-file-1\n", "[default]\n")
    keys = {"AWS_ACCESS_KEY_ID": servers.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": servers.SECRET_KEY}

    def opened(**more):
        with LyingServer(good) as server:
            shell = Shell(tmp_path, BASE | {"HOME": str(tmp_path), "AWS_ENDPOINT_URL": server.endpoint} | more, 60)
            trace = ["strace", "-f", "-o", "trace", "-e", "trace=%file,connect", BIN / "s3-put-lines", "s3://bucket"]
            shell._run(trace, b"k\tv\n").expect(None)
            calls = (tmp_path / "trace").read_text()
            return ".aws" in calls, len(re.findall(r"connect\(.*AF_INET", calls))

    assert opened(**keys) == (False, 1)
    assert opened(**keys, AWS_PROFILE="default") == (True, 1)
    assert opened() == (True, 0)
