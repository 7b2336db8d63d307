"""s3-list-keys with real servers, whose objects boto3 creates, and with lying servers."""

import datetime
import os
import re
import signal
import subprocess
from xml.sax.saxutils import escape

import pytest
import servers
from conftest import BIN, Shell
from lying_server import LyingServer, error, page



@pytest.fixture
def location(bucket):
    return bucket.location


def keys_of(shell, *arguments, status=0):
    return shell.tool("s3-list-keys", *arguments).expect(status).lines


# On real servers


def test_keys_are_relative_and_in_the_order_of_the_service(bucket, shell, location):
    for key in ("p/b", "p/a/2", "p/a/1", "q"):
        bucket.put(key, b"1")
    assert keys_of(shell, location) == bucket.keys()
    assert keys_of(shell, f"{location}/p/") == ["a/1", "a/2", "b"]
    assert keys_of(shell, f"{location}/p") == ["/a/1", "/a/2", "/b"]
    assert keys_of(shell, f"{location}/none") == []


def test_more_keys_than_a_page_are_listed_once_and_in_order(bucket, shell, location):
    bucket.fill({f"{number * 7919 % 100_000:05d}/{number % 3}": b"x" for number in range(1200)})
    expected = bucket.keys()
    assert len(expected) == 1200
    assert keys_of(shell, location) == expected
    assert keys_of(shell, "--max-connections", "1", location) == expected
    bounds = ["--start-after", expected[100], "--end-before", expected[1150]]
    assert keys_of(shell, *bounds, location) == expected[101:1150]
    assert keys_of(shell, "--summary", *bounds, location) == ["1049\t1049"]


def test_long_adds_size_time_and_etag(bucket, shell, location):
    bucket.put("a b", b"four")
    key, size, time, etag = shell.tool("s3-list-keys", "--long", location).expect().stdout[:-1].decode().split("\t")
    assert (key, size) == ("a b", "4")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", time)
    assert etag.strip('"') == bucket.client.head_object(Bucket=bucket.name, Key="a b")["ETag"].strip('"')


def test_folders_are_printed_once(bucket, shell, location):
    for key in ("a", "b/1", "b/2", "c/d/3", "e"):
        bucket.put(key, b"1")
    assert sorted(keys_of(shell, "--delimiter", "/", location)) == ["a", "b/", "c/", "e"]
    assert keys_of(shell, "--delimiter", "/", f"{location}/c/") == ["d/"]
    long = shell.tool("s3-list-keys", "--long", "--delimiter", "/", location).expect()
    assert b"b/\t\t\t\n" in long.stdout
    assert sorted(keys_of(shell, "--delimiter", "/", "--include", "c/*", location)) == ["c/"]


def test_globs_choose_keys(bucket, shell, location):
    for key in ("logs/1.gz", "logs/2.txt", "logs/tmp/3.gz", "other/4.gz"):
        bucket.put(key, b"1")
    assert keys_of(shell, "--include", "logs/*.gz", location) == ["logs/1.gz", "logs/tmp/3.gz"]
    assert keys_of(shell, "--include", "logs/*", "--exclude", "*/tmp/*", location) == ["logs/1.gz", "logs/2.txt"]
    assert keys_of(shell, "--include", "*.txt", "--include", "other/?.gz", location) == ["logs/2.txt", "other/4.gz"]
    assert keys_of(shell, "--include", "?.gz", f"{location}/logs/") == ["1.gz"]


def test_times_choose_keys(bucket, shell, location):
    bucket.put("a", b"1")
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).strftime("%Y-%m-%d")
    for options, expected in [
        (["--newer-than", "1h"], ["a"]), (["--older-than", "1h"], []), (["--older-than", tomorrow], ["a"]),
        (["--newer-than", tomorrow], []), (["--newer-than", "2020-01-02T03:04:05Z", "--older-than", tomorrow], ["a"]),
    ]:  # fmt: skip
        assert keys_of(shell, *options, location) == expected, options


