"""s3-delete-keys with real servers, whose objects boto3 creates, and with lying servers."""

import base64
import hashlib
import re
import signal
import subprocess
import time
import urllib.parse
from xml.sax.saxutils import escape, unescape

import pytest
import servers
from conftest import BIN, Shell
from lying_server import LyingServer, error



@pytest.fixture
def location(bucket):
    return bucket.location


def delete(shell, *arguments, keys, status=0):
    return shell.tool("s3-delete-keys", *arguments, stdin="".join(f"{key}\n" for key in keys).encode()).expect(status)


# On real servers


def test_only_the_given_keys_are_deleted_and_confirmed(bucket, shell, location):
    for key in ("p/a", "p/b", "p/c", "a"):
        bucket.put(key, b"1")
    assert delete(shell, f"{location}/p/", keys=["c\tignored", "a"]).lines == ["c", "a"]
    assert bucket.keys() == ["a", "p/b"]


def test_a_missing_object_is_deleted_too(bucket, shell, location):
    bucket.put("a", b"1")
    assert delete(shell, location, keys=["none", "a"]).lines == ["none", "a"]
    assert bucket.keys() == []


def test_more_keys_than_a_batch_has_are_deleted(bucket, shell, location):
    keys = [f"k{number:05d}" for number in range(1100)]
    bucket.fill(dict.fromkeys(keys, b"x"))
    assert delete(shell, location, keys=keys).lines == keys
    assert bucket.keys() == []


@pytest.mark.parametrize("key", ["a b", "ü/😀", "<&>'\"", "%41+", "tab\there", "line\nbreak", "\x7f", "a=b?c#d"])
def test_keys_of_any_characters_are_deleted(seaweedfs_bucket, seaweedfs_shell, key):
    seaweedfs_bucket.put(key, b"1")
    seaweedfs_bucket.put("other", b"1")
    field = key.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    assert delete(seaweedfs_shell, seaweedfs_bucket.location, keys=[field]).lines == [field]
    assert seaweedfs_bucket.keys() == ["other"]


