"""Put, get and list on every server: objects are stored under the given key and read back unchanged."""

import pytest

KEYS = {
    "space": "a b",
    "two spaces": "a  b",
    "outer spaces": " a ",
    "plus": "a+b",
    "percent": "100%",
    "percent escape": "a%2Fb%41%zz",
    "ampersand": "a&amp;b&c",
    "angle brackets": "<a>b</a>",
    "quotes": "a'b\"c`d",
    "emoji": "👩‍🚀/😀",
    "decomposed": "e\u0301 is not \u00e9",
    "query and fragment": "a?b=c#d",
    "reserved": "!*'();:@=$,[]",
    "unreserved": "A-Za-z0-9-_.~",
    "braces": "{a}|^",
    "backslash": "a\\b",
    "tab": "a\tb",
    "newline": "a\nb",
    "carriage return": "a\rb",
    "control characters": "a\x01\x7fb",
    "three dots": "a/.../b..",
    "double slash": "a//b",
    "first slash": "/a",
    "last slash": "dir/",
    "dot segment": "a/./b",
    "parent segment": "a/../b",
    "1024 bytes, one segment": "k" * 1024,
    "1024 bytes, eight segments": "/".join(["m" * 127] * 8) + "m",
    "1024 bytes, not ASCII": "é/" + "é" * 510 + "e",
}

# The keys that each server does not store as given, and its behavior.
REFUSED = {
    "seaweedfs": {
        "backslash": "is stored as a slash",
        "double slash": "is stored as one slash",
        "first slash": "is dropped",
        "last slash": "makes a directory, which has no content",
        "dot segment": "InvalidRequest",
        "parent segment": "InvalidRequest",
        "1024 bytes, one segment": "KeyTooLongError",
        "1024 bytes, not ASCII": "KeyTooLongError",
    },
    "minio": {
        "double slash": "is stored as one slash",
        "first slash": "is dropped",
        "last slash": "makes a directory, which has no content",
        "dot segment": "XMinioInvalidObjectName",
        "parent segment": "XMinioInvalidObjectName",
    },
    "moto": {"newline": "404"},
    "rgw": {},
}


def escaped(key):
    """A key as escaped in records and receipts."""
    for plain, escape in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        key = key.replace(plain, escape)
    return key


def record(key, data):
    return f"{escaped(key)}\t{data}\n".encode()


def stored_keys(server):
    return [key for name, key in KEYS.items() if name not in REFUSED[server.name]]


def in_utf8_order(keys):
    return sorted(keys, key=lambda key: key.encode())


@pytest.mark.parametrize("name", KEYS)
def test_refused_keys_are_the_recorded_ones(server, bucket, name):
    """Verifies REFUSED with boto3 alone."""
    key = KEYS[name]
    try:
        bucket.put(key, b"x\n")
        stored = bucket.keys() == [key] and bucket.get(key) == b"x\n"
    except bucket.client.exceptions.ClientError:
        stored = False
    assert stored == (name not in REFUSED[server.name])


def test_every_key_is_stored_under_its_name(server, bucket, shell):
    keys = stored_keys(server)
    records = b"".join(record(key, f"data of {number}") for number, key in enumerate(keys))
    put = shell.tool("s3-put-lines", bucket.location, stdin=records).expect()
    assert put.stdout.decode() == "".join(escaped(key) + "\n" for key in keys)
    assert in_utf8_order(bucket.keys()) == in_utf8_order(keys)
    for number, key in enumerate(keys):
        assert bucket.get(key) == f"data of {number}\n".encode(), key


def test_every_key_is_found_by_its_name(server, bucket, shell):
    keys = stored_keys(server)
    bucket.fill({key: f"data of {number}\n".encode() for number, key in enumerate(keys)})
    expected = "".join(f"data of {number}\n" for number in range(len(keys))).encode()
    location = bucket.location

    named = "".join(escaped(key) + "\n" for key in keys).encode()
    assert shell.tool("s3-get-lines", location, stdin=named).expect().stdout == expected
    operands = [escaped(key) for key in keys]
    assert shell.tool("s3-get-lines", location, *operands).expect().stdout == expected
    listed = shell.tool("s3-get-lines", "--all", location).expect().stdout
    in_order = (f"data of {keys.index(key)}\n" for key in bucket.keys())
    assert listed == "".join(in_order).encode()


def test_a_refused_key_is_a_failure_that_names_it(server, bucket, shell):
    if not REFUSED[server.name]:
        pytest.skip("this server refuses no key")
    refused = "a/../b" if server.name != "moto" else "a\nb"
    put = shell.tool("s3-put-lines", bucket.location, stdin=record(refused, "x"))
    assert put.status not in (0, 64)
    assert put.stdout == b""
    assert put.message.startswith("s3-put-lines: ")
    assert "a\\nb" in put.message if server.name == "moto" else refused in put.message
    assert bucket.keys() == []


