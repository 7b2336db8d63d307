"""Credentials from each source; each test stores an object with them."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from conftest import Bucket, Shell
from credential_sources import (
    SIGN_ON, SOURCES, STATIC, World, chain, config, container, instance, process, put, refreshed_sso, role, script,
    shell_for, sourced, sso, stage, web_identity,
)  # fmt: skip
from lying_server import LyingServer


# The words of --verbose, if they differ from those of a message about a failed source.
FOUND = dict.fromkeys([chain, sourced], SOURCES[role]) | {refreshed_sso: SOURCES[sso]}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def here(world):
    with LyingServer(world) as server:
        yield server


@pytest.fixture
def shell(tmp_path, here):
    return shell_for(tmp_path, here)


def test_an_object_is_put_with_credentials_of_each_source(tmp_path):
    def run(source):
        with stage(source, tmp_path / source.__name__) as each:
            finished = put(each.shell, "--verbose").expect()
            # S3 has verified the signature.
            assert each.world.puts(each.server) == [f"AK{each.world.given}"], source.__name__
            said = [line for line in finished.message.splitlines() if "credentials: " in line]
            assert len(said) == 1 and FOUND.get(source, SOURCES[source]) in said[0], said
            assert not any(secret in finished.message for secret in each.world.secrets)
            assert (source is process) == ("a word on stderr" in finished.message)

    with ThreadPoolExecutor(len(SOURCES)) as pool:
        list(pool.map(run, SOURCES))


@pytest.mark.parametrize("source", [container, instance])
def test_no_proxy_is_used_for_local_services(shell, here, world, source):
    near = source(shell, here).with_environment(http_proxy="http://127.0.0.1:9", no_proxy="")
    put(near).expect(69)
    assert world.given == 1 and not world.puts(here)


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_credentials_of_motos_services_work_with_its_s3(server, tmp_path):
    """Uses moto's STS, instance metadata and S3; boto3 checks the stored object."""
    bucket = Bucket(server)
    base = {name: value for name, value in server.tool_environment().items() if "KEY" not in name}
    (tmp_path / ".aws").mkdir()
    shell = Shell(tmp_path, base | {"HOME": str(tmp_path)})
    for source in (web_identity, role, instance):
        (tmp_path / ".aws/config").unlink(missing_ok=True)
        led = source(shell, server).with_environment(AWS_ENDPOINT_URL_STS=server.endpoint)
        key = source.__name__
        finished = led.tool("s3-put-lines", "--verbose", bucket.location, stdin=f"{key}\tv\n".encode()).expect()
        assert bucket.get(key) == b"v\n" and SOURCES[source] in finished.message


def test_credential_services_get_their_parameters(shell, here, world):
    put(role(shell, here)).expect()
    (asked,) = world.asked
    assert parse_qs(asked.body.decode()) == {
        "Action": ["AssumeRole"],
        "Version": ["2011-06-15"],
        "RoleArn": ["arn:aws:iam::123456789012:role/r"],
        "RoleSessionName": ["me"],
        "ExternalId": ["e/1"],
        "DurationSeconds": ["900"],
    }
    assert re.search(r"Credential=AKSOURCE/\d+/us-east-1/sts/aws4_request", asked.headers["authorization"])
    world.asked.clear()
    (shell.directory / ".aws/config").unlink()
    put(web_identity(shell, here)).expect(None)
    assert "authorization" not in world.asked[0].headers
    assert parse_qs(world.asked[0].body.decode())["WebIdentityToken"] == ["quiet.web.identity"]
    world.asked.clear()
    put(sso(shell, here)).expect()
    assert world.asked[0].query == {"role_name": "r", "account_id": "123456789012"}
    assert world.asked[0].headers["x-amz-sso_bearer_token"] == "quiet-sso"


def test_missing_credentials_list_the_sources(shell):
    message = put(shell).expect(77).message
    for words in (
        "AWS_ACCESS_KEY_ID",
        ".aws/credentials",
        ".aws/config",
        "AWS_EC2_METADATA_DISABLED is true",
        "aws configure export-credentials --format env",
    ):
        assert words in message


@pytest.mark.parametrize(
    "text, status, words",
    {
        "mfa": (
            "role_arn = r\nmfa_serial = m\nsource_profile = default\n" + STATIC,
            78,
            'needs a code from m, and this tool cannot ask for one; run: eval "$(aws configure export-credentials '
            '--profile default --format env)", which asks for the code; then run this tool without --profile',
        ),
        "no source": ("role_arn = r\n", 78, "neither source_profile nor credential_source"),
        "two sources": ("role_arn = r\nsource_profile=default\ncredential_source=Environment\n", 78, "both"),
        "unknown source": ("role_arn = r\ncredential_source = Moon\n", 78, "as credential_source, found 'Moon'"),
        "loop": ("role_arn = r\nsource_profile = default\n", 78, "leads back"),
        "no such source": ("role_arn = r\nsource_profile = x\n", 78, "'x' does not exist"),
        "a source without credentials": (
            "role_arn = r\nsource_profile = x\n[profile x]\nregion = eu-west-1\n", 77,
            "role r of profile 'default': its source has no credentials: profile 'x' of ",
        ),
        "no such session": ("sso_session=x\nsso_role_name=r\n", 78, "[sso-session x], which does not exist"),
        "half a sign-on": ("sso_role_name = r\n", 78, "has no sso_start_url"),
        "no login": ("sso_role_name=r\nsso_account_id=1\n" + SIGN_ON, 77, "aws sso login --profile default"),
        "no command": ("credential_process = /nowhere/x\n", 77, "the command '/nowhere/x' was not found"),
        "a command that fails": ("credential_process = false\n", 77, "status 1"),
        "a command that says nothing": ("credential_process = true\n", 77, "not JSON"),
        "a command of another version": ("credential_process = echo '{\"Version\": 2}'\n", 77, '"Version": 1'),
        "a command without end": ("credential_process = cat /dev/zero\n", 77, "status 137"),
        "a quote": ("credential_process = 'x\n", 78, "quote"),
        "no aws": ("login_session = x\n", 77, "'aws' is not in PATH; install it and run: aws login --profile default"),
    }.values(),
)
def test_errors_in_a_profile_are_reported(shell, text, status, words):
    config(shell, "[default]\n" + text)
    assert words in put(shell.with_environment(PATH="/usr/bin:/bin")).expect(status).message


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/",
        "http://169.254.170.3/",
        "http://127.0.0.1@evil/",
        "http://127.0.0.1.evil/",
        "ftp://localhost/",
    ],
)
def test_tokens_are_not_sent_in_plain_text(shell, uri):
    assert "loopback" in put(shell.with_environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)).expect(78).message


