"""Simulates each service and command that gives credentials, and defines the settings that select it."""

import datetime
import hashlib
import hmac
import json
import re
import time
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from conftest import Shell
from lying_server import LyingServer, error, page

STATIC = "aws_access_key_id = AKSOURCE\naws_secret_access_key = hush/source\n"
SESSION = "[default]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session s]\n"
SIGN_ON = "sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
# Credentials set here, in addition to those that the services give.
SET_SECRETS = ["quiet.web.identity", "bearer quiet", "quiet-sso", "metadata-quiet-token"]


def key_of(request):
    return re.search(r"Credential=([^/]+)/", request.headers["authorization"])[1]


def signature_is_right(request, secret):
    """Whether the signature was made with the key's secret. Source: AWS Signature Version 4, implemented here
    independently."""
    authorization = request.headers["authorization"]
    scope, signed, signature = re.search(
        r"^AWS4-HMAC-SHA256 Credential=[^/]+/(\S+), ?SignedHeaders=(\S+), ?Signature=(\w+)$", authorization
    ).groups()
    parts = urlsplit(request.target)
    canonical = "\n".join(
        [request.method, parts.path, "&".join(sorted(parts.query.split("&")))]
        + [f"{name}:{' '.join(request.headers[name].split())}" for name in signed.split(";")]
        + ["", signed, request.headers["x-amz-content-sha256"]]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
    key = b"AWS4" + secret.encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex() == signature


class World:
    """All services that give credentials, and an S3 that accepts signatures made with them."""

    def __init__(self):
        self.given, self.life, self.broken = 0, 3600, None
        self.asked, self.refuses = [], set()
        self.sets = {"AKSOURCE": ("hush/source", None)}

    def expiration(self):
        return datetime.datetime.fromtimestamp(time.time() + self.life, datetime.timezone.utc)

    def new(self):
        self.given += 1
        key, secret, token = f"AK{self.given}", f"hush/{self.given}+SECRET", f"quiet/{self.given}+TOKEN="
        self.sets[key] = (secret, token)
        return key, secret, token

    @property
    def secrets(self):
        return SET_SECRETS + [secret for each in self.sets.values() for secret in each if secret]

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
            f"<Expiration>{self.expiration().isoformat()}</Expiration></Credentials>"
            f"</{action}Result></{action}Response>"
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
            return "metadata-quiet-token"
        if request.path.startswith("/latest/"):
            assert request.headers["x-aws-ec2-metadata-token"] == "metadata-quiet-token"
            return json.dumps(self.json()) if request.path.endswith("/my-role") else "my-role"
        if request.path == "/federation/credentials":
            return json.dumps(self.sso())
        if request.path == "/sts/":
            return self.role(parse_qs(request.body.decode())["Action"][0])
        if request.path == "/process":
            # The output of a command has a version, and another name for the token.
            return json.dumps({"Version": 1} | self.json("SessionToken"))
        return json.dumps(self.json())

    def s3(self, request):
        if "authorization" not in request.headers:
            return 403, {}, error("AccessDenied")
        key = key_of(request)
        if key in self.refuses:
            return 403, {}, error("ExpiredToken")
        secret, token = self.sets[key]
        if request.headers.get("x-amz-security-token") != token or not signature_is_right(request, secret):
            return 403, {}, error("SignatureDoesNotMatch")
        return agree(request)

    def puts(self, server):
        return [key_of(each) for each in server.journal if each.method == "PUT" and each.path.startswith("/s3/")]


def agree(request):
    """S3's success response."""
    if "list-type" in request.query:
        return 200, {}, page(["k"])
    if request.method == "POST":
        return 200, {}, b"<DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>"
    return 200, {"ETag": '"e"'}, b"data\n" if request.method == "GET" else b""


def shell_for(directory, server, seconds=60):
    """A shell whose tools use `server` as S3, STS and SSO, and find credentials nowhere else."""
    (directory / ".aws").mkdir(parents=True, exist_ok=True)
    return Shell(
        directory,
        {
            "HOME": str(directory),
            "AWS_ENDPOINT_URL_S3": server.endpoint + "/s3",
            "AWS_ENDPOINT_URL_STS": server.endpoint + "/sts",
            "AWS_ENDPOINT_URL_SSO": server.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",
        },
        seconds,
    )


@contextmanager
def stage(source, directory, prepare=lambda world: None, seconds=60):
    """A context with only `source`: its world, the server, and a shell configured for it."""
    directory.mkdir(parents=True, exist_ok=True)
    world = World()
    prepare(world)
    with LyingServer(world) as server:
        yield SimpleNamespace(
            world=world, server=server, shell=source(shell_for(directory, server, seconds), server), source=source
        )


def put(shell, *words, stdin=b"k\tv\n"):
    return shell.tool("s3-put-lines", "--addressing", "path", *words, "s3://bucket", stdin=stdin)


def config(shell, text):
    (shell.directory / ".aws/config").write_text(text)


def script(shell, name, text):
    path = shell.directory / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def container(shell, server):
    (shell.directory / "token").write_text("bearer quiet")
    return shell.with_environment(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.endpoint}/container",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(shell.directory / "token"),
    )