def test_more_keys_than_a_page_has_are_put_listed_and_got_in_order(bucket, shell):
    keys = [f"list/{number:05d}" for number in range(1100)]
    records = b"".join(record(key, f"line of {key}") for key in keys)
    put = shell.tool("s3-put-lines", bucket.location, stdin=records).expect()
    assert put.lines == keys
    assert bucket.keys() == keys
    bucket.put("other/object", b"not under the prefix\n")
    got = shell.tool("s3-get-lines", "--all", f"{bucket.location}/list/").expect()
    assert got.lines == [f"line of {key}" for key in keys]


def test_consecutive_records_of_a_key_are_one_object(bucket, shell):
    records = b"a\t1\na\t2\nb\t3\nb\t\nc\t" + b"x" * 100_000 + b"\n"
    put = shell.tool("s3-put-lines", bucket.location, stdin=records).expect()
    assert put.lines == ["a", "b", "c"]
    assert bucket.get("a") == b"1\n2\n"
    assert bucket.get("b") == b"3\n\n"
    assert bucket.get("c") == b"x" * 100_000 + b"\n"


def test_data_is_any_bytes(bucket, shell):
    data = bytes(byte for byte in range(256) if byte != 0x0A)
    shell.tool("s3-put-lines", bucket.location, stdin=b"k\t" + data + b"\n").expect()
    assert bucket.get("k") == data + b"\n"
    assert shell.tool("s3-get-lines", bucket.location, "k").expect().stdout == data + b"\n"


def test_input_without_a_last_newline_is_a_record(bucket, shell):
    shell.tool("s3-put-lines", bucket.location, stdin=b"a\t1\nb\t2").expect()
    assert (bucket.get("a"), bucket.get("b")) == (b"1\n", b"2\n")


def test_no_input_is_no_object(bucket, shell):
    put = shell.tool("s3-put-lines", bucket.location).expect()
    assert (put.stdout, put.stderr, bucket.keys()) == (b"", b"", [])


def test_a_prefix_is_joined_to_the_key_as_a_string(bucket, shell):
    put = shell.tool("s3-put-lines", f"{bucket.location}/logs/a", stdin=b"b\t1\n").expect()
    assert put.lines == ["b"]
    assert bucket.keys() == ["logs/ab"]
    assert shell.tool("s3-get-lines", f"{bucket.location}/logs/", "ab").expect().stdout == b"1\n"
    assert shell.tool("s3-get-lines", "--all", f"{bucket.location}/log").expect().stdout == b"1\n"
    assert shell.tool("s3-get-lines", "--all", f"{bucket.location}/ab").expect().stdout == b""


def test_objects_never_run_together(bucket, shell):
    bucket.put("a", b"no newline")
    bucket.put("b", b"")
    bucket.put("c", b"\n")
    bucket.put("d", b"two\nlines")
    got = shell.tool("s3-get-lines", bucket.location, stdin=b"a\nb\nc\nd\n").expect()
    assert got.stdout == b"no newline\n\ntwo\nlines\n"


def test_receipts_and_records_are_lists_of_keys(bucket, shell):
    bucket.put("a", b"1\n")
    bucket.put("b", b"2\n")
    keys = b"b\tetag\t2\t1\na\tanything\nb\n"
    got = shell.tool("s3-get-lines", bucket.location, stdin=keys).expect()
    assert got.stdout == b"2\n1\n2\n"


def test_one_connection_is_enough(bucket, shell):
    records = b"".join(record(f"k{number}", number) for number in range(50))
    location = bucket.location
    put = shell.tool("s3-put-lines", "--max-connections", "1", location, stdin=records).expect()
    got = shell.tool("s3-get-lines", "--max-connections", "1", location, stdin=put.stdout).expect()
    assert got.lines == [str(number) for number in range(50)]


def test_a_missing_key_is_reported_and_the_run_continues(bucket, shell):
    bucket.put("a", b"1\n")
    bucket.put("c", b"3\n")
    got = shell.tool("s3-get-lines", bucket.location, stdin=b"a\nnot there\nc\n").expect(66)
    assert got.stdout == b"1\n3\n"
    assert "not there" in got.message


def test_malformed_records_are_65(bucket, shell):
    location = bucket.location
    put = shell.tool("s3-put-lines", location, stdin=b"a\t1\na\\q\t2\n").expect(65)
    assert "2" in put.message, "the message names the line"
    shell.tool("s3-put-lines", location, stdin=b"k" * 1025 + b"\tdata\n").expect(65)
    shell.tool("s3-put-lines", location, stdin=b"\xff\tdata\n").expect(65)
    shell.tool("s3-put-lines", location, stdin=b"\tdata\n").expect(65)
    shell.tool("s3-put-lines", location, stdin=b"never opened\n").expect(65)
    assert set(bucket.keys()) <= {"a"}


def test_a_repeated_key_never_overwrites_its_object(bucket, shell):
    put = shell.tool("s3-put-lines", bucket.location, stdin=b"a\t1\nb\t2\na\t3\n").expect(65)
    assert "a" in put.message and "3" in put.message
    assert bucket.get("a") == b"1\n"
