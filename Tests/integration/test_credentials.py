"""Credentials from each place where they may be, each played by a server here, until an object is put with them."""

import datetime
import hashlib
import json
import re
import time
from urllib.parse import parse_qs, unquote

import pytest
from conftest import Shell
from lying_server import LyingServer, error


class World:
    """Every service that gives credentials, and S3, which takes the last key that was given."""

    def __init__(self):
        self.given, self.life, self.broken = 0, 3600, None
        self.asked = []
        self.refuses = set()

    def expiration(self):
        return datetime.datetime.fromtimestamp(time.time() + self.life, datetime.timezone.utc)

    def new(self):
        self.given += 1
        return f"AK{self.given}", f"hush/{self.given}+SECRET", f"quiet/{self.given}+TOKEN="

    def json(self, token="Token"):
        key, secret, session = self.new()
        return {
            "AccessKeyId": key,
            "SecretAccessKey": secret,
            token: session,
            "Expiration": self.expiration().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def role(self, action):
        key, secret, session = self.new()
        return (
            f"<{action}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><{action}Result><Credentials>"
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{session}</SessionToken>"
            f"<Expiration>{self.expiration().isoformat()}</Expiration></Credentials></{action}Result></{action}Response>"
        )

    def sso(self):
        key, secret, session = self.new()
        return {
            "roleCredentials": {
                "accessKeyId": key,
                "secretAccessKey": secret,
                "sessionToken": session,
                "expiration": int(self.expiration().timestamp() * 1000),
            }
        }

    def __call__(self, request):
        if request.path.startswith("/s3"):
            return self.s3(request)
        self.asked.append(request)
        if self.broken:
            return self.broken(request)
        return 200, {}, self.answer(request).encode()

    def answer(self, request):
        if request.path == "/latest/api/token":
            assert request.method == "PUT" and request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            return "metadata-token"
        if request.path.startswith("/latest/"):
            assert request.headers["x-aws-ec2-metadata-token"] == "metadata-token"
            return json.dumps(self.json()) if request.path.endswith("/my-role") else "my-role"
        if request.path == "/federation/credentials":
            return json.dumps(self.sso())
        if request.path == "/sts/":
            return self.role(parse_qs(request.body.decode())["Action"][0])
        return json.dumps(self.json())

    def s3(self, request):
        key = re.search(r"Credential=([^/]+)/", request.headers["authorization"])[1]
        if key in self.refuses:
            return 403, {}, error("ExpiredToken")
        return 200, {"ETag": '"e"'}, b""

    def puts(self, server):
        return [
            re.search(r"Credential=([^/]+)/", request.headers["authorization"])[1]
            for request in server.journal
            if request.method == "PUT" and request.path.startswith("/s3/")
        ]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def server(world):
    with LyingServer(world) as server:
        yield server


@pytest.fixture
def shell(tmp_path, server):
    (tmp_path / ".aws").mkdir()
    return Shell(
        tmp_path,
        {
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL_S3": server.endpoint + "/s3",
            "AWS_ENDPOINT_URL_STS": server.endpoint + "/sts",
            "AWS_ENDPOINT_URL_SSO": server.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",
            # The container and the instance are asked without it.
            "http_proxy": "http://127.0.0.1:9",
            "no_proxy": "",
        },
        60,
    )


def config(shell, text):
    (shell.directory / ".aws/config").write_text(text)


def script(shell, name, text):
    path = shell.directory / name
    path.write_text(text)
    path.chmod(0o755)
    return path


STATIC = "aws_access_key_id = AKSOURCE\naws_secret_access_key = hush/source\n"


def container(shell, server):
    (shell.directory / "token").write_text("bearer quiet")
    return shell.with_environment(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://127.0.0.1:{server.port}/container",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(shell.directory / "token"),
    )


def instance(shell, server):
    return shell.with_environment(
        AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=server.endpoint
    )


def web_identity(shell, server):
    (shell.directory / "token").write_text("quiet.web.identity")
    return shell.with_environment(
        http_proxy=None,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(shell.directory / "token"),
        AWS_ROLE_ARN="arn:aws:iam::123456789012:role/w",
        AWS_ROLE_SESSION_NAME="me",
    )


def role(shell, server):
    config(
        shell,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\nexternal_id = e/1\n"
        f"duration_seconds = 900\nrole_session_name = me\n[profile base]\n{STATIC}",
    )
    return shell.with_environment(http_proxy=None)


def chain(shell, server):
    config(
        shell,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = middle\n"
        f"[profile middle]\nrole_arn = arn:aws:iam::123456789012:role/m\nsource_profile = base\n[profile base]\n{STATIC}",
    )
    return shell.with_environment(http_proxy=None)


def sourced(shell, server):
    config(shell, "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = EcsContainer\n")
    return container(shell, server).with_environment(http_proxy=None)


SESSION = "[default]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session s]\n"
SIGN_ON = "sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"


def sso(shell, server, seconds=3600, name="s", text=SESSION + SIGN_ON):
    config(shell, text)
    cache = shell.directory / ".aws/sso/cache"
    cache.mkdir(parents=True, exist_ok=True)
    until = datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc)
    token = {"accessToken": "quiet-sso", "expiresAt": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    (cache / (hashlib.sha1(name.encode()).hexdigest() + ".json")).write_text(json.dumps(token))
    return shell.with_environment(http_proxy=None)


def older_sso(shell, server):
    text = "[default]\nsso_account_id = 123456789012\nsso_role_name = r\n" + SIGN_ON
    return sso(shell, server, name="https://x.awsapps.com/start", text=text)


def process(shell, server):
    command = script(
        shell, "my process", f"""#!/bin/sh
[ "$1" = "two words" ] && [ "$2" = '$HOME' ] || exit 3
echo 'a word on stderr' >&2
exec curl -s {server.endpoint}/process
""")
    # What the container gives has another name for the token.
    config(shell, f"[default]\ncredential_process = '{command}' \"two words\" '$HOME'\n")
    return shell.with_environment(http_proxy=None)


def login(shell, server):
    script(shell, "aws", f"""#!/bin/sh
[ "$*" = "configure export-credentials --profile default --format process" ] || exit 3
exec curl -s {server.endpoint}/process
""")
    config(shell, "[default]\nlogin_session = arn:aws:iam::123456789012:user/me\n")
    path = f"{shell.directory}:{shell.environment['PATH']}"
    return shell.with_environment(http_proxy=None, PATH=path)


def refreshed_sso(shell, server):
    sso(shell, server, seconds=-10)
    script(shell, "aws", f"#!/bin/sh\nexec curl -s {server.endpoint}/process\n")
    path = f"{shell.directory}:{shell.environment['PATH']}"
    return shell.with_environment(http_proxy=None, PATH=path)


SOURCES = [container, instance, web_identity, role, chain, sourced, sso, older_sso, process, login, refreshed_sso]
OVER_HTTP = [container, instance, web_identity, role, sso]


@pytest.fixture(autouse=True)
def process_form(world, monkeypatch):
    """What a command prints has a version, and another name for the token."""
    plain = world.answer

    def answer(request):
        if request.path == "/process":
            return json.dumps({"Version": 1} | world.json("SessionToken"))
        return plain(request)

    world.answer = answer


def put(shell, *words, stdin=b"k\tv\n"):
    return shell.tool("s3-put-lines", "--addressing", "path", *words, "s3://bucket", stdin=stdin)


def without_proxy_for_s3(shell):
    # S3 has to be reached here; the container and the instance are although there is a proxy.
    return shell.with_environment(http_proxy=None)


@pytest.mark.parametrize("source", SOURCES)
def test_an_object_is_put_with_what_each_source_gives(shell, server, world, source):
    finished = put(without_proxy_for_s3(source(shell, server)), "--verbose").expect()
    assert world.puts(server) == [f"AK{world.given}"]
    (last,) = [request for request in server.journal if request.path == "/s3/bucket/k"]
    assert last.headers["x-amz-security-token"] == f"quiet/{world.given}+TOKEN="
    assert "credentials: " in finished.message
    assert "hush" not in finished.message and "quiet" not in finished.message


@pytest.mark.parametrize("source", [container, instance])
def test_no_proxy_is_asked_for_what_is_near(shell, server, world, source):
    put(source(shell, server)).expect(69)
    assert world.given == 1 and not world.puts(server)


def test_what_the_services_are_asked(shell, server, world):
    put(without_proxy_for_s3(role(shell, server))).expect()
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
    put(web_identity(shell, server)).expect(None)
    assert "authorization" not in world.asked[0].headers
    assert parse_qs(world.asked[0].body.decode())["WebIdentityToken"] == ["quiet.web.identity"]
    world.asked.clear()
    put(sso(shell, server)).expect()
    assert world.asked[0].query == {"role_name": "r", "account_id": "123456789012"}
    assert world.asked[0].headers["x-amz-sso_bearer_token"] == "quiet-sso"


def slow(request):
    time.sleep(5)
    return 200, {}, b"{}"


def wrong(request):
    return 200, {}, b"<html>quiet-sso hush/source</html>"


def refused(request):
    told = unquote(request.body.decode()).replace("&", " ")
    text = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{told}</Message></Error></ErrorResponse>"
    return 403, {}, text.encode()


def cut(request):
    return iter([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])


def endless(request):
    return 200, {}, b" " * (2 << 20)


@pytest.mark.parametrize("fault", [wrong, refused, cut, endless, slow])
@pytest.mark.parametrize("source", OVER_HTTP)
def test_a_source_that_fails_is_named(shell, server, world, source, fault):
    if fault is slow and source not in (container, instance):
        pytest.skip("its time limit is longer than a test should take")
    world.broken = fault
    message = put(without_proxy_for_s3(source(shell, server))).expect(77).message
    place = {container: "container", instance: "EC2", web_identity: "web identity", role: "role/r", sso: "Identity Center"}
    assert place[source] in message and len(message.splitlines()) == 1
    assert "quiet" not in message and "hush" not in message
    assert not world.puts(server)


def test_nothing_found_lists_the_places(shell):
    message = put(shell).expect(77).message
    for words in (
        "AWS_ACCESS_KEY_ID", ".aws/credentials", ".aws/config", "AWS_EC2_METADATA_DISABLED is true",
        "aws configure export-credentials --format env",
    ):
        assert words in message


@pytest.mark.parametrize(
    "text, status, words",
    {
        "mfa": ("role_arn = r\nmfa_serial = m\nsource_profile = default\n" + STATIC, 78, "cannot be typed"),
        "no source": ("role_arn = r\n", 78, "neither source_profile nor credential_source"),
        "two sources": ("role_arn = r\nsource_profile=default\ncredential_source=Environment\n", 78, "both"),
        "unknown source": ("role_arn = r\ncredential_source = Moon\n", 78, "'Moon' is none of"),
        "loop": ("role_arn = r\nsource_profile = default\n", 78, "leads back"),
        "no such source": ("role_arn = r\nsource_profile = x\n", 78, "'x' does not exist"),
        "no such session": ("sso_session=x\nsso_role_name=r\n", 78, "[sso-session x], which does not exist"),
        "half a sign-on": ("sso_role_name = r\n", 78, "has no sso_start_url"),
        "no login": ("sso_role_name=r\nsso_account_id=1\n" + SIGN_ON, 77, "aws sso login --profile default"),
        "no command": ("credential_process = /nowhere/x\n", 77, "there is no command '/nowhere/x'"),
        "a command that fails": ("credential_process = false\n", 77, "status 1"),
        "a command that says nothing": ("credential_process = true\n", 77, "not JSON"),
        "a command of another version": ("credential_process = echo '{\"Version\": 2}'\n", 77, "Version 1"),
        "a command without end": ("credential_process = cat /dev/zero\n", 77, "status 137"),
        "a quote": ("credential_process = 'x\n", 78, "quote"),
        "no aws": ("login_session = x\n", 77, "aws login --profile default"),
    }.values(),
)
def test_what_is_wrong_in_a_profile_is_said(shell, text, status, words):
    config(shell, "[default]\n" + text)
    assert words in put(shell.with_environment(PATH="/usr/bin:/bin")).expect(status).message


@pytest.mark.parametrize(
    "uri", ["http://example.com/", "http://169.254.170.3/", "http://127.0.0.1@evil/", "http://127.0.0.1.evil/", "ftp://localhost/"]
)
def test_tokens_go_to_no_host_in_the_open(shell, uri):
    assert "loopback" in put(shell.with_environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)).expect(78).message


