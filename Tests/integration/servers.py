"""Local S3 servers, started on free ports of 127.0.0.1 and ended with the process that started them."""

import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ACCESS_KEY = "SNOTIOSFODNN7EXAMPLE"
SECRET_KEY = "wJBadger/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"

PYTHON_BIN = Path(sys.executable).parent
PR_SET_PDEATHSIG = 1  # prctl(2)
START_SECONDS = 60
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """Runs in the child: the server is killed when its parent dies."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count, twins=False):
    """Free ports below the ephemeral range; with `twins`, port + 10000 is free too."""
    ports = []
    while len(ports) < count:
        port = random.randrange(10_000, 22_000)
        wanted = [port, port + 10_000] if twins else [port]
        if port not in ports and all(is_free(each) for each in wanted):
            ports.append(port)
    return ports


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server:
    """An S3 server with its own directory. Starting does not wait; `wait_until_ready` does."""

    name = ""
    checks_credentials = True
    # Whether creating a bucket requires the region as its location.
    has_regions = True

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix=f"s3-lines-{self.name}-"))
        self.process = None
        self.port = 0
        self.clients = {}
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "TMPDIR": str(self.directory),
        }

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return self.directory / "log"

    def command(self):
        """Chooses ports and returns the command that starts the server."""
        raise NotImplementedError

    def start(self):
        command = self.command()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return self

    def wait_until_ready(self):
        """Returns once the server responds. If another process took its port first, the server is started again on
        other ports."""
        for _ in range(3):
            deadline = time.monotonic() + START_SECONDS
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.answers():
                    return self
                time.sleep(0.05)
            self.end_process()
            self.start()
        self.stop()
        raise RuntimeError(f"{self.name} did not start")

    def answers(self):
        try:
            urllib.request.urlopen(self.endpoint, timeout=5).close()
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False
        return True

    def client(self, endpoint=None):
        """The boto3 client of this server, to check its content; `endpoint` replaces the server's own endpoint."""
        import boto3
        from botocore.config import Config

        endpoint = endpoint or self.endpoint
        if endpoint not in self.clients:
            self.clients[endpoint] = boto3.client(
                "s3",
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=Config(
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    max_pool_connections=32,
                ),
            )
        return self.clients[endpoint]

    def create_bucket(self, name):
        location = {"CreateBucketConfiguration": {"LocationConstraint": REGION}} if self.has_regions else {}
        self.client().create_bucket(Bucket=name, **location)

    def tool_environment(self):
        """The environment variables that direct a tool to this server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def end_process(self):
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def stop(self):
        """Stops the server and its children, and removes its directory."""
        self.end_process()
        shutil.rmtree(self.directory, ignore_errors=True)


class SeaweedFS(Server):
    """`weed mini`. Each of its ports has a gRPC twin 10000 above."""

    name = "seaweedfs"

    def command(self):
        s3, master, volume, filer, admin = free_ports(5, twins=True)
        self.port = s3
        self.grpc_ports = [port + 10_000 for port in (s3, master, volume, filer, admin)]
        config = self.directory / "s3.json"
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        identity = {"name": "snot", "credentials": credentials, "actions": actions}
        config.write_text(json.dumps({"identities": [identity]}))
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        return [
            PYTHON_BIN / "weed", "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-s3.port={s3}", f"-s3.config={config}", "-s3.autoCreateBucket=false",
            "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
            f"-admin.port={admin}", "-volume.max=5000", "-master.telemetry=false",
            f"-s3.localSocket={self.directory}/s3.sock", f"-filer.localSocket={self.directory}/filer.sock",
        ]  # fmt: skip

    def answers(self):
        # The S3 port opens before the volume server has joined, so the server is ready only once an object can be
        # stored.
        if not super().answers():
            return False
        try:
            self.client().create_bucket(Bucket="ready")
            self.client().put_object(Bucket="ready", Key="ready", Body=b"ready")
            self.client().delete_object(Bucket="ready", Key="ready")
            self.client().delete_bucket(Bucket="ready")
        except Exception:  # the next attempt shows whether it persists
            return False
        return True

    def end_process(self):
        super().end_process()
        for port in self.grpc_ports if self.process else []:
            for socket_path in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):
                socket_path.unlink(missing_ok=True)


class MinIO(Server):
    """MinIO's code as included in JuiceFS: `juicefs gateway` with metadata in a SQLite file."""

    name = "minio"

    def command(self):
        self.port, metrics = free_ports(2)
        self.environment |= {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}
        metadata = f"sqlite3://{self.directory}/meta.db"
        if not (self.directory / "meta.db").exists():
            subprocess.run(
                [PYTHON_BIN / "juicefs", "format", "--storage", "file", "--bucket",
                 f"{self.directory}/data/", "--trash-days", "0", metadata, "s3-lines"],
                env=self.environment, check=True, capture_output=True,
            )  # fmt: skip
        return [
            PYTHON_BIN / "juicefs", "--no-agent", "gateway", "--multi-buckets", "--keep-etag",
            "--object-tag", "--object-meta", "--no-banner", "--no-usage-report", "--no-bgjob",
            "--backup-meta", "0", "--cache-dir", "memory", "--log", self.directory / "gateway.log",
            "--metrics", f"127.0.0.1:{metrics}", metadata, f"127.0.0.1:{self.port}",
        ]  # fmt: skip


