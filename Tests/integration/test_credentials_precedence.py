"""Mixtures of sources of credentials: botocore, with the same files, variables and services, decides which one is used.

A row is a mixture of what the environment and three profiles configure. botocore and the tool then each have a set of
services of their own. Both have to choose the same source, and to send the same requests to the same endpoints, signed
with the same key for the same region.
"""

import datetime
import json
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from urllib.parse import parse_qs

import botocore.credentials
import botocore.exceptions
import botocore.session
import botocore.tokens
import botocore.utils
import pytest
from conftest import Shell
from credential_sources import World, key_of, put, script
from lying_server import LyingServer
from test_profiles import environment

PROFILES = ["default", "a", "b"]
# What --verbose calls the sources, and their names in botocore.
METHODS = {
    r"the environment ": "env",
    r"role .* of profile ": "assume-role",
    r"web identity for ": "assume-role-with-web-identity",
    r"IAM Identity Center for profile ": "sso",
    r"profile .* of .*/credentials$": "shared-credentials-file",
    r"aws login of profile ": "login",
    r"credential_process of profile ": "custom-process",
    r"profile .* of .*/config$": "config-file",
    r"the container's credentials ": "container-role",
    r"EC2 instance metadata$": "iam-role",
}
# Endpoints that are configured in different places have different paths.
PATHS = ["/sts", "/sso", "/global", "/profile", "/service-sts", "/service-sso"]
SIGN_ON = {"sso_start_url": "https://x.awsapps.com/start", "sso_region": "eu-west-1"}
ROLE = "arn:aws:iam::123456789012:role/"
LOGIN = "arn:aws:iam::123456789012:user/me"


class Services(World):
    """Answers at each of the paths, and notes what was asked."""

    def __call__(self, request):
        request.place = next((path for path in PATHS if request.path.startswith(path)), "")
        request.path = request.path[len(request.place) :]
        return super().__call__(request)

    def answer(self, request):
        if request.body.startswith(b"Action="):
            request.path = "/sts/"
        return super().answer(request)

    def chain(self):
        """All that was asked, without what only `aws` asks."""
        return [
            (
                request.place, request.path,
                *(parse_qs(request.body.decode()).get(name) for name in ("Action", "RoleArn")), request.region,
                "authorization" in request.headers and request.scope and given(key_of(request)),
            )
            for request in self.asked
            if "login" not in request.query
        ]  # fmt: skip


def given(key):
    """A key's name; those that services have given are all alike."""
    return re.sub(r"^AK\d+$", "given", key)


def profile_settings(dice, name):
    """What one profile may have in the configuration file: up to three kinds of sources, some of them wrong."""

    def maybe(chance):
        return dice.random() < chance

    settings = {}
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        kind = dice.choice(["keys", "role", "role", "role", "web identity", "sso", "older sso", "login", "process"])
        if kind == "keys":
            settings["aws_access_key_id"] = f"AKCONFIG{name}"
            if not maybe(0.1):
                settings["aws_secret_access_key"] = f"hush/{name}"
        elif kind == "role":
            settings["role_arn"] = ROLE + name
            if not maybe(0.2):
                settings["source_profile"] = dice.choice([*PROFILES, *PROFILES, name, "missing"])
            if maybe(0.25):
                sources = ["Environment", "EcsContainer", "Ec2InstanceMetadata", "Moon"]
                settings["credential_source"] = dice.choice(sources)
                if maybe(0.9):
                    settings.pop("source_profile", None)
        elif kind == "web identity":
            settings["web_identity_token_file"] = "TOKEN"
            if not maybe(0.1):
                settings["role_arn"] = ROLE + "web-" + name
        elif kind == "sso":
            settings |= {"sso_session": "s", "sso_role_name": "r"}
            settings |= {"sso_account_id": "123456789012"} if not maybe(0.1) else {}
        elif kind == "older sso":
            settings |= SIGN_ON | {"sso_account_id": "123456789012", "sso_role_name": "r"}
            if maybe(0.1):
                settings.pop(dice.choice(list(SIGN_ON)))
        elif kind == "login":
            settings["login_session"] = LOGIN
        else:
            settings["credential_process"] = dice.choice(["PROCESS"] * 5 + ["false", "'x", "echo {}"])
    if maybe(0.3):
        settings["region"] = f"eu-{name}-1"
    if maybe(0.2):
        settings["endpoint_url"] = "WORLD/profile"
    if maybe(0.2):
        settings["services"] = "all"
    return settings


