"""No argument, message, log or core file contains a secret, whatever a service responds."""

import json
import os
import resource
import signal
import subprocess
from base64 import b64encode, encodebytes, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import BIN, Shell, within
from faults import assert_no_secret
from lying_server import LyingServer, environment, error

TOKEN = "FwoGZXIvYXdzEXAMPLEtoken//////////wEaDEXAMPLE"
TOOLS = {
    "s3-put-lines": (["s3-put-lines", "--verbose", "s3://bucket"], b"a\t1\nb\t2\n"),
    "s3-get-lines": (["s3-get-lines", "--verbose", "s3://bucket", "a", "b"], b""),
}


@pytest.fixture
def shell(tmp_path):
    variables = environment(2, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9", AWS_SESSION_TOKEN=TOKEN)
    return Shell(tmp_path, variables, seconds=30)


def echo(request):
    """A service that repeats what it receives."""
    authorization = request.headers.get("authorization", "")
    told = f"{authorization} {request.headers.get('x-amz-security-token')}"
    return 403, {"x-amz-request-id": told}, error("SignatureDoesNotMatch", f"you said {told}")


def percent(text):
    return "".join(f"%{ord(char):02x}" for char in text)


def entities(text):
    return "".join(f"&amp;#{ord(char)};" for char in text)


ENCODINGS = {
    "percent": lambda text: quote(text, safe=""),
    "every byte": percent,
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "entities": entities,
    "json": lambda text: json.dumps({"you said": text}).replace("/", "\\u002f"),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64, shifted by 1": lambda text: b64encode(b"1" + text.encode() + b"..").decode(),
    "base64, shifted by 2": lambda text: b64encode(b"12" + text.encode() + b".").decode(),
    "base64 for addresses": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in lines": lambda text: encodebytes(text.encode()).decode(),
    "base64 of percent": lambda text: b64encode(percent(text).encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("tool", TOOLS)
def test_no_message_has_an_encoded_secret(shell, tool, encode):
    words, stdin = TOOLS[tool]
    secrets = [TOKEN, shell.environment["AWS_SECRET_ACCESS_KEY"]]

    def answer(request):
        told = " and ".join(encode(secret) for secret in secrets)
        return 403, {}, error("AccessDenied", f"you said {told}.")

    with LyingServer(answer) as server:
        finished = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint).tool(*words, stdin=stdin)
    assert finished.status == (1 if tool == "s3-get-lines" else 77)
    for secret in secrets:
        assert encode(secret).strip().replace("\n", "\\n")[:40] not in finished.message
    assert "you said" in finished.message and "[redacted]" in finished.message


@pytest.mark.parametrize("encode", [str, percent, ENCODINGS["base64"]])
def test_no_name_from_a_service_shows_a_secret(shell, encode):
    """The ID of an upload that cannot be aborted, and the region that it gives for a bucket."""
    told = encode(TOKEN)

    def answer(request):
        if request.method == "POST" and "uploads" in request.query:
            result = f"<InitiateMultipartUploadResult><UploadId>{told}</UploadId></InitiateMultipartUploadResult>"
            return 200, {}, result.encode()
        status = 200 if request.method == "HEAD" else 403
        return status, {"x-amz-bucket-region": told}, error("AccessDenied")

    with LyingServer(answer) as server:
        run = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint)
        data = b"x" * 1023 + b"\n"
        finished = run.tool("s3-put-lines", "--verbose", "s3://bucket", "k", stdin=data * (6 << 10)).expect(77)
    assert "was not aborted" in finished.message and "[redacted]" in finished.message
    assert told[:40] not in finished.message and TOKEN not in finished.message


def redirect(request):
    return 302, {"Location": f"http://127.0.0.1:9/?{request.headers.get('x-amz-security-token')}"}, b""


def unavailable(request):
    return 503, {}, error("SlowDown")


def good(request):
    return 200, {"ETag": '"e"'}, b"data\n" if request.method == "GET" else b""


@pytest.mark.parametrize("answer", [echo, redirect, unavailable, good])
@pytest.mark.parametrize("tool", TOOLS)
def test_no_message_has_a_secret(shell, tool, answer):
    words, stdin = TOOLS[tool]
    with LyingServer(answer) as server:
        finished = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint).tool(*words, stdin=stdin)
        assert server.journal[0].headers["x-amz-security-token"] == TOKEN
    assert_no_secret(finished.message, finished.stdout.decode())
    assert TOKEN not in finished.message


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("tool", TOOLS)
def test_an_invalid_secret_is_not_shown(shell, tool, variable):
    words, stdin = TOOLS[tool]
    value = shell.environment[variable]
    finished = shell.with_environment(**{variable: value + "\r\nHost: evil"}).tool(*words, stdin=stdin)
    assert finished.status == 78 and variable in finished.message
    assert value not in finished.message


