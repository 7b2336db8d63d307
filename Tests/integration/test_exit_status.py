"""Errors that stop an S3 tool, and their exit statuses. Source: sysexits(3) and the man pages."""

import pytest
import servers

TOOLS = {
    "s3-put-lines": (["s3-put-lines"], b"key\tdata\n"),
    "s3-get-lines": (["s3-get-lines"], b"key\n"),
    "s3-get-lines --all": (["s3-get-lines", "--all"], b""),
    "s3-list-keys": (["s3-list-keys"], b""),
    "s3-delete-keys": (["s3-delete-keys"], b"key\n"),
}


@pytest.fixture(params=TOOLS)
def run(request):
    """Runs one of the tools with a location, and checks the form of its message and that it contains no secret."""
    words, stdin = TOOLS[request.param]

    def run(shell, location, status, *options):
        finished = shell.tool(*words, *options, location, stdin=stdin).expect(status)
        assert finished.stdout == b""
        first, *rest = finished.message.splitlines()
        assert first.startswith(f"{words[0]}: ")
        assert servers.SECRET_KEY not in finished.message
        if status != 64:
            assert all(line.startswith(f"{words[0]}: ") for line in rest), finished.message
        return finished.message

    return run


def test_unknown_bucket_is_66_named_and_not_created(server, shell, run):
    before = server.client().list_buckets()["Buckets"]
    message = run(shell, "s3://no-such-bucket-here", 66)
    assert "no-such-bucket-here" in message
    assert server.client().list_buckets()["Buckets"] == before


def test_no_credentials_is_77(bucket, shell, run):
    bare = shell.with_environment(
        AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, HOME=str(shell.directory)
    )
    message = run(bare, bucket.location, 77)
    assert "AWS_ACCESS_KEY_ID" in message, "the message lists where it looked"
    assert bucket.keys() == []


def test_an_empty_variable_is_unset(bucket, shell, run):
    run(shell.with_environment(AWS_ACCESS_KEY_ID=""), bucket.location, 77)


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_refused_credentials_are_77(server, bucket, shell, run, variable):
    if not server.checks_credentials:
        pytest.skip(f"{server.name} accepts any credentials")
    bucket.put("key", b"data\n")
    wrong = shell.with_environment(**{variable: "WRONG" + shell.environment[variable][5:]})
    run(wrong, bucket.location, 77)


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1", "http://", "http://host:port", "http://a b"])
def test_bad_endpoint_is_78(seaweedfs, plain_shell, run, endpoint):
    shell = plain_shell.with_environment(**seaweedfs.tool_environment())
    run(shell, "s3://snot", 78, "--endpoint", endpoint)
    run(shell.with_environment(AWS_ENDPOINT_URL_S3=endpoint), "s3://snot", 78)


def test_endpoint_without_scheme_is_78_and_one_is_suggested(seaweedfs, plain_shell, run):
    shell = plain_shell.with_environment(**seaweedfs.tool_environment())
    address = seaweedfs.endpoint.removeprefix("http://")
    message = run(shell.with_environment(AWS_ENDPOINT_URL_S3=address), "s3://snot", 78)
    assert f"http://{address}" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_an_unreachable_server_is_69(seaweedfs, plain_shell, run, host):
    (port,) = servers.free_ports(1)
    shell = plain_shell.with_environment(**seaweedfs.tool_environment(), AWS_MAX_ATTEMPTS="2")
    message = run(shell, "s3://snot", 69, "--endpoint", f"http://{host}:{port}")
    assert host in message


@pytest.mark.parametrize("location", ["snot", "s3:/snot", "s3://", "https://snot", "s3:///key"])
def test_an_invalid_location_is_64(seaweedfs, plain_shell, run, location):
    run(plain_shell.with_environment(**seaweedfs.tool_environment()), location, 64)
