"""Certificates: a service without a trusted certificate gets no request, and only AWS_CA_BUNDLE selects another
authority."""

import datetime
import ipaddress
import select
import socket
import socketserver
import ssl
import subprocess
import threading
import warnings

import pytest
from conftest import Shell
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fault_proxy import FaultProxy
from lying_server import LyingServer, environment, error

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority for the test; its certificate is in `bundle`."""

    def __init__(self, directory, title="test authority"):
        self.directory, self.name = directory, name(title)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.certify(self.name, self.key, None, True)
        self.bundle = directory / "authority.pem"
        self.bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def certify(self, subject, key, alternative, is_authority=False, days=(-1, 1), issuer=None):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        return builder.sign(self.key if issuer is None else key, hashes.SHA256())

    def context(self, address="127.0.0.1", days=(-1, 1), self_signed=False, host=None):
        """A server's context with a certificate for `address` or `host`, signed by this authority or self-signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = x509.DNSName(host) if host else x509.IPAddress(ipaddress.ip_address(address))
        issuer = name("itself") if self_signed else None
        certificate = self.certify(issuer or name("server"), key, alternative, days=days, issuer=issuer)
        path = self.directory / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def bucket(seaweedfs_bucket):
    seaweedfs_bucket.put("k", b"data\n")
    return seaweedfs_bucket


def shell(seaweedfs, proxy, authority, **changes):
    environment = seaweedfs.tool_environment() | {
        "AWS_ENDPOINT_URL_S3": proxy.endpoint,
        "AWS_CA_BUNDLE": str(authority.bundle),
        "AWS_MAX_ATTEMPTS": "2",
    }
    return Shell(authority.directory, environment, seconds=30).with_environment(**changes)


def assert_refused(seaweedfs, bucket, authority, context, word, **changes):
    with FaultProxy(seaweedfs.endpoint, tls=context) as proxy:
        run = shell(seaweedfs, proxy, authority, **changes)
        put = run.tool("s3-put-lines", bucket.location, stdin=b"new\tdata\n").expect(69)
        got = run.tool("s3-get-lines", bucket.location, "k").expect(69)
        assert put.stdout == got.stdout == b""
        assert word in put.message.lower() and word in got.message.lower(), put.message
        assert proxy.journal == [], "no request went out"
    assert bucket.keys() == ["k"]


def test_a_certificate_of_the_named_authority_is_accepted(seaweedfs, bucket, authority):
    with FaultProxy(seaweedfs.endpoint, tls=authority.context()) as proxy:
        run = shell(seaweedfs, proxy, authority)
        assert run.tool("s3-put-lines", bucket.location, stdin=b"new\tdata\n").expect().lines == ["new"]
        assert run.tool("s3-get-lines", bucket.location, "k", "new").expect().stdout == b"data\n" * 2
        assert proxy.endpoint.startswith("https://")


def test_an_unknown_authority_is_refused(seaweedfs, bucket, authority):
    assert_refused(seaweedfs, bucket, authority, authority.context(), "certificate", AWS_CA_BUNDLE=None)


def test_a_message_says_where_trusted_certificates_come_from(seaweedfs, bucket, authority):
    named = "aws_ca_bundle can name a file with the certificates to trust"
    assert_refused(seaweedfs, bucket, authority, authority.context(), named, AWS_CA_BUNDLE=None)
    assert_refused(seaweedfs, bucket, authority, authority.context(self_signed=True), named)
    with FaultProxy(seaweedfs.endpoint, tls=authority.context()) as proxy:
        run = shell(seaweedfs, proxy, authority, AWS_CA_BUNDLE="/nosuch")
        message = run.tool("s3-get-lines", bucket.location, "k").expect(78).message
    assert "/nosuch; AWS_CA_BUNDLE, or ca_bundle of the profile, must name a file of certificates in PEM form" in message


def test_a_self_signed_certificate_is_refused(seaweedfs, bucket, authority):
    assert_refused(seaweedfs, bucket, authority, authority.context(self_signed=True), "certificate")


def test_an_expired_certificate_is_refused(seaweedfs, bucket, authority):
    assert_refused(seaweedfs, bucket, authority, authority.context(days=(-2, -1)), "certificate")


def test_a_certificate_for_another_host_is_refused(seaweedfs, bucket, authority):
    assert_refused(seaweedfs, bucket, authority, authority.context("127.0.0.2"), "ssl")


def test_a_service_without_tls_is_69(seaweedfs, bucket, authority):
    with LyingServer(lambda request: (200, {"ETag": '"e"'}, b"")) as server:
        run = shell(seaweedfs, server, authority, AWS_ENDPOINT_URL_S3=f"https://127.0.0.1:{server.port}")
        put = run.tool("s3-put-lines", bucket.location, stdin=b"new\tdata\n").expect(69)
        assert put.stdout == b"" and "ssl" in put.message.lower()
        run.tool("s3-get-lines", bucket.location, "k").expect(69)
        assert server.journal == []