def test_shards_share_the_keys(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.fill({f"k{number}": b"x" for number in range(60)})
    shares = [
        keys_of(seaweedfs_shell, "--shard", f"{number}/3", seaweedfs_bucket.location) for number in (1, 2, 3)
    ]
    assert all(shares) and sorted(sum(shares, [])) == sorted(seaweedfs_bucket.keys())


def test_the_output_is_a_list_of_keys(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("line\nbreak", b"1\n")
    seaweedfs_bucket.put("tab\there", b"2\n")
    assert keys_of(seaweedfs_shell, seaweedfs_bucket.location) == ["line\\nbreak", "tab\\there"]
    got = seaweedfs_shell.run(
        f"s3-list-keys --long {seaweedfs_bucket.location} | s3-get-lines {seaweedfs_bucket.location}"
    ).expect()
    assert got.stdout == b"1\n2\n"


# On a server of lists


class Lists:
    """A bucket `bucket` of sorted keys, in pages of a hundred; tokens are the last key of the previous page."""

    def __init__(self, keys, **lies):
        self.keys, self.lies, self.requests = sorted(keys, key=str.encode), lies, 0

    def __call__(self, request):
        self.requests += 1
        query = request.query
        if token := query.get("continuation-token"):
            keys = [key for key in self.keys if key.encode() > token.encode()]
        elif (after := query.get("start-after")) and not self.lies.get("ignores"):
            at = 0 if self.lies.get("inclusive") else 1
            keys = [key for key in self.keys if key.encode() >= after.encode() + b"\0" * at]
        else:
            keys = self.keys
        page, rest = keys[:100], keys[100:]
        if self.lies.get("fails_at") and any(key >= self.lies["fails_at"] for key in page):
            return 403, {}, error("AccessDenied")
        body = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{self.lies.get('time', '2026-01-02T03:04:05.000Z')}"
            f"</LastModified><ETag>&quot;e&quot;</ETag><Size>2</Size></Contents>"
            for key in page
        )
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        return 200, {}, (
            f"<ListBucketResult><IsTruncated>{'true' if rest else 'false'}</IsTruncated>{more}{body}</ListBucketResult>"
        ).encode()  # fmt: skip


@pytest.fixture
def listed(tmp_path):
    """Runs s3-list-keys on a server of listings; `requests` counts its requests."""

    def run(lists, *options, status=0):
        with LyingServer(lists) as server:
            shell = Shell(tmp_path, server.tool_environment(), seconds=60)
            return shell.tool("s3-list-keys", *options, "s3://bucket").expect(status)

    return run


def test_each_key_is_listed_once_where_pages_overlap(listed):
    lists = Lists([f"{number:05d}" for number in range(1000)])

    def overlapping(request):
        token = request.query.get("continuation-token")
        if token:
            request.query["continuation-token"] = f"{int(token) - 1:05d}"
        return lists(request)

    assert listed(overlapping).lines == lists.keys


@pytest.mark.parametrize("options", [[], ["--long"], ["--summary"], ["--delimiter", "/"]], ids=str)
@pytest.mark.parametrize("bad", ["k" * 1025, "a%FFb"])
def test_an_invalid_key_is_reported_and_the_rest_listed(listed, bad, options):
    got = listed(lambda request: (200, {}, page(["a", bad, "z"], encoded=True)), *options, status=65)
    assert len(got.message.splitlines()) == 1 and "s3://bucket: '" in got.message
    if "--summary" in options:
        assert got.stdout == b"2\t10\n"
    else:
        assert [line.split("\t")[0] for line in got.lines] == ["a", "z"]


SHAPES = {
    "counter": [f"{number:09d}" for number in range(3000)],
    "folders": [f"2026/{number % 12:02d}/{number * 7919 % 28:02d}/{number}" for number in range(3000)],
    "letters": [f"{'äöüß€😀'[number % 6]}{number * 31 % 3001:04d}" for number in range(3000)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_many_ranges_are_listed_concurrently(listed, shape):
    lists = Lists(SHAPES[shape])
    assert listed(lists).lines == lists.keys
    assert lists.requests <= 2 * len(lists.keys) / 100 + 64
    assert lists.requests > len(lists.keys) / 100


@pytest.mark.parametrize("lie", ["ignores", "inclusive"])
def test_a_server_that_misreads_start_after_is_listed_page_by_page(listed, lie):
    lists = Lists(SHAPES["counter"], **{lie: True})
    assert listed(lists).lines == lists.keys
    assert lists.requests <= 2 * len(lists.keys) / 100 + 64
    bounds = ["--start-after", lists.keys[250], "--end-before", lists.keys[2000]]
    assert listed(lists, *bounds).lines == lists.keys[251:2000]


def test_a_failure_comes_after_the_keys_before_it(listed):
    lists = Lists(SHAPES["counter"], fails_at="000002000")
    got = listed(lists, status=77)
    # The pages of a range begin anywhere, and a page that has a failing key fails as a whole.
    assert 1900 < len(got.lines) <= 2000 and got.lines == lists.keys[: len(got.lines)]
    assert "AccessDenied" in got.message and "s3://bucket" in got.message


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-02T03:04:05.000Z"])
def test_an_invalid_time_is_76_if_it_is_needed(listed, time):
    assert "modified" in listed(Lists(["a"], time=time), "--newer-than", "1d", status=76).message
    assert listed(Lists(["a"], time=time)).lines == ["a"]


def test_the_literal_start_of_a_glob_is_requested_as_a_prefix(tmp_path):
    def handle(request):
        return 200, {}, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    with LyingServer(handle) as server:
        shell = Shell(tmp_path, server.tool_environment())
        for options, prefix in [
            (["--include", "a/b*"], "p/a/b"), (["--include", "a/b*", "--include", "a/c?"], "p/a/"),
            (["--delimiter", "/", "--include", "a/b*"], "p/a"), (["--exclude", "a*"], "p/"),
        ]:  # fmt: skip
            server.journal.clear()
            keys_of(shell, *options, "s3://bucket/p/")
            assert {request.query["prefix"] for request in server.journal} == {prefix}, options


# In ranges


def ranges(boundaries):
    """The options of each reader."""
    after = [[]] + [["--start-after", key] for key in boundaries]
    before = [["--end-before", key] for key in boundaries] + [[]]
    return [first + second for first, second in zip(after, before)]


def test_readers_of_ranges_read_each_key_once_including_later_ones(seaweedfs_bucket, seaweedfs_shell):
    keys = [f"d{number % 7}/{number:04d}" for number in range(90)] + ["tab\there", "back\\slash", "ü"]
    seaweedfs_bucket.fill(dict.fromkeys(keys, b"x\n"))
    location = seaweedfs_bucket.location
    boundaries = keys_of(seaweedfs_shell, "--split", "4", location)
    assert len(boundaries) == 3 and sorted(boundaries) == boundaries
    assert all(20 <= len(keys_of(seaweedfs_shell, *options, location)) <= 26 for options in ranges(boundaries))
    later = [boundary.removesuffix("\\t") + more for boundary in boundaries for more in ("!", " ", "0")]
    later += ["zz", "!"] + [f"d3/{number:04d}" for number in range(200, 220)]
    seaweedfs_bucket.fill(dict.fromkeys(later, b"x\n"))
    everything = keys_of(seaweedfs_shell, location)
    assert len(everything) == 93 + 9 + 2 + 20
    assert sum((keys_of(seaweedfs_shell, *options, location) for options in ranges(boundaries)), []) == everything
    lines = [
        seaweedfs_shell.tool("s3-get-lines", "--all", *options, location).expect().lines
        for options in ranges(boundaries)
    ]
    assert sum(map(len, lines)) == len(everything)


def test_ranges_under_a_prefix_divide_its_keys(bucket, shell, location):
    bucket.fill(dict.fromkeys([f"p/{number:02d}" for number in range(40)] + ["o", "q"], b"x"))
    boundaries = keys_of(shell, "--split", "3", f"{location}/p/")
    assert [len(keys_of(shell, *options, f"{location}/p/")) for options in ranges(boundaries)] == [13, 13, 14]
    bounds = ["--start-after", "09", "--end-before", "30"]
    assert keys_of(shell, "--split", "2", *bounds, f"{location}/p/") == ["19\\t"]


def test_few_keys_still_give_all_ranges(bucket, shell, location):
    boundaries = keys_of(shell, "--split", "4", location)
    assert boundaries == ["\\t"] * 3
    bucket.fill(dict.fromkeys("abc", b"x"))
    assert sum((keys_of(shell, *options, location) for options in ranges(boundaries)), []) == ["a", "b", "c"]
    sizes = [len(keys_of(shell, *options, location)) for options in ranges(keys_of(shell, "--split", "5", location))]
    assert sum(sizes) == 3 and max(sizes) == 1
    assert keys_of(shell, "--split", "1", location) == []


@pytest.mark.parametrize("lie", [{}, {"ignores": True}], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_ranges_are_found_with_few_pages(listed, shape, lie):
    lists = Lists(SHAPES[shape], **lie)
    boundaries = listed(lists, "--split", "3").lines
    assert lists.requests <= 30 + 30 + 8 * 3
    for options in ranges(boundaries):
        assert 700 <= len(listed(lists, *options).lines) <= 1300


def test_ranges_of_a_failed_listing_are_not_printed(listed):
    got = listed(Lists(SHAPES["counter"], fails_at="000000000"), "--split", "3", status=77)
    assert got.stdout == b"" and "AccessDenied" in got.message


# Conventions


@pytest.mark.parametrize(
    "options",
    [
        ["--split", "0"], ["--split", "x"], ["--split", "10001"], ["--split", "2", "--long"],
        ["--split", "2", "--shard", "1/2"],
        ["--split", "2", "--include", "a"], ["--split", "2", "--delimiter", "/"],
        ["--split", "2", "--older-than", "1d"],
        ["--long", "--summary"], ["--delimiter", ""], ["--delimiter", "/", "--newer-than", "1h"], ["--shard", "3/2"],
        ["--newer-than", "yesterday"], ["--older-than", "2026-1-2"], ["--older-than", "2026-02-03 04.05.06"],
        ["a", "b"],
    ],
)  # fmt: skip
def test_incompatible_options_are_64(plain_shell, options):
    plain_shell.tool("s3-list-keys", *options, "s3://bucket").expect(64)


@pytest.mark.parametrize("option", ["--start-after", "--end-before"])
def test_a_malformed_key_is_65(plain_shell, option):
    assert option in plain_shell.tool("s3-list-keys", option, "a\\q", "s3://bucket").expect(65).message
    plain_shell.tool("s3-list-keys", option, "a" * 1025, "s3://bucket").expect(65)


def test_a_closed_output_ends_it_by_sigpipe(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("k", b"x")
    reader, writer = os.pipe()
    os.close(reader)
    process = seaweedfs_shell.start("s3-list-keys", seaweedfs_bucket.location, stdout=writer)
    os.close(writer)
    assert (process.communicate()[1], process.returncode) == (b"", -signal.SIGPIPE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_whole_lines(tmp_path, number):
    lists = Lists(SHAPES["counter"])

    def handle(request):
        answer = lists(request)
        if lists.requests > 10:
            process.send_signal(number)
        return answer

    with LyingServer(handle) as server:
        shell = Shell(tmp_path, server.tool_environment())
        process = subprocess.Popen(
            [BIN / "s3-list-keys", "s3://bucket"], env=shell.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=servers.die_with_parent,
        )  # fmt: skip
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == -number and stderr == b""
    assert stdout.decode().splitlines() == lists.keys[: stdout.count(b"\n")] and stdout.endswith(b"\n")