def test_a_command_has_what_the_tool_had(shell, server):
    process(shell, server)
    command = script(shell, "limits", f"#!/bin/bash\nulimit -c >&2; ulimit -Sn >&2; grep SigIgn /proc/self/status >&2\nexec curl -s {server.endpoint}/process\n")
    config(shell, f"[default]\ncredential_process = {command}\n")
    shell = shell.with_environment(http_proxy=None)
    run = "printf 'k\\tv\\n' | s3-put-lines --addressing path s3://bucket"
    message = shell.run("ulimit -Sc 7; ulimit -Sn 60; " + run).expect().message.split()
    assert message[:2] == ["7", "60"] and not int(message[3], 16) & 0x1000
    message = shell.run("trap '' PIPE; " + run).expect().message.split()
    assert int(message[3], 16) & 0x1000


@pytest.mark.parametrize("source", SOURCES)
def test_credentials_are_renewed_while_a_pipeline_runs(shell, server, world, source, request):
    """Each set lives four seconds, or a minute in a long run; S3 refuses those whose time is over."""
    seconds = request.config.getoption("--renewal-seconds")
    world.life = life = 4 if seconds < 120 else 60
    count = seconds * 10 // 3
    born = {}
    plain_new, plain_s3 = world.new, world.s3

    def new():
        triple = plain_new()
        born[triple[0]] = time.time()
        return triple

    def s3(request):
        key = re.search(r"Credential=([^/]+)/", request.headers["authorization"])[1]
        return (403, {}, error("ExpiredToken")) if time.time() > born.get(key, 0) + life else plain_s3(request)

    world.new, world.s3 = new, s3
    pipeline = f"for i in $(seq {count}); do printf 'k%s\\tv\\n' $i; sleep 0.3; done | s3-put-lines --addressing path s3://bucket"
    shell.seconds += seconds
    finished = without_proxy_for_s3(source(shell, server)).run(pipeline).expect()
    assert len(finished.lines) == count
    assert len(set(world.puts(server))) >= 2