def row(dice):
    """The files' text, the variables and the profile that the command line names."""

    def maybe(chance):
        return dice.random() < chance

    config = ["[sso-session s]", *(f"{name} = {value}" for name, value in SIGN_ON.items())]
    config += ["[services all]", "sts =", "  endpoint_url = WORLD/service-sts"]
    config += ["sso =", "  endpoint_url = WORLD/service-sso"]
    credentials, variables = [], {}
    for name in PROFILES:
        if maybe(0.85):
            config.append("[default]" if name == "default" else f"[profile {name}]")
            config += [f"{setting} = {value}" for setting, value in profile_settings(dice, name).items()]
        if maybe(0.25):
            credentials += [f"[{name}]", f"aws_access_key_id = AKFILE{name}"]
            credentials += [f"aws_secret_access_key = hush/{name}"] if not maybe(0.1) else []
    if maybe(0.2):
        variables |= {"AWS_ACCESS_KEY_ID": "AKENV"} if not maybe(0.1) else {}
        variables |= {"AWS_SECRET_ACCESS_KEY": "hush/env"} if not maybe(0.1) else {}
    if maybe(0.4):
        variables["AWS_PROFILE"] = dice.choice([*PROFILES, *PROFILES, "missing"])
    if maybe(0.2):
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "TOKEN"
        variables |= {"AWS_ROLE_ARN": ROLE + "env"} if not maybe(0.1) else {}
    if maybe(0.3):
        uris = ["WORLD/container"] * 6 + ["http://example.com/"]
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = dice.choice(uris)
    has_metadata = maybe(0.4)
    metadata = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "WORLD"}
    variables |= metadata if has_metadata else {"AWS_EC2_METADATA_DISABLED": "true"}
    variables |= {"AWS_DEFAULT_REGION": "ap-env-1"} if maybe(0.3) else {}
    # Without one of these, AWS itself might be asked.
    variables |= dice.choice([
        {"AWS_ENDPOINT_URL_STS": "WORLD/sts", "AWS_ENDPOINT_URL_SSO": "WORLD/sso"},
        {"AWS_ENDPOINT_URL": "WORLD/global"},
        {"AWS_ENDPOINT_URL": "WORLD/global", "AWS_ENDPOINT_URL_STS": "WORLD/sts"},
    ])  # fmt: skip
    return "\n".join(config), "\n".join(credentials), variables, dice.choice([None, None, *PROFILES, "missing"])


