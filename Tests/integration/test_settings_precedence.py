"""Settings of profiles and of the environment, in all combinations: the expected requests are botocore's."""

import random
import re
import socketserver
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import botocore.session
import pytest
from conftest import Shell
from lying_server import LyingServer, error
from nginx import certificate
from test_profiles import environment, write

VARIABLES = {
    "region": "AWS_DEFAULT_REGION",
    "max_attempts": "AWS_MAX_ATTEMPTS",
    "request_checksum_calculation": "AWS_REQUEST_CHECKSUM_CALCULATION",
    "response_checksum_validation": "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
    "ignore_configured_endpoint_urls": "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "ca_bundle": "AWS_CA_BUNDLE",
}
CHOICES = {
    "region": [
        "us-west-2", "eu-central-1", "us-gov-west-1", "eusc-de-east-1", "aws-global", "fips-us-east-1",
        "eu-west-1-fips",
    ],
    "max_attempts": ["1", "2", "3"],
    "request_checksum_calculation": ["when_supported", "when_required", "WHEN_REQUIRED"],
    "response_checksum_validation": ["when_supported", "when_required", "When_Supported"],
    "use_dualstack_endpoint": ["true", "True", "false"],
    "use_fips_endpoint": ["true", "false"],
    "ignore_configured_endpoint_urls": ["true", "false"],
    "ca_bundle": ["RIGHT", "RIGHT", "OTHER"],
}
BUCKETS = ["bucket", "my.dotted.bucket", "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point"]
HOSTS = ["localhost", "127.0.0.1"]
NAMES = "IP:127.0.0.1,DNS:localhost,DNS:bucket.localhost,DNS:my-point-123456789012.localhost"
ROWS = 50


class Proxy:
    """A proxy that records requested connections to AWS's hosts and refuses them."""

    def __enter__(self):
        hosts = self.hosts = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                hosts.append(self.rfile.readline().split()[1].decode().removesuffix(":443"))
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def row(dice):
    """A profile, variables, a bucket and a tool."""
    profile, variables, nested = [], {}, []
    for setting, choices in CHOICES.items():
        often = 0.5 if setting != "ignore_configured_endpoint_urls" else 0.15
        if dice.random() < often:
            profile.append(f"{setting} = {dice.choice(choices)}")
        if dice.random() < often / 2:
            variables[VARIABLES[setting]] = dice.choice(choices)
    if dice.random() < 0.3:
        nested.append(f"  addressing_style = {dice.choice(['path', 'virtual', 'auto'])}")
    if dice.random() < 0.2:
        nested.append(f"  use_dualstack_endpoint = {dice.choice(['true', 'false'])}")
    if dice.random() < 0.2:
        nested.append(f"  payload_signing_enabled = {dice.choice(['true', 'True', 'false'])}")
    profile += ["s3 =", *nested] if nested else []
    services = []
    if dice.random() < 0.3:
        profile.append("endpoint_url = URL/global")
    if dice.random() < 0.2:
        profile.append("services = all")
        services = ["[services all]", "s3 =", "  endpoint_url = URL/service"]
    for name, path in (("AWS_ENDPOINT_URL", "global-variable"), ("AWS_ENDPOINT_URL_S3", "service-variable")):
        if dice.random() < 0.15:
            variables[name] = f"URL/{path}"
    bucket = dice.choice(BUCKETS)
    # botocore lets an access point, and over http a dotted bucket, stand before an address, which then is no name.
    host = "localhost" if "." in bucket or ":" in bucket else dice.choice(HOSTS)
    base = f"{dice.choice(['http', 'https'])}://{host}:9/"
    text = "\n".join(["[default]", *profile, *services]).replace("URL/", base)
    variables = {name: value.replace("URL/", base) for name, value in variables.items()}
    return text, variables, bucket, dice.choice(["s3-put-lines", "s3-get-lines"])


class Sent(Exception):
    pass


def botocores(variables, bucket, tool, loader):
    """botocore's request: host, path, region, checksum headers; and its maximum number of attempts."""
    with environment(variables):
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        region = session.get_config_variable("region") or "us-east-1"
        client = session.create_client("s3", region_name=region)
        seen = []

        def before(request, **_):
            seen.append(request)
            raise Sent

        client.meta.events.register("before-send", before)
        try:
            if tool == "s3-put-lines":
                client.put_object(Bucket=bucket, Key="k", Body=b"v\n")
            else:
                client.get_object(Bucket=bucket, Key="k")
        except Sent:
            pass
    (request,) = seen
    url = urlsplit(request.url)
    headers = {
        name.lower(): value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
    }
    return {
        "is_here": url.port is not None,
        "scheme": url.scheme,
        "host": url.netloc,
        "path": url.path,
        "region": re.search(r"Credential=[^/]+/\d+/([^/]+)/", headers["authorization"])[1],
        "checksum": any(name.startswith(("x-amz-checksum-c", "x-amz-trailer")) for name in headers),
        "mode": headers.get("x-amz-checksum-mode"),
        "unsigned": "UNSIGNED-PAYLOAD" in headers["x-amz-content-sha256"],
        "authority": client._endpoint.http_session._verify,
        "attempts": (client.meta.config.retries or {}).get("total_max_attempts"),
    }