@pytest.mark.parametrize("end", ["\n", " ", "\t"])
@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY"])
def test_white_space_after_a_secret_is_named(shell, variable, end):
    """`export X=$(cat file; echo .)` and quotes in an env file leave white space there."""
    changed = shell.with_environment(**{variable: shell.environment[variable] + end})
    finished = changed.tool("s3-put-lines", "s3://bucket", stdin=b"k\tv\n").expect(78)
    assert variable in finished.message and "white space" in finished.message


def test_white_space_in_a_secret_of_a_file_is_named(shell):
    path = shell.directory / "credentials"
    path.write_text("[default]\naws_access_key_id = AK\naws_secret_access_key = secret\n  more\n")
    unset = dict.fromkeys(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
    changed = shell.with_environment(**unset, AWS_SHARED_CREDENTIALS_FILE=str(path))
    finished = changed.tool("s3-put-lines", "s3://bucket", stdin=b"k\tv\n").expect(78)
    assert f"{path}: aws_secret_access_key contains white space" in finished.message


def test_a_token_file_with_a_line_break_is_named(shell):
    path = shell.directory / "token"
    path.write_text("a.web.token\n")
    unset = dict.fromkeys(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(path), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}
    agent = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
    }
    variable = agent | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": None, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\nb"}
    names = {str(path): [web, agent], "AWS_CONTAINER_AUTHORIZATION_TOKEN": [variable]}
    for name, settings in [(name, each) for name in names for each in names[name]]:
        changed = shell.with_environment(**(unset | settings))
        finished = changed.tool("s3-put-lines", "s3://bucket", stdin=b"k\tv\n").expect(78)
        assert f"{name} contains" in finished.message and "a.web.token" not in finished.message


@pytest.mark.parametrize("tool", TOOLS)
def test_there_is_no_option_for_a_secret(plain_shell, tool):
    text = plain_shell.tool(tool, "--help").expect().stdout.decode().lower()
    assert not any(word in text for word in ("secret", "access-key", "session-token", "password"))


NOBODY = 65534
UID = os.geteuid() or NOBODY  # root can read all files


@pytest.fixture
def running(shell):
    """An s3-put-lines that has read its credentials and waits for input; the size of core files is not limited."""
    shell.directory.chmod(0o777)
    with LyingServer(good) as server, (BIN / "s3-put-lines").open() as program:
        process = subprocess.Popen(
            ["s3-put-lines", "s3://bucket"],
            # By its descriptor, because the other user may not be allowed to enter the directory.
            executable=f"/proc/self/fd/{program.fileno()}",
            pass_fds=[program.fileno()],
            user=UID,
            env=shell.environment | {"AWS_ENDPOINT_URL_S3": server.endpoint},
            cwd=shell.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=allow_cores,
        )
        process.stdin.write(b"a\t1\n")
        process.stdin.flush()
        within(30, lambda: server.journal)
        yield process
        process.kill()
        process.communicate()


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def test_a_crash_leaves_no_core_file(running, shell):
    limits = Path(f"/proc/{running.pid}/limits").read_text()
    (cores,) = (line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size"))
    assert cores == ["0", "0"]
    os.kill(running.pid, signal.SIGABRT)
    _, status = os.waitpid(running.pid, 0)
    running.returncode = -signal.SIGABRT
    assert os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)
    assert list(shell.directory.iterdir()) == []


