"""No byte that a tool writes shows a secret, whatever the source of its credentials and whatever a service repeats."""

import binascii
import os
import resource
import signal
import subprocess
import threading
from base64 import b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import servers
from conftest import BIN
from credential_sources import OVER_HTTP, SOURCES, STATIC, agree, config, stage
from lying_server import error

LINES = b"k\tv\n"
TOOLS = {
    "s3-put-lines": LINES,
    "s3-get-lines": b"k\n",
    "s3-list-keys": b"",
    "s3-delete-keys": b"k\n",
}


def keys_in_environment(shell, server):
    return shell.with_environment(AWS_ACCESS_KEY_ID="AKSOURCE", AWS_SECRET_ACCESS_KEY="hush/source")


def keys_in_a_file(shell, server):
    config(shell, "[default]\n" + STATIC)
    return shell


# With a crash report of the Swift runtime, registers and the memory that they point to are written.
QUIET = {"SWIFT_BACKTRACE": "enable=no"}
EVERY_SOURCE = [*SOURCES, keys_in_environment, keys_in_a_file]


# Secrets set here that are sent to a service. A service cannot repeat the others.
SENT = {
    "container": ["bearer quiet"], "sourced": ["bearer quiet"], "instance": ["metadata-quiet-token"],
    "web_identity": ["quiet.web.identity"], "role": ["hush/source"], "chain": ["hush/source"],
    "sso": ["quiet-sso"], "older_sso": ["quiet-sso"],
    "keys_in_environment": ["hush/source"], "keys_in_a_file": ["hush/source"],
}  # fmt: skip


def secrets_of(source, world):
    given = [secret for key, each in world.sets.items() if key != "AKSOURCE" for secret in each]
    return SENT.get(source.__name__, []) + given


def base64_inside(data, shift, encode=b64encode):
    """The part of the base64 of `data`, at offset `shift`, that does not depend on the bytes around it."""
    text = encode(b"x" * shift + data).rstrip(b"=")
    start = -(-shift * 8 // 6)
    return text[start : (shift + len(data)) * 8 // 6].decode()


def whole_forms(secret):
    """A secret, plain and in all encodings."""
    data = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote(quote(secret, safe=""), safe="")
    yield "".join(f"%{byte:02x}" for byte in data)
    yield "".join(f"\\u{byte:04x}" for byte in data)
    yield secret.replace("/", "\\/")
    yield "".join(f"&#{byte};" for byte in data)
    yield data.hex()


def forms(secret):
    """Strings that must not appear in any output."""
    yield from whole_forms(secret)
    for shift in range(3):
        yield base64_inside(secret.encode(), shift)
        yield base64_inside(secret.encode(), shift, urlsafe_b64encode)


def everything_said_back(secrets):
    """All secrets, in all forms, as a service may repeat them."""
    for secret in secrets:
        yield from whole_forms(secret)
        data = secret.encode()
        for before in (b"", b"1", b"12"):
            yield b64encode(before + data + b"..").decode()
            yield urlsafe_b64encode(before + data).decode()
        yield binascii.hexlify(data).decode().upper()


def assert_nothing_leaks(text, secrets, what):
    lower = text.lower()
    for secret in secrets:
        for form in forms(secret):
            assert form not in text and (not form.startswith("%") or form.lower() not in lower), (what, form)
        assert secret.encode().hex() not in lower, what


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    servers.die_with_parent()


def run_all_tools(tmp_path, source, answer, check):
    """Runs each tool with `source`: `answer` makes S3's response from all secrets in use, `check` gets all output."""

    def one(tool):
        known = threading.Event()
        seen = {}

        def prepare(world):
            plain = world.s3

            def s3(request):
                known.wait(10)
                if "arguments" not in seen:
                    seen["arguments"] = Path(f"/proc/{seen['process'].pid}/cmdline").read_bytes()
                return answer(world, request, plain, seen["process"])

            world.s3 = s3

        with stage(source, tmp_path / tool, prepare) as each:
            words = [BIN / tool, "--verbose", "--addressing", "path", "s3://bucket"]
            process = seen["process"] = subprocess.Popen(
                words, cwd=each.shell.directory, env=each.shell.environment | QUIET, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=allow_cores,
            )  # fmt: skip
            known.set()
            stdout, stderr = process.communicate(TOOLS[tool], timeout=60)
            written = {"stdout": stdout, "stderr": stderr, "arguments": seen.get("arguments", b"")}
            for path in each.shell.directory.rglob("*core*"):
                written[path.name] = path.read_bytes()
            for name, data in written.items():
                text = data.decode(errors="backslashreplace")
                assert_nothing_leaks(text, secrets_of(source, each.world), (tool, source.__name__, name))
            check(tool, each, process.returncode, stderr.decode(errors="backslashreplace"), seen)

    with ThreadPoolExecutor(len(TOOLS)) as pool:
        list(pool.map(one, TOOLS))


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda source: source.__name__)
def test_no_byte_has_a_secret_that_s3_repeats(tmp_path, source):
    """S3 reports the first credentials as expired, and then repeats everything it has received, in each encoding."""

    def answer(world, request, plain, process):
        if source in SOURCES and len(world.sets) < 3 and "AK1" not in world.refuses:
            world.refuses.add("AK1")
            return 403, {}, error("ExpiredToken")
        told = " ".join(everything_said_back(secrets_of(source, world)))
        return 403, {"x-amz-request-id": told[:2000]}, error("AccessDenied", f"you said {told}".replace("&", "&amp;"))

    def check(tool, each, status, message, seen):
        assert status in (1, 77), (tool, status, message)
        assert seen["arguments"].startswith(str(BIN / tool).encode())
        assert "credentials: " in message and "AccessDenied" in message and "[redacted]" in message

    run_all_tools(tmp_path, source, answer, check)


@pytest.mark.parametrize("source", OVER_HTTP, ids=lambda source: source.__name__)
def test_no_byte_has_a_secret_that_a_service_for_credentials_repeats(tmp_path, source):
    def prepare(world):
        def told(request):
            told = " ".join(everything_said_back(secrets_of(source, world)))
            message = f"you said {told}".replace("&", "&amp;")
            return (
                403,
                {},
                b"<ErrorResponse><Error><Code>AccessDenied</Code>"
                + f"<Message>{message}</Message></Error></ErrorResponse>".encode(),
            )

        world.broken = told

    with stage(source, tmp_path, prepare) as each:
        finished = each.shell.tool("s3-list-keys", "--verbose", "s3://bucket").expect(77)
        assert each.world.asked
        secrets = secrets_of(source, each.world)
        assert_nothing_leaks(finished.message + finished.stdout.decode(), secrets, source.__name__)


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda source: source.__name__)
def test_a_tool_that_crashes_leaves_no_secret(tmp_path, source):
    """It is aborted with its credentials in memory, and the size of core files is not limited."""

    def answer(world, request, plain, process):
        os.kill(process.pid, signal.SIGABRT)
        return agree(request)

    def check(tool, each, status, message, seen):
        assert status == -signal.SIGABRT, (tool, status, message)
        assert not list(each.shell.directory.rglob("core*"))

    run_all_tools(tmp_path, source, answer, check)
