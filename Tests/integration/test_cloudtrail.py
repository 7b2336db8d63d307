"""Objects like CloudTrail's: many streams in one bucket, late keys, new prefixes, records in gzip files."""

import gzip
import json
import random
import signal
import subprocess

import pytest
import servers
from conftest import BIN, Bucket, within

ACCOUNTS = ["111122223333", "222233334444", "333344445555", "444455556666"]
REGIONS = ["ap-southeast-2", "eu-west-1", "us-east-1"]
PATTERN = "AWSLogs/*/CloudTrail/*/"
LOOKBACK = 20


class Trail:
    """Files of each account and region. No key of a prefix arrives later than LOOKBACK / 2 keys after it in order."""

    def __init__(self, bucket, seed):
        self.bucket, self.dice, self.records, self.counts = bucket, random.Random(seed), [], {}

    def store(self, prefixes, count):
        files = []
        for account, region in prefixes:
            start = self.counts.get((account, region), 0)
            self.counts[account, region] = start + count
            numbers = list(range(start, start + count))
            for first in range(0, count, LOOKBACK // 2):
                part = numbers[first : first + LOOKBACK // 2]
                self.dice.shuffle(part)
                numbers[first : first + LOOKBACK // 2] = part
            files.append([(account, region, number) for number in numbers])
        # The prefixes alternate; the order within each prefix is kept.
        for batch in zip(*files):
            for account, region, number in batch:
                self.put(account, region, number)

    def put(self, account, region, number):
        events = [f"{account}/{region}/{number}/{each}" for each in range(self.dice.randrange(1, 6))]
        self.records += events
        body = json.dumps({"Records": [{"eventID": event, "n": {"a": [1, {}]}} for event in events]})
        name = f"{account}_CloudTrail_{region}_20261128T{number:04d}Z_x.json.gz"
        key = f"AWSLogs/{account}/CloudTrail/{region}/2026/11/28/{name}"
        self.bucket.put(key, gzip.compress(body.encode()))


@pytest.fixture
def trail(seaweedfs):
    return Trail(Bucket(seaweedfs), 15)


@pytest.fixture
def pipeline(seaweedfs, plain_shell):
    """Starts s3-get-lines and json-sep, and appends the output to `records`."""
    shell = plain_shell.with_environment(**seaweedfs.tool_environment())
    processes = []

    def start(location, *options):
        words = [
            BIN / "s3-get-lines", "--all", "--follow", "--interval", "100ms", "--per", PATTERN, "--lookback",
            str(LOOKBACK),
            "--cursor", "cursor", *options, location,
        ]  # fmt: skip
        more = {"cwd": shell.directory, "env": shell.environment, "preexec_fn": servers.die_with_parent}
        reader = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more)
        with open(shell.directory / "records", "ab") as records:
            words = [BIN / "json-sep", "--unwrap-path", ".Records"]
            processes.append(subprocess.Popen(words, stdin=reader.stdout, stdout=records, **more))
        reader.stdout.close()
        processes.append(reader)
        return reader, processes[-2]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_each_record_is_written_once(trail, pipeline, plain_shell):
    location = trail.bucket.location
    records = plain_shell.directory / "records"
    prefixes = [(account, region) for account in ACCOUNTS for region in REGIONS]

    def read():
        return [json.loads(line)["eventID"] for line in records.read_text().splitlines()] if records.exists() else []

    trail.store(prefixes, LOOKBACK // 2)
    reader, separator = pipeline(location)
    trail.store(prefixes, LOOKBACK // 2)
    within(60, lambda: len(read()) >= len(trail.records) / 2)
    # Everything that was read has been written.
    reader.send_signal(signal.SIGTERM)
    assert reader.wait(60) == -signal.SIGTERM and separator.wait(60) == 0
    # Late keys while nothing reads, and two new prefixes; then more keys while it reads.
    trail.store(prefixes, LOOKBACK // 2)
    new = [("555566667777", "eu-west-1"), (ACCOUNTS[0], "sa-east-1")]
    trail.store(new[:1], LOOKBACK // 2)
    reader, separator = pipeline(location, "--until-idle", "1s")
    trail.store(prefixes[:4] + new, LOOKBACK // 2)
    assert reader.wait(60) == 0 and separator.wait(60) == 0
    got = read()
    assert len(got) == len(set(got)), "none comes twice"
    assert set(got) == set(trail.records)
    assert len((plain_shell.directory / "cursor").read_text().splitlines()) == len(prefixes) + len(new)