def instance(shell, server):
    return shell.with_environment(AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=server.endpoint)


def web_identity(shell, server):
    (shell.directory / "token").write_text("quiet.web.identity")
    return shell.with_environment(
        AWS_ENDPOINT_URL_STS=server.endpoint + "/sts",
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
    return shell.with_environment(AWS_ENDPOINT_URL_STS=server.endpoint + "/sts")


def chain(shell, server):
    config(
        shell,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = middle\n"
        "[profile middle]\nrole_arn = arn:aws:iam::123456789012:role/m\nsource_profile = base\n"
        f"[profile base]\n{STATIC}",
    )
    return shell.with_environment(AWS_ENDPOINT_URL_STS=server.endpoint + "/sts")


def sourced(shell, server):
    config(shell, "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = EcsContainer\n")
    return container(shell, server).with_environment(AWS_ENDPOINT_URL_STS=server.endpoint + "/sts")


def sso(shell, server, seconds=3600, name="s", text=SESSION + SIGN_ON):
    config(shell, text)
    cache = shell.directory / ".aws/sso/cache"
    cache.mkdir(parents=True, exist_ok=True)
    until = datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc)
    token = {"accessToken": "quiet-sso", "expiresAt": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    (cache / (hashlib.sha1(name.encode()).hexdigest() + ".json")).write_text(json.dumps(token))
    return shell.with_environment(AWS_ENDPOINT_URL_SSO=server.endpoint)


def older_sso(shell, server):
    text = "[default]\nsso_account_id = 123456789012\nsso_role_name = r\n" + SIGN_ON
    return sso(shell, server, name="https://x.awsapps.com/start", text=text)


def process(shell, server):
    command = script(
        shell,
        "my process",
        f"""#!/bin/sh
[ "$1" = "two words" ] && [ "$2" = '$HOME' ] || exit 3
echo 'a word on stderr' >&2
exec curl -sf {server.endpoint}/process
""",
    )
    config(shell, f"[default]\ncredential_process = '{command}' \"two words\" '$HOME'\n")
    return shell


def login(shell, server):
    script(
        shell,
        "aws",
        f"""#!/bin/sh
[ "$*" = "configure export-credentials --profile default --format process" ] || exit 3
exec curl -sf {server.endpoint}/process
""",
    )
    config(shell, "[default]\nlogin_session = arn:aws:iam::123456789012:user/me\n")
    return shell.with_environment(PATH=f"{shell.directory}:{shell.environment['PATH']}")


def refreshed_sso(shell, server):
    sso(shell, server, seconds=-10)
    script(shell, "aws", f"#!/bin/sh\nexec curl -sf {server.endpoint}/process\n")
    return shell.with_environment(PATH=f"{shell.directory}:{shell.environment['PATH']}")


# Each source with words that messages about it contain.
OVER_HTTP = {
    container: "the container's credentials",
    instance: "EC2 instance metadata",
    web_identity: "web identity for arn:aws:iam::123456789012:role/w",
    role: "role arn:aws:iam::123456789012:role/r of profile 'default'",
    chain: "role arn:aws:iam::123456789012:role/m of profile 'middle'",
    sourced: "the container's credentials",
    sso: "IAM Identity Center for profile 'default'",
    older_sso: "IAM Identity Center for profile 'default'",
}
BY_COMMAND = {
    process: "credential_process of profile 'default'",
    login: "aws login of profile 'default'",
    refreshed_sso: "aws sso login --profile default",
}
SOURCES = OVER_HTTP | BY_COMMAND