def set_up(directory, server, config, credentials, variables):
    """Writes what a row needs, for the services of `server`.

    :return: the variables
    """
    aws = directory / ".aws"
    for cache in ("sso/cache", "login/cache"):
        (aws / cache).mkdir(parents=True)
    (directory / "token").write_text("quiet.web.identity")
    shell = Shell(directory, {})
    process = script(shell, "process", "#!/bin/sh\nexec curl -sf $WORLD/process\n")
    script(shell, "aws", "#!/bin/sh\nexec curl -sf $WORLD/process?login\n")
    until = datetime.datetime.fromtimestamp(time.time() + 3600, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in ("s", SIGN_ON["sso_start_url"]):
        token = {"accessToken": "quiet-sso", "expiresAt": until}
        (aws / "sso/cache" / f"{sha1(name.encode()).hexdigest()}.json").write_text(json.dumps(token))
    login = {
        "accessKeyId": "AK0", "secretAccessKey": "hush/0", "sessionToken": "t", "accountId": "1", "expiresAt": until,
    }  # fmt: skip
    token = {"accessToken": login, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}
    (aws / "login/cache" / f"{botocore.utils.generate_login_cache_key(LOGIN)}.json").write_text(json.dumps(token))

    def here(text):
        for word, value in (("WORLD", server.endpoint), ("TOKEN", directory / "token"), ("PROCESS", process)):
            text = re.sub(rf"\b{word}\b", str(value), text)
        return text

    (aws / "config").write_text(here(config))
    (aws / "credentials").write_text(here(credentials))
    return {
        "HOME": str(directory), "WORLD": server.endpoint, "AWS_ENDPOINT_URL_S3": server.endpoint + "/s3",
        "PATH": f"{directory}:{shell.environment['PATH']}", "AWS_MAX_ATTEMPTS": "1",
    } | {name: here(value) for name, value in variables.items()}  # fmt: skip


def botocores(directory, loader, config, credentials, variables, option, patch):
    """The source that botocore chooses, and what it asks. `refused` is an error, `nothing` that there is no source."""
    services = Services()
    with LyingServer(services) as server, environment(set_up(directory, server, config, credentials, variables)):
        cache = str(directory / ".aws/sso/cache")
        patch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache)
        patch.setattr(botocore.tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", cache)
        try:
            session = botocore.session.Session(profile=option)
            session.register_component("data_loader", loader)
            session._last_client_region_used = session.get_config_variable("region") or "us-east-1"
            found = session.get_credentials()
            if found is None:
                return "nothing", None, services.chain()
            key = given(found.get_frozen_credentials().access_key)
        except (botocore.exceptions.BotoCoreError, ValueError):
            # The requests before an error depend on when each of them reads its settings.
            return "refused", None, None
        return found.method, key, services.chain()


def tools(directory, config, credentials, variables, option):
    """The same of the tool."""
    services = Services()
    services.s3 = lambda request: (200, {"ETag": '"e"'}, b"")
    with LyingServer(services) as server:
        shell = Shell(directory, set_up(directory, server, config, credentials, variables), 60)
        finished = put(shell, "--verbose", *(["--profile", option] if option else []))
        if finished.status:
            assert finished.status in (77, 78), finished.message
            is_nothing = "s3-put-lines: no credentials: " in finished.message
            return ("nothing", None, services.chain()) if is_nothing else ("refused", None, None)
        (said,) = re.findall("^s3-put-lines: credentials: (.*)$", finished.message, re.M)
        (method,) = [method for words, method in METHODS.items() if re.match(words, said)]
        (key,) = {given(key_of(request)) for request in server.journal if request.path.startswith("/s3/")}
        return method, key, services.chain()


@pytest.mark.parametrize("seed", range(6))
def test_the_source_is_the_one_that_botocore_chooses(tmp_path, monkeypatch, request, seed):
    dice = random.Random(seed)
    # Without its library botocore refuses `login_session`; the credentials in its cache need none of that.
    monkeypatch.setattr(botocore.credentials, "EC", object())
    loader = botocore.session.Session().get_component("data_loader")
    rows = [row(dice) for _ in range(request.config.getoption("--precedence-rows"))]
    for number in range(len(rows)):
        for name in ("judge", "tool"):
            (tmp_path / f"{number}-{name}").mkdir()
    expected = [botocores(tmp_path / f"{n}-judge", loader, *each, monkeypatch) for n, each in enumerate(rows)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: tools(tmp_path / f"{number}-tool", *rows[number]), range(len(rows))))
    wrong = [
        f"number {number}\n{each[0]}\n{each[1:]}\nfound    {found[number]}\nexpected {expected[number]}\n"
        for number, each in enumerate(rows)
        if found[number] != expected[number]
    ]
    assert not wrong, f"{len(wrong)} of {len(rows)} rows differ:\n" + "\n".join(wrong)
    assert len({method for method, _, _ in expected}) >= min(6, len(rows) // 6)