class Moto(Server):
    """moto's server, an AWS mock. It accepts any credentials."""

    name = "moto"
    checks_credentials = False

    def command(self):
        (self.port,) = free_ports(1)
        return [PYTHON_BIN / "python", PYTHON_BIN / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)]


class RadosGW(Server):
    """Ceph's object gateway with one monitor and one OSD that stores everything in memory."""

    name = "rgw"
    has_regions = False
    # All paths are inside `directory`; the defaults are system directories.
    settings = """
[global]
fsid = {fsid}
mon initial members = a
mon host = v2:127.0.0.1:{monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {directory}/keyring
admin socket =
pid file =
crash dir = {directory}
run dir = {directory}
log file = {directory}/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
[mon.a]
mon data = {directory}/mon
[osd.0]
osd data = {directory}/osd
osd objectstore = memstore
memstore device bytes = 8589934592
[client.rgw]
rgw data = {directory}/gateway
rgw frontends = beast endpoint=127.0.0.1:{gateway}
"""

    def __init__(self):
        super().__init__()
        self.others = []

    def run(self, *words):
        return subprocess.run(words, env=self.environment, cwd=self.directory, check=True, capture_output=True)

    def background(self, *words):
        with open(self.log, "ab") as log:
            self.others.append(
                subprocess.Popen(
                    [*words, "--conf", self.configuration, "-f"], env=self.environment, cwd=self.directory,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    preexec_fn=die_with_parent,
                )  # fmt: skip
            )

    def command(self):
        shutil.rmtree(self.directory)
        for name in (".", "osd", "gateway"):
            (self.directory / name).mkdir()
        monitor, self.port = free_ports(2)
        fsid, keyring = str(uuid.uuid4()), self.directory / "keyring"
        self.configuration = self.directory / "ceph.conf"
        self.configuration.write_text(
            self.settings.format(fsid=fsid, monitor=monitor, gateway=self.port, directory=self.directory)
        )
        self.run("ceph-authtool", "--create-keyring", keyring)
        for entity in ("mon.", "osd.0", "client.admin", "client.rgw"):
            allowed = [word for part in ("mon", "osd", "mgr") for word in ("--cap", part, "allow *")]
            self.run("ceph-authtool", keyring, "--gen-key", "-n", entity, *allowed)
        map_file = self.directory / "monmap"
        self.run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{monitor}]", "--fsid", fsid, map_file)
        here = ["--conf", self.configuration]
        self.run("ceph-mon", *here, "--mkfs", "-i", "a", "--monmap", map_file, "--keyring", keyring)
        self.background("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        self.run("ceph", *here, "--connect-timeout", str(START_SECONDS), "osd", "new", osd)
        self.run("ceph-osd", *here, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.background("ceph-osd", "-i", "0")
        self.user = False
        return ["radosgw", *here, "-f", "-n", "client.rgw"]

    def answers(self):
        if not super().answers():
            return False
        if not self.user:
            self.run(
                "radosgw-admin", "--conf", self.configuration, "-n", "client.rgw", "user", "create", "--uid=snot",
                "--display-name=snot", f"--access-key={ACCESS_KEY}", f"--secret={SECRET_KEY}",
            )  # fmt: skip
            self.user = True
        return True

    def end_process(self):
        super().end_process()
        for process in self.others:
            process.kill()
            process.wait()
        self.others = []


def without_aws(environment):
    """`environment` without variables that would direct a tool to another service or other credentials."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        kept.pop(name, None)
    return kept


KINDS = {kind.name: kind for kind in (SeaweedFS, MinIO, Moto, RadosGW)}