def test_plain_http_to_a_tls_port_sends_no_request(seaweedfs, bucket, authority):
    with FaultProxy(seaweedfs.endpoint, tls=authority.context()) as proxy:
        run = shell(seaweedfs, proxy, authority, AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{proxy.port}")
        put = run.tool("s3-put-lines", bucket.location, stdin=b"new\tdata\n")
        assert put.status in (69, 76) and put.stdout == b""
        assert proxy.journal == []


OLD_TLS = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


def test_tls_below_1_2_is_refused(seaweedfs, bucket, authority, tmp_path):
    """Even if the machine's configuration would allow it."""
    context = authority.context()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    rules = tmp_path / "openssl.cnf"
    rules.write_text(OLD_TLS)
    assert_refused(seaweedfs, bucket, authority, context, "ssl", OPENSSL_CONF=str(rules))


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n"])
def test_an_invalid_bundle_is_78(seaweedfs, bucket, authority, content):
    if content is None:
        authority.bundle.unlink()
    else:
        authority.bundle.write_bytes(content)
    with FaultProxy(seaweedfs.endpoint, tls=authority.context()) as proxy:
        run = shell(seaweedfs, proxy, authority)
        put = run.tool("s3-put-lines", bucket.location, stdin=b"new\tdata\n").expect(78)
        assert "authority.pem" in put.message and proxy.journal == []


def test_a_bundle_replaces_the_systems_authorities(seaweedfs, bucket, authority, tmp_path):
    """A user who selects one authority no longer trusts the system's."""
    namespace = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("no namespaces here, in which the system's authorities can be others")
    places = [tmp_path / "system", tmp_path / "certificates"]
    for place in places:
        place.mkdir()
    system = Authority(places[0], "system's authority")
    digest = subprocess.check_output(["openssl", "x509", "-hash", "-noout", "-in", system.bundle], text=True)
    for file in ("ca-certificates.crt", f"{digest.strip()}.0"):
        (places[1] / file).write_bytes(system.bundle.read_bytes())
    script = f"mount --bind {places[1]} /etc/ssl/certs && exec s3-get-lines {bucket.location} k"
    with FaultProxy(seaweedfs.endpoint, tls=system.context()) as proxy:
        run = shell(seaweedfs, proxy, authority)
        got = run.run(script, shell=(*namespace, "bash", "-c")).expect(69)
        assert "certificate" in got.message and proxy.journal == []
        unnamed = run.with_environment(AWS_CA_BUNDLE=None)
        assert unnamed.run(script, shell=(*namespace, "bash", "-c")).expect().stdout == b"data\n"


def test_other_variables_do_not_switch_verification_off(seaweedfs, bucket, authority):
    trusted = str(authority.bundle)
    # Variables used by the curl program instead of the library, by OpenSSL itself, or by other programs.
    changes = {"CURL_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted, "REQUESTS_CA_BUNDLE": trusted}
    changes |= {"AWS_CA_BUNDLE": None, "PYTHONHTTPSVERIFY": "0"}
    assert_refused(seaweedfs, bucket, authority, authority.context(), "certificate", **changes)


# Amazon's hosts, through a proxy that connects all of them to a local server.


class Tunnel(socketserver.StreamRequestHandler):
    """A proxy for https: whatever the requested host, it connects to the server's `target`."""

    def handle(self):
        method, host, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append((method, host))
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.server.target)) as other:
            sides = {self.connection: other, other: self.connection}
            while True:
                for side in select.select(sides, [], [])[0]:
                    data = side.recv(1 << 16)
                    if not data:
                        return
                    sides[side].sendall(data)


@pytest.fixture
def tunnel():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads, server.asked = True, []
        threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("region", ["eu-west-3", "evil.invalid/", "eu-west-3.evil", "x@evil"])
def test_a_region_selects_amazons_host_or_none(authority, tunnel, region):
    """The first host's response contains the bucket's region, which becomes part of a host name only if it is a valid
    region name."""
    told = {"x-amz-bucket-region": region, "Location": "https://evil.invalid/"}

    def handle(request):
        if request.region == "us-east-1":
            return 301, told, b"" if request.method == "HEAD" else error("PermanentRedirect")
        return 200, {"ETag": '"e"'}, b""

    first, second = (f"bucket.s3.{name}.amazonaws.com" for name in ("us-east-1", "eu-west-3"))
    certificate = authority.context(host="*.s3.us-east-1.amazonaws.com")
    other = authority.context(host="*.s3.eu-west-3.amazonaws.com")
    certificate.sni_callback = lambda sock, name, _: setattr(sock, "context", other if name == second else certificate)
    with LyingServer(handle, tls=certificate) as server:
        tunnel.target = server.port
        variables = {"https_proxy": f"http://127.0.0.1:{tunnel.server_address[1]}", "NO_PROXY": None, "no_proxy": None}
        run = Shell(authority.directory, environment(2, AWS_CA_BUNDLE=str(authority.bundle)), 30)
        put = run.with_environment(**variables).tool("s3-put-lines", "s3://bucket", stdin=b"k\td\n")
    is_region = region == "eu-west-3"
    # A redirect without a region comes from a web server.
    put.expect(0 if is_region else 76)
    assert put.lines == (["k"] if is_region else [])
    assert {host for _, host in tunnel.asked} == {
        f"{host}:443" for host in ((first, second) if is_region else (first,))
    }
    assert {method for method, _ in tunnel.asked} == {"CONNECT"}
    assert all(request.headers["host"] == f"bucket.s3.{request.region}.amazonaws.com" for request in server.journal)
    assert [request.path for request in server.journal if request.method == "PUT"] == (["/k"] if is_region else [])