def test_a_command_inherits_the_tools_original_settings(shell, here):
    process(shell, here)
    command = script(
        shell,
        "limits",
        "#!/bin/bash\nulimit -c >&2; ulimit -Sn >&2; grep SigIgn /proc/self/status >&2\n"
        f"exec curl -s {here.endpoint}/process\n",
    )
    config(shell, f"[default]\ncredential_process = {command}\n")
    run = "printf 'k\\tv\\n' | s3-put-lines --addressing path s3://bucket"
    message = shell.run("ulimit -Sc 7; ulimit -Sn 60; " + run).expect().message.split()
    assert message[:2] == ["7", "60"] and not int(message[3], 16) & 0x1000
    message = shell.run("trap '' PIPE; " + run).expect().message.split()
    assert int(message[3], 16) & 0x1000


def test_an_access_point_has_a_host_and_a_region(shell, here, world):
    """There is no name server, but a proxy, whose requests show the host."""
    point = "my-point-123456789012"
    (shell.directory / ".aws/credentials").write_text("[default]\n" + STATIC)
    proxied = shell.with_environment(
        http_proxy=here.endpoint, AWS_ENDPOINT_URL_S3="http://s3.test/s3", AWS_REGION="us-east-2"
    )
    location = "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-point/prefix/"
    proxied.tool("s3-put-lines", location, stdin=b"k\tv\n").expect()
    put = here.journal[-1]
    assert put.headers["host"] == f"{point}.s3.test" and put.path.endswith("/s3/prefix/k") and put.region == "eu-west-1"


def test_verbose_says_that_keys_are_from_the_environment_or_missing(shell):
    keys = shell.with_environment(AWS_ACCESS_KEY_ID="AKSOURCE", AWS_SECRET_ACCESS_KEY="hush/source")
    message = put(keys, "--verbose").expect().message
    assert (
        "credentials: the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)\n" in message and "hush" not in message
    )
    message = put(keys, "--verbose", "--no-sign-request").expect(None).message
    assert "credentials: none, requests are not signed\n" in message


def test_a_profiles_name_is_quoted_for_a_shell(shell):
    text = "[profile it's mine]\nsso_role_name=r\nsso_account_id=1\n" + SIGN_ON
    config(shell, text.replace("it's mine", '"it\'s mine"'))
    message = put(shell, "--profile", "it's mine").expect(77).message
    assert "run: aws sso login --profile 'it'\\''s mine'\n" in message


SIGN_ON_URL = "https://x.awsapps.com/start"


def refuse_the_token(request):
    return 401, {}, b"{}"


@pytest.mark.parametrize("seconds, answer", [(-10, None), (3600, refuse_the_token)])
def test_an_expired_login_names_the_command_that_renews_it(shell, here, world, seconds, answer):
    world.broken = answer
    profile = "[profile p]\nsso_role_name=r\nsso_account_id=1\n"
    without_aws = shell.with_environment(PATH="/usr/bin:/bin", AWS_PROFILE="p")
    sso(shell, here, seconds, SIGN_ON_URL, profile + SIGN_ON)
    assert "the login has expired; run: aws sso login --profile p\n" in put(without_aws).expect(77).message
    sso(shell, here, seconds, "s", f"{profile}sso_session = s\n[sso-session s]\n{SIGN_ON}")
    words = (
        "IAM Identity Center for profile 'p': only the AWS command line can renew these credentials, and 'aws' is not "
        "in PATH; install it and run: aws sso login --profile p\n"
    )
    assert words in put(without_aws).expect(77).message
    assert len(world.asked) == (2 if answer else 0) and not world.puts(here)


@pytest.mark.parametrize(
    "command, reason",
    {
        "exit 255": "the command ended with status 255",
        "echo no": "the command's output is not JSON",
        "echo '{\"Version\": 2}'": "expected \"Version\": 1 in the command's output",
        "echo '{\"Version\": 1}'": "the command's output has no AccessKeyId",
    }.items(),
)
def test_a_failed_renewal_of_a_login_has_a_reason(shell, here, command, reason):
    script(shell, "aws", f"#!/bin/sh\n{command}\n")
    with_aws = sso(shell, here, -10).with_environment(PATH=f"{shell.directory}:{shell.environment['PATH']}")
    message = put(with_aws).expect(77).message
    assert f"IAM Identity Center for profile 'default': {reason}; run: aws sso login --profile default\n" in message
