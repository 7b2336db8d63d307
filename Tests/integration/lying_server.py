"""An S3 server whose responses a test defines.

    def handle(request):
        return 200, {"ETag": '"e"'}, b"data\\n"

    with LyingServer(handle) as server:
        ... run a tool with AWS_ENDPOINT_URL_S3=server.endpoint ...
        assert [request.method for request in server.journal] == ["HEAD", "PUT"]

A handler that returns an iterator of bytes writes the whole response itself, including the head.
"""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import servers


def environment(attempts, **more):
    """The environment for a tool that uses a lying server, except its endpoint."""
    return {
        "AWS_ACCESS_KEY_ID": servers.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": servers.SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": str(attempts),
        "AWS_EC2_METADATA_DISABLED": "true",
    } | more


class Asked:
    """One request: its method, target, path, query (names to first values), headers (lower case) and body."""

    def __init__(self, handler):
        self.method, self.target = handler.command, handler.path
        parts = urlsplit(handler.path)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(self.headers.get("content-length", 0)))

    @property
    def scope(self):
        """The scope of the signature: `20260102/eu-west-1/s3/aws4_request`."""
        found = re.search(r"Credential=[^/]+/([^,]+),", self.headers.get("authorization", ""))
        return found and found[1]

    @property
    def region(self):
        return self.scope and self.scope.split("/")[1]


class LyingServer:
    """Listens on 127.0.0.1 within a `with` block; `journal` has the requests in order."""

    def __init__(self, handle, tls=None):
        self.handle, self.journal, self.scheme = handle, [], "https" if tls else "http"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        if tls:
            # The connection's thread does the handshake, so that a failed one does not stop others.
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]

    @property
    def endpoint(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def tool_environment(self, attempts=2, **more):
        """The environment variables that direct a tool to this server."""
        return environment(attempts, AWS_ENDPOINT_URL_S3=self.endpoint) | more

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _handler(self):
        lying = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                request = Asked(self)
                lying.journal.append(request)
                answer = lying.handle(request)
                if not isinstance(answer, tuple):
                    self.close_connection = True
                    for piece in answer:
                        self.wfile.write(piece)
                    return
                status, headers, body = answer
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if request.method != "HEAD":
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if request.method != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the client has closed the connection, or does not use TLS

            def log_message(self, *_):
                pass

        return Handler


def error(code, message="on purpose", more=""):
    return f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()


def page(keys, token=None, truncated=None, encoded=False, size=5):
    """A page of a listing. `keys` are inserted unchanged."""
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
        f"<ETag>&quot;e&quot;</ETag><Size>{size}</Size></Contents>"
        for key in keys
    )
    truncated = token is not None if truncated is None else truncated
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{'true' if truncated else 'false'}</IsTruncated>"
        + ("<EncodingType>url</EncodingType>" if encoded else "")
        + (f"<NextContinuationToken>{token}</NextContinuationToken>" if token else "")
        + contents
        + "</ListBucketResult>"
    ).encode()