def test_expired_credentials_are_replaced_once(shell, server, world):
    shell = without_proxy_for_s3(container(shell, server))
    world.refuses = {"AK1"}
    put(shell).expect()
    assert world.given == 2 and world.puts(server)[-1] == "AK2"
    world.refuses = {f"AK{number}" for number in range(20)}
    put(shell).expect(77)
    assert world.given <= 5


def test_a_renewal_that_fails_is_tried_again(shell, server, world):
    world.life = 6
    shell = without_proxy_for_s3(container(shell, server))

    def broken(request):
        if len(world.asked) == 2:
            return 403, {}, b""
        return 200, {}, world.answer(request).encode()

    world.broken = broken
    pipeline = "for i in $(seq 30); do printf 'k%s\\tv\\n' $i; sleep 0.3; done | s3-put-lines -v --addressing path s3://bucket"
    pipeline = pipeline.replace(" -v ", " --verbose ")
    finished = shell.run(pipeline).expect()
    assert "no new credentials: " in finished.message and len(set(world.puts(server))) >= 2


@pytest.mark.parametrize("source", OVER_HTTP)
def test_no_message_has_a_secret_that_was_ever_in_use(shell, server, world, source):
    """S3 says back all that was ever given, when the second set is in use."""
    world.refuses = {"AK1"}
    plain = world.s3

    def s3(request):
        status, headers, body = plain(request)
        if status == 200 and request.method == "PUT":
            told = " ".join(f"hush/{n}+SECRET quiet/{n}+TOKEN=" for n in range(1, world.given + 1))
            return 403, {}, error("AccessDenied", told + " " + unquote(request.path))
        return status, headers, body

    world.s3 = s3
    message = put(without_proxy_for_s3(source(shell, server)), "--verbose").expect(None).message
    assert "AccessDenied" in message
    assert "hush" not in message and "quiet" not in message


def test_an_access_point_has_a_host_and_a_region(shell, server, world):
    """A name server is not there, but a proxy is: what it is asked for has the host."""
    point = "my-point-123456789012"
    (shell.directory / ".aws/credentials").write_text("[default]\n" + STATIC)
    proxied = shell.with_environment(
        http_proxy=server.endpoint, AWS_ENDPOINT_URL_S3="http://s3.test/s3", AWS_REGION="us-east-2"
    )
    location = "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-point/prefix/"
    proxied.tool("s3-put-lines", location, stdin=b"k\tv\n").expect()
    put = server.journal[-1]
    assert put.headers["host"] == f"{point}.s3.test" and put.path.endswith("/s3/prefix/k") and put.region == "eu-west-1"
