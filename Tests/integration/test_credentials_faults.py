"""Each source of credentials, if its service is slow, wrong, cut off or missing: a message and a status, never an
endless wait."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from credential_sources import BY_COMMAND, OVER_HTTP, SOURCES, instance, put, role, stage, web_identity
from servers import free_ports

SLOW_SECONDS = 2.5


def everywhere(tmp_path, sources, prepare, check):
    """Runs `check` for each source in parallel."""

    def one(source):
        with stage(source, tmp_path / source.__name__, prepare) as each:
            try:
                check(each)
            except AssertionError as failure:
                failure.add_note(f"source: {source.__name__}")
                raise

    with ThreadPoolExecutor(len(sources)) as pool:
        list(pool.map(one, sources))


def slow(world):
    def late(request):
        time.sleep(SLOW_SECONDS)
        return 200, {}, world.answer(request).encode()

    return late


def wrong(world):
    return lambda request: (200, {}, b"<html>quiet-sso hush/source</html>")


def refused(world):
    def repeats(request):
        secrets = unquote(request.body.decode()).replace("&", " ")
        text = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{secrets}</Message></Error></ErrorResponse>"
        return 403, {}, text.encode()

    return repeats


def cut(world):
    return lambda request: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])


def endless(world):
    return lambda request: (200, {}, b" " * (2 << 20))


def emptied(world):
    return lambda request: (200, {}, b"")


def refuse_to_go_on(each, *, lines=None):
    message = put(each.shell, "--timeout", "1s").expect(77).message
    last = message.splitlines()[-1]
    assert SOURCES[each.source] in last and (lines is None or len(message.splitlines()) == lines)
    assert not any(secret in message for secret in each.world.secrets)
    assert not each.world.puts(each.server)
    return last


@pytest.mark.parametrize("fault", [wrong, refused, cut, endless, emptied])
def test_a_source_that_fails_is_named(tmp_path, fault):
    def prepare(world):
        world.broken = fault(world)

    def check(each):
        refuse_to_go_on(each, lines=1 if each.source in OVER_HTTP else None)
        assert each.world.asked

    everywhere(tmp_path, SOURCES, prepare, check)


def test_a_slow_source_times_out(tmp_path):
    """A service has a time limit; a command may take longer, and its credentials are then used."""

    def prepare(world):
        world.broken = slow(world)

    def check(each):
        if each.source in OVER_HTTP:
            refuse_to_go_on(each, lines=1)
        else:
            put(each.shell, "--timeout", "1s").expect()
            assert each.world.puts(each.server) == ["AK1"]

    everywhere(tmp_path, SOURCES, prepare, check)


def test_a_missing_source_is_named(tmp_path):
    (port,) = free_ports(1)
    nowhere = SimpleNamespace(endpoint=f"http://127.0.0.1:{port}", port=port)

    def check(each):
        each.shell = each.source(each.shell, nowhere)
        refuse_to_go_on(each)
        assert not each.world.asked

    everywhere(tmp_path, SOURCES, lambda world: None, check)


THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"


@pytest.mark.parametrize("refusals, status", [(2, 0), (3, 77)])
def test_a_service_that_throttles_is_asked_again(tmp_path, refusals, status):
    """STS says so with status 400."""

    def prepare(world):
        world.broken = lambda request: (
            (400, {}, THROTTLED) if len(world.asked) <= refusals else (200, {}, world.answer(request).encode())
        )

    def check(each):
        message = put(each.shell).expect(status).message
        assert len(each.world.asked) == 3
        assert ("AssumeRole" in message and "400 Throttling: Rate exceeded\n" in message) == (status == 77)

    everywhere(tmp_path, [role, web_identity], prepare, check)


def test_an_answer_that_is_not_from_the_service_is_reported(tmp_path):
    def prepare(world):
        world.broken = lambda request: (403, {}, b"<html>no")

    def check(each):
        message = put(each.shell).expect(77).message
        assert "AssumeRole: 403, and the response is not an error of STS\n" in message

    everywhere(tmp_path, [role], prepare, check)


INVISIBLE = {"a space": "{} ", "a line break": "{}\n", "a tab inside": "\t{}", "a no-break space": "{}\u00a0"}


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("form", INVISIBLE)
def test_an_invalid_key_is_named(tmp_path, part, form):
    """A signature made with it would be refused as wrong, and the cause would be hard to find."""

    def prepare(world):
        plain = world.new

        def new():
            parts = list(plain())
            parts[part] = INVISIBLE[form].format(parts[part])
            return tuple(parts)

        world.new = new

    def check(each):
        message = put(each.shell).expect(78).message.splitlines()[-1]
        name = ("accesskeyid", "secretaccesskey", "sessiontoken")[part]
        if part == 2:
            name = "token"
        assert name in message.lower() and "contains white space or control characters" in message
        assert not any(secret in message for secret in each.world.secrets)
        assert not each.world.puts(each.server)

    everywhere(tmp_path, SOURCES if form == "a line break" else list(SOURCES)[part::3], prepare, check)


def test_an_invalid_time_is_named(tmp_path):
    def prepare(world):
        plain = world.json

        def written(token="Token"):
            return plain(token) | {"Expiration": "tomorrow"}

        world.json = written

    def check(each):
        message = put(each.shell).expect(78).message.splitlines()[-1]
        assert "Expiration" in message and "found 'tomorrow'" in message

    everywhere(tmp_path, [instance, *BY_COMMAND], prepare, check)


def test_a_services_message_is_reported(tmp_path):
    """The metadata service responds with 200 that the instance's role cannot be assumed."""

    def prepare(world):
        def answer(request):
            if request.path.endswith("/my-role"):
                told = {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role my-role."}
                return 200, {}, json.dumps(told).encode()
            return 200, {}, world.answer(request).encode()

        world.broken = answer

    def check(each):
        message = put(each.shell).expect(77).message
        assert "no AccessKeyId: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role my-role." in message

    everywhere(tmp_path, [instance], prepare, check)