def same_host(host):
    """Normalizes the host of us-east-1 that botocore writes without its region."""
    return re.sub(r"\bs3\.amazonaws\.com$", "s3.us-east-1.amazonaws.com", host)


def compare(certificates, directory, text, variables, bucket, tool, expected):
    unwell = expected["attempts"] is not None
    tls = None
    if expected["scheme"] == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificates["RIGHT"])

    def answer(request):
        return (
            (503, {}, error("InternalError"))
            if unwell
            else (200, {"ETag": '"e"'}, b"v\n" if request.method == "GET" else b"")
        )

    with LyingServer(answer, tls) as server, Proxy() as proxy:

        def here(text):
            return re.sub("(localhost|127.0.0.1):9\\b", rf"\1:{server.port}", text)

        directory.mkdir()
        write(directory, here(text), KEYS)
        shell = Shell(directory, {name: here(value) for name, value in variables.items()}, 60)
        shell = shell.with_environment(
            HOME=str(directory),
            https_proxy=f"http://127.0.0.1:{proxy.server.server_address[1]}",
            no_proxy=",".join(HOSTS),
        )
        if not unwell:
            shell = shell.with_environment(AWS_MAX_ATTEMPTS="1")
        stdin = b"k\tv\n" if tool == "s3-put-lines" else b"k\n"
        finished = shell.tool(tool, f"s3://{bucket}", stdin=stdin)
        if not expected["is_here"]:
            assert set(map(same_host, proxy.hosts)) == {same_host(expected["host"])}, (proxy.hosts, finished.message)
            return
        if tls and expected["authority"] != str(certificates["RIGHT"][0]):
            assert finished.status == 69 and "certificate" in finished.message and not server.journal, finished.message
            return
        sent = [each for each in server.journal if each.method == ("PUT" if tool == "s3-put-lines" else "GET")]
        if unwell:
            sent = sent or server.journal
            first = [each for each in server.journal if each.method == sent[0].method]
            assert len(first) == expected["attempts"], (len(first), finished.message)
        last = sent[-1]
        assert last.headers["host"] == here(expected["host"]) and last.region == expected["region"]
        if last.method == "HEAD":
            return
        assert last.path == expected["path"]
        if tool == "s3-get-lines":
            assert last.headers.get("x-amz-checksum-mode") == expected["mode"]
            return
        has_checksum = any(name.startswith("x-amz-checksum-c") for name in last.headers)
        if re.search("(?i)request_checksum_calculation", text + " ".join(variables)):
            # By default only AWS gets a checksum: many other services refuse it.
            assert has_checksum == expected["checksum"]
        # A body is unsigned only over TLS and with a checksum, whatever payload_signing_enabled says: unlike botocore.
        is_unsigned = last.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
        assert is_unsigned == (expected["unsigned"] and has_checksum and tls is not None)


KEYS = "[default]\naws_access_key_id = AK\naws_secret_access_key = S\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The server's certificate and key, and those of another server, which is not trusted."""
    return {name: certificate(tmp_path_factory.mktemp(name), NAMES) for name in ("RIGHT", "OTHER")}


@pytest.mark.parametrize("seed", range(4))
def test_settings_come_from_the_same_places_as_in_botocore(tmp_path, certificates, seed):
    dice = random.Random(seed)
    loader = botocore.session.Session().get_component("data_loader")
    rows = []
    for number in range(ROWS):
        text, variables, bucket, tool = row(dice)
        for mark, (file, _) in certificates.items():
            text = text.replace(mark, str(file))
            variables = {name: value.replace(mark, str(file)) for name, value in variables.items()}
        variables |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
        write(tmp_path, text, KEYS)
        if bucket.startswith("arn:aws:") and re.search("us-gov|eusc", text + str(variables)):
            bucket = "bucket"  # botocore refuses ARNs of other partitions
        rows.append((tmp_path / str(number), text, variables, bucket, tool, botocores(variables, bucket, tool, loader)))

    def one(row):
        try:
            compare(certificates, *row)
        except AssertionError as failure:
            failure.add_note(repr(row))
            raise

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, rows))
    assert {row[-1]["scheme"] for row in rows} == {"http", "https"}