def test_a_dry_run_sends_nothing(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a", b"1")
    bare = seaweedfs_shell.with_environment(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    for option in ("--dry-run", "-n"):
        assert delete(bare, option, seaweedfs_bucket.location, keys=["a", "b"]).lines == ["a", "b"]
    assert seaweedfs_bucket.keys() == ["a"]


def test_url_keys_are_decoded(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.put("a b/ü+", b"1")
    encoded = urllib.parse.quote_plus("a b/ü+")
    assert delete(seaweedfs_shell, "--url-keys", seaweedfs_bucket.location, keys=[encoded]).lines == ["a b/ü+"]
    assert seaweedfs_bucket.keys() == []
    wrong = delete(seaweedfs_shell, "--url-keys", seaweedfs_bucket.location, keys=["a", "b%4"], status=65)
    assert wrong.lines == ["a"] and "line 2" in wrong.message


def test_a_replaced_object_is_not_deleted(bucket, shell, location):
    """On a server that does not compare ETags, only objects with the given ETag are deleted."""
    etags = {}
    for key in ("a", "b", "c", "d"):
        bucket.put(key, key.encode())
        etags[key] = bucket.client.head_object(Bucket=bucket.name, Key=key)["ETag"]
    bucket.put("b", b"another")
    got = delete(shell, "--if-match", location, keys=[f"{key}\t{etag}" for key, etag in etags.items()], status=None)
    assert bucket.get("b") == b"another"
    assert got.status in (1, 78)
    if got.status == 1:
        assert got.lines == ["a", "c", "d"] and bucket.keys() == ["b"]
        assert re.search(r"^s3-delete-keys: b: .*another ETag", got.message, re.MULTILINE)
    else:
        assert "--if-match" in got.message and not set(bucket.keys()) & set(got.lines)


def test_a_bucket_is_a_queue(seaweedfs_bucket, seaweedfs_shell):
    seaweedfs_bucket.fill({f"k{number}": b"x" for number in range(20)})
    got = seaweedfs_shell.run(
        f"s3-list-keys {seaweedfs_bucket.location} | s3-delete-keys {seaweedfs_bucket.location} | wc -l"
    ).expect()
    assert got.lines == ["20"] and seaweedfs_bucket.keys() == []


# On a simulated server


class Store:
    """A bucket of ETags by key. `compares` tells in which requests it compares them."""

    def __init__(self, objects, compares="both", **lies):
        self.objects, self.compares, self.lies, self.journal = dict(objects), compares, lies, []

    def __call__(self, request):
        self.journal.append(request)
        key = urllib.parse.unquote(request.path.removeprefix("/bucket").removeprefix("/"))
        if "delete" in request.query:
            return self.batch(request)
        if request.method == "HEAD":
            return (
                (200, {"ETag": self.objects[key]}, b"")
                if key in self.objects
                else (404, {"x-amz-request-id": "1"}, b"")
            )
        assert request.method == "DELETE"
        wanted = request.headers.get("if-match")
        if self.compares in ("both", "alone") and wanted and self.objects.get(key, wanted) != wanted:
            return 412, {}, error("PreconditionFailed")
        self.objects.pop(key, None)
        return 204, {}, b""

    def batch(self, request):
        assert request.headers["content-md5"] == base64.b64encode(hashlib.md5(request.body).digest()).decode()
        if self.lies.get("batch"):
            return self.lies["batch"](request)
        answers = []
        for found in re.findall(r"<Object><Key>(.*?)</Key>(?:<ETag>(.*?)</ETag>)?</Object>", request.body.decode()):
            key, wanted = map(unescape, found)
            name = f"<Key>{escape(key)}</Key>"
            if (
                code := self.lies.get("codes", {}).get(key, [None]).pop(0)
                if self.lies.get("codes", {}).get(key)
                else None
            ):
                answers.append(f"<Error>{name}<Code>{code}</Code><Message>on purpose</Message></Error>")
            elif self.compares in ("both", "batches") and wanted and self.objects.get(key, wanted) != wanted:
                answers.append(f"<Error>{name}<Code>PreconditionFailed</Code><Message>no</Message></Error>")
            else:
                self.objects.pop(key, None)
                answers.append(f"<Deleted>{name}</Deleted>")
        return 200, {}, f"<DeleteResult>{''.join(answers)}</DeleteResult>".encode()

    def count(self, method):
        return sum(request.method == method for request in self.journal)


@pytest.fixture
def on(tmp_path):
    """Runs s3-delete-keys on a store."""

    def run(store, *options, keys, status=0):
        with LyingServer(store) as server:
            shell = Shell(tmp_path, server.tool_environment(3), seconds=60)
            return delete(shell, *options, "s3://bucket", keys=keys, status=status)

    return run


def test_there_are_few_requests(on):
    keys = [f"folder/{number:07d}" for number in range(20_000)]
    store = Store({key: '"e"' for key in keys})
    assert on(store, keys=keys).lines == keys
    assert store.objects == {} and len(store.journal) <= len(keys) / 500


def test_only_failed_keys_are_requested_again(on):
    keys = [f"k{number}" for number in range(10)]
    store = Store(dict.fromkeys(keys, '"e"'), codes={"k3": ["InternalError", "SlowDown"], "k5": ["InternalError"]})
    assert on(store, keys=keys).lines == keys
    sent = [re.findall("<Key>(.*?)</Key>", request.body.decode()) for request in store.journal]
    assert sent[0] == keys and sorted(sum(sent[1:], [])) == ["k3", "k3", "k5"]


def test_refused_keys_are_reported_and_the_rest_deleted(on):
    store = Store(dict.fromkeys("abc", '"e"'), codes={"b": ["AccessDenied"]})
    got = on(store, keys="abc", status=1)
    assert got.lines == ["a", "c"] and "s3-delete-keys: b: DeleteObjects: AccessDenied" in got.message


@pytest.mark.parametrize(
    "answer",
    [
        (501, {}, error("NotImplemented")), (405, {}, error("MethodNotAllowed")), (405, {}, b"no"),
        (400, {}, error("MalformedXML")),
    ],
)  # fmt: skip
def test_without_delete_objects_each_key_is_deleted_alone(on, answer):
    store = Store(dict.fromkeys("abc", '"e"'), batch=lambda request: answer)
    assert on(store, keys="abc").lines == ["a", "b", "c"]
    assert store.count("DELETE") == 3 and store.objects == {}


@pytest.mark.parametrize(
    "body, status",
    [
        (b"<html>It works!</html>", 76), (b"", 1), (b"<DeleteResult>", 1), (error("AccessDenied"), 77),
        (b"<DeleteResult></DeleteResult>", 1), (error("NoSuchBucket"), 66),
    ],
)  # fmt: skip
def test_only_keys_confirmed_by_a_response_are_printed(on, body, status):
    got = on(Store({}, batch=lambda request: (200, {}, body)), keys=["a"], status=status)
    assert got.stdout == b"" and got.message.count("\n") >= 1


def test_another_root_element_with_an_outcome_counts(on):
    body = b"<DeleteObjectsOutput><Deleted><Key>a</Key></Deleted></DeleteObjectsOutput>"
    assert on(Store({}, batch=lambda request: (200, {}, body)), keys=["a"]).lines == ["a"]


@pytest.mark.parametrize("compares", ["both", "alone", "batches"])
def test_etags_are_compared_if_the_service_supports_it(on, compares):
    keys = [f"k{number}" for number in range(30)]
    store = Store(dict.fromkeys(keys, '"old"'), compares)
    store.objects |= {"k7": '"new"', "k20": '"new"'}
    del store.objects["k9"]
    got = on(store, "--if-match", keys=[f'{key}\t"old"' for key in keys], status=1)
    assert got.lines == [key for key in keys if key not in ("k7", "k20")]
    assert set(store.objects) == {"k7", "k20"}
    assert store.count("POST") == (2 if compares != "alone" else 1)


def test_a_service_that_ignores_etags_is_78(on):
    store = Store({f"k{number}": '"old"' for number in range(30)}, "neither")
    store.objects["k0"] = '"new"'
    got = on(store, "--if-match", keys=[f'k{number}\t"old"' for number in range(30)], status=78)
    assert "--if-match" in got.message and "k0" in store.objects
    assert len(got.lines) == 30 - len(store.objects) <= 3


@pytest.mark.parametrize("line", ["a", "a\t", 'a\tb c\t"e"', "a\t\x01"])
def test_if_match_requires_an_etag(on, line):
    got = on(Store({}), "--if-match", keys=['k\t"e"', line], status=65)
    assert "line 2" in got.message and got.lines == ["k"]


@pytest.mark.parametrize("line", ["a\\q", "a" * 1025, ""])
def test_a_malformed_key_ends_the_run_after_earlier_ones(on, line):
    store = Store(dict.fromkeys("abc", '"e"'))
    got = on(store, keys=["a", line, "b"], status=65)
    assert got.lines == ["a"] and "line 2" in got.message and set(store.objects) == {"b", "c"}


def test_a_pause_of_the_input_sends_a_partial_batch(on, tmp_path):
    with LyingServer(Store(dict.fromkeys("abc", '"e"'))) as server:
        shell = Shell(tmp_path, server.tool_environment())
        process = subprocess.Popen(
            [BIN / "s3-delete-keys", "s3://bucket"], env=shell.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=servers.die_with_parent,
        )  # fmt: skip
        for key in (b"a\n", b"b\n", b"c\n"):
            process.stdin.write(key)
            process.stdin.flush()
            assert process.stdout.readline() == key
        process.stdin.close()
        assert process.wait(30) == 0


def test_after_a_signal_sent_requests_are_confirmed(tmp_path):
    store = Store(dict.fromkeys("abc", '"e"'))

    def handle(request):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        return store(request)

    with LyingServer(handle) as server:
        shell = Shell(tmp_path, server.tool_environment())
        process = subprocess.Popen(
            [BIN / "s3-delete-keys", "s3://bucket"], env=shell.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=servers.die_with_parent,
        )  # fmt: skip
        process.stdin.write(b"a\nb\n")
        process.stdin.flush()
        assert process.stdout.read() == b"a\nb\n" and process.wait(30) == -signal.SIGTERM
    assert set(store.objects) == {"c"}
