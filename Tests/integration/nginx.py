"""The installed nginx, in front of a server, for the duration of a test.

    with Nginx(f"location / {{ {forwards_to(server)} }}") as front:
        ... run a tool with front.leading_to(server) ...

The text is the content of a `server { }` block that listens on a free port; `http` is configuration beside that block.
nginx runs as the current user, in one process, with all files in its own directory.
"""

import os
import shutil
import socket
import subprocess

import servers

SETTINGS = """
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections 1024;
}}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port}{listen};
        {tls}
        {server}
    }}
}}
"""


class Nginx(servers.Server):
    """nginx with one `server` block defined by the test. With `certificate`, a result of `certificate()`, it uses TLS
    and offers HTTP/2."""

    name = "nginx"

    def __init__(self, server, http="", certificate=None):
        super().__init__()
        self.server, self.http, self.certificate = server, http, certificate

    def __enter__(self):
        try:
            return self.start().wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def leading_to(self, server, path=""):
        """The environment for a tool that uses `server` through this nginx."""
        found = server.tool_environment() | {"AWS_ENDPOINT_URL_S3": self.endpoint + path}
        if self.certificate:
            found["AWS_CA_BUNDLE"] = str(self.certificate[0])
        return found

    def command(self):
        (self.port,) = servers.free_ports(1)
        listen, tls = "", ""
        if self.certificate:
            listen = " ssl http2"
            tls = "ssl_certificate {}; ssl_certificate_key {};".format(*self.certificate)
        configuration = self.directory / "nginx.conf"
        configuration.write_text(
            SETTINGS.format(
                directory=self.directory, port=self.port, listen=listen, tls=tls, http=self.http, server=self.server
            )
        )
        binary = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert binary, "nginx is not installed: scripts/setup test"
        return [binary, "-p", self.directory, "-e", "stderr", "-c", configuration]

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True


def forwards_to(server, path=""):
    """The directives of a location that forwards requests to `server` with valid signatures."""
    return f"proxy_pass {server.endpoint}{path}; proxy_set_header Host $http_host; proxy_http_version 1.1;"


def certificate(directory, host="IP:127.0.0.1"):
    """A self-signed certificate and its key, as files. Source: openssl-req(1)."""
    files = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={host}",
         "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files
