"""A bucket that is reached through the fault proxy, and assertions for tests of faults."""

import random
import re
from contextlib import contextmanager

import servers
from conftest import Bucket, Shell
from fault_proxy import FaultProxy, Rule

SECONDS = 30  # the time limit: a tool that takes longer hangs
OBJECT = b"".join(b"line %06d of the object\n" % number for number in range(40_000))  # 1 MB


def large(size, seed=1):
    """Lines of about a hundred bytes, `size` bytes in total, different for each object."""
    dice = random.Random(seed)
    lines, length = [], 0
    while length < size:
        line = b"%d %s\n" % (length, dice.randbytes(50).hex().encode())
        lines.append(line)
        length += len(line)
    return b"".join(lines)


def numbered_lines(size, seed=0):
    """About `size` bytes of lines of various lengths."""
    generator = random.Random(seed)
    lines, total = [], 0
    while total < size:
        line = b"%d " % total + b"x" * int(generator.expovariate(1 / 200)) + b"\n"
        lines.append(line)
        total += len(line)
    return b"".join(lines)


class Faulty:
    """An empty bucket, a proxy in front of it, and a shell whose tools use only the proxy."""

    def __init__(self, server, proxy, directory):
        self.server, self.proxy, self.rules = server, proxy, proxy.rules
        self.bucket = Bucket(server)
        self.location, self.open_uploads = self.bucket.location, self.bucket.open_uploads
        environment = server.tool_environment() | {"AWS_ENDPOINT_URL_S3": proxy.endpoint}
        self.shell = Shell(directory, environment, SECONDS)
        self.attempts(4)

    def attempts(self, count):
        self.shell = self.shell.with_environment(AWS_MAX_ATTEMPTS=str(count))

    def rule(self, fault, **changes):
        self.rules.append(fault if isinstance(fault, Rule) else Rule(fault, **changes))

    def put(self, records, *options, status=0):
        return self.shell.tool("s3-put-lines", *options, self.location, stdin=records).expect(status)

    def put_object(self, key, data, *options, status=0):
        """Stores `data` as one object, in parts if it is large."""
        words = ["s3-put-lines", *options, self.location, key]
        return self.shell.tool(*words, stdin=data).expect(status)

    def get(self, *keys, options=(), status=0):
        words = ["s3-get-lines", *options, self.location, *keys]
        return self.shell.tool(*words).expect(status)

    def requests(self, method, target=""):
        """The requests that reached the proxy, in order."""
        return [each for each in self.proxy.journal if Rule("none", method, target).matches(each)]


@contextmanager
def proxied(server, directory, **options):
    """A context with a Faulty; `options` are those of the proxy."""
    with FaultProxy(server.endpoint, **options) as proxy:
        yield Faulty(server, proxy, directory)


def assert_no_secret(*texts):
    """Asserts that no text contains a secret of the test's credentials or a value derived from one."""
    for text in texts:
        assert servers.SECRET_KEY not in text
        assert not re.search("signature=[0-9a-f]", text, re.IGNORECASE)