def test_a_crash_passes_nothing_to_a_core_file_handler(running):
    """The limit does not apply to such a program. A process that cannot be dumped belongs to root, so debuggers cannot
    attach either."""
    for name in ("environ", "mem", "maps"):
        path = Path(f"/proc/{running.pid}/{name}")
        assert path.stat().st_uid != UID
        reader = subprocess.run(["head", "-c1", path], user=UID, capture_output=True)
        assert reader.returncode == 1 and reader.stdout == b""


def test_arguments_have_no_secret(running):
    assert_no_secret(Path(f"/proc/{running.pid}/cmdline").read_text())


@pytest.mark.parametrize(
    "location", ["s3://b\nucket", "s3://b\rucket", "s3://b ucket", "s3://b%0aucket", "s3://b@c", "s3://b:80"]
)
def test_a_bucket_that_would_change_the_request_is_64(shell, location):
    for tool in ("s3-put-lines", "s3-get-lines"):
        assert len(shell.tool(tool, location, stdin=b"").expect(64).message.splitlines()) <= 4


@pytest.mark.parametrize("region", ["a\nb", "a\rb", "a/b", "a.b", "a b", "@evil"])
def test_a_region_that_would_change_the_request_is_78(shell, region):
    for tool in ("s3-put-lines", "s3-get-lines"):
        shell.tool(tool, "--region", region, "s3://bucket", stdin=b"k\td\n").expect(78)
        named = shell.with_environment(AWS_REGION=region)
        assert len(named.tool(tool, "s3://bucket", stdin=b"k\td\n").expect(78).message.splitlines()) == 1


@pytest.mark.parametrize(
    "option", ["--content-type", "--cache-control", "--metadata", "--storage-class", "--acl", "--content-encoding"]
)
@pytest.mark.parametrize("value", ["a\r\nx-amz-acl: public-read", "a\nb"])
def test_a_header_value_that_would_end_its_line_is_refused(shell, option, value):
    with LyingServer(good) as server:
        value = f"k={value}" if option == "--metadata" else value
        run = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint)
        put = run.tool("s3-put-lines", option, value, "s3://bucket", stdin=b"k\td\n")
        assert put.status in (64, 65, 78), put.message
        assert [request for request in server.journal if request.method != "HEAD"] == []


def test_netrc_is_not_read(shell):
    with LyingServer(good) as server:
        (shell.directory / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
        (shell.directory / ".netrc").chmod(0o600)
        run = shell.with_environment(AWS_ENDPOINT_URL_S3=server.endpoint, HOME=str(shell.directory))
        run.tool("s3-get-lines", "--no-sign-request", "s3://bucket", "a").expect()
        assert all("authorization" not in request.headers for request in server.journal)


@pytest.mark.parametrize("variable", ["http_proxy", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("scheme", ["http://", "none://", "", "us://er:"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_password_in_an_address_is_not_shown(shell, tool, scheme, variable):
    """libcurl's message contains the unusable proxy, and the tool's message the endpoint."""
    words, stdin = TOOLS[tool]
    address = f"{scheme}user:pass/wo@rd@127.0.0.1:99999"
    finished = shell.with_environment(**{variable: address}).tool(*words, stdin=stdin)
    assert finished.status == (69 if variable == "http_proxy" else 78)
    assert "[redacted]@127.0.0.1:99999" in finished.message
    assert not any(word in finished.message for word in ("user", "er:", "pass", "wo@rd"))
