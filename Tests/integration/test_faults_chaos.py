"""Objects put and got back while a tenth of all requests fail in every way: the final state is exact.

The number of objects is set by --chaos-objects; CONTRIBUTING.md says how the full run is started."""

import random

import pytest
from fault_proxy import Chaos
from faults import SECONDS, proxied


def records(count, seed):
    dice = random.Random(seed)
    for number in range(count):
        yield f"k{number:05d}", dice.randbytes(dice.choice((0, 10, 1000, 30_000))).hex().encode() + b"\n"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_put_through_chaos_is_got_through_chaos(all_servers, strict, tmp_path, pytestconfig, seed):
    count = pytestconfig.getoption("--chaos-objects")
    objects = dict(records(count, seed))
    with proxied(strict.server, tmp_path, chaos=Chaos(seed, 0.1), checksums=True) as faulty:
        faulty.attempts(10)
        faulty.shell.seconds = SECONDS + count
        put = faulty.put(b"".join(key.encode() + b"\t" + data for key, data in objects.items()))
        assert put.lines == list(objects)
        assert faulty.bucket.keys() == list(objects)
        got = faulty.shell.tool("s3-get-lines", "--with-key", faulty.location, stdin=put.stdout).expect()
        assert got.stdout == b"".join(key.encode() + b"\t" + data for key, data in objects.items())
        faults = {each.fault for each in faulty.proxy.journal}
        assert len(faults) > 8, faults
        assert not faulty.open_uploads()
