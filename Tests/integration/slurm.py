"""A local Slurm of one node: controller, daemon and munge, as packaged by Debian. Requires root."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from servers import START_SECONDS, die_with_parent, free_ports

SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={directory}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/controller.pid
SlurmdPidFile={directory}/daemon.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/linear
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:8
"""


class Slurm:
    """A context whose `environment` directs sbatch to this Slurm."""

    def __enter__(self):
        self.directory, self.processes = Path(tempfile.mkdtemp(prefix="s3-lines-slurm-")), []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        controller, daemon = free_ports(2)
        host = socket.gethostname().partition(".")[0]
        for name in ("state", "spool"):
            (self.directory / name).mkdir()
        key, configuration = self.directory / "key", self.directory / "slurm.conf"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        configuration.write_text(
            SETTINGS.format(host=host, controller=controller, daemon=daemon, directory=self.directory)
        )
        self.environment = {"SLURM_CONF": str(configuration)}
        files = [f"--{name}-file={self.directory}/munge.{name}" for name in ("pid", "log", "seed")]
        # Forced, because the directory is not the system's.
        self.background(
            "munged", "--force", "--foreground", f"--key-file={key}", f"--socket={self.directory}/munge.sock", *files
        )
        self.until(lambda: (self.directory / "munge.sock").exists())
        self.background("slurmctld", "-D")
        self.background("slurmd", "-D")
        self.until(lambda: self.run("sinfo", "--noheader", "--format=%t").stdout.split() == ["idle"])

    def background(self, *words):
        with open(self.directory / "log", "ab") as log:
            process = subprocess.Popen(
                words, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        self.processes.append(process)

    def run(self, *words):
        return subprocess.run(words, env=os.environ | self.environment, capture_output=True, text=True, check=False)

    def until(self, condition):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self.directory / "log").read_text()[-2000:]
            time.sleep(0.1)

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
