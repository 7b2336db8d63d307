"""Invalid, endless and wrong listings: an error, never an object that was not requested, an endless loop or unbounded
memory."""

import itertools

import pytest
from conftest import Shell
from lying_server import LyingServer, error, page

LOCATION = "s3://bucket/p/"


@pytest.fixture
def run(tmp_path):
    """Runs s3-get-lines --all on a server whose listings are `pages`; each object contains its key and a newline."""

    def run(pages, status, *options, location=LOCATION):
        def handle(request):
            if "list-type" in request.query:
                return pages(request)
            return 200, {"ETag": '"e"'}, (request.path.rsplit("/", 1)[1][:4] + "\n").encode()

        with LyingServer(handle) as server:
            shell = Shell(tmp_path, server.tool_environment(), seconds=30)
            got = shell.tool("s3-get-lines", "--all", *options, location).expect(status)
            got.journal = server.journal
            return got

    return run


def one(body, status=200):
    return lambda request: (status, {}, body)


def test_pages_are_followed(run):
    pages = {None: page(["p/aaaa"], token="1&amp;+ /"), "1&+ /": page(["p/bbbb"], token="2"), "2": page(["p/cccc"])}
    got = run(lambda request: (200, {}, pages[request.query.get("continuation-token")]), 0)
    assert got.lines == ["aaaa", "bbbb", "cccc"]
    assert {request.query["prefix"] for request in got.journal if "list-type" in request.query} == {"p/"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html><body>It works!</body></html>",
        b'{"keys": []}',
        page(["p/aaaa"])[:-30],
        page(["p/aaaa"]) + b"<more/>",
        page(["p/aaaa"]).replace(b"ListBucketResult", b"ListAllMyBucketsResult"),
        page(["p/aaaa"]).replace(b"<Size>5</Size>", b""),
        page(["p/aaaa"]).replace(b"<Size>5", b"<Size>-5"),
        page(["p/aaaa"]).replace(b"<Size>5", b"<Size>99999999999999999999"),
        page(["p/aaaa"]).replace(b"<Key>p/aaaa</Key>", b""),
        page([""]),
        page(["p/aaaa"]).replace(b"<IsTruncated>false</IsTruncated>", b""),
        page(["p/aaaa"], truncated=True),
        page(["p/aaaa"], token=" ").replace(b"> <", b"><"),
        page(["other/aaaa"]),
        page(["p/../../secret/../q"]).replace(b"p/..", b".."),
        b'<!DOCTYPE x [<!ENTITY e "p/aaaa">]>' + page(["&e;"]).split(b"?>")[1],
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + page(["p/aaaa"]).split(b"?>")[1],
        page(["p/aaaa"]).replace(b"<Contents>", b"<a>" * 1000 + b"</a>" * 1000 + b"<Contents>"),
        page(["p/aaaa"]).replace(b"<Contents>", b"<a/>" * 200_000 + b"<Contents>"),
        page(["p/aaaa"]).replace(b"<Contents>", b" " * (16 << 20) + b"<Contents>"),
        page(["p/aaaa"]).replace(b"UTF-8", b"no-such-encoding"),
        page(["p/aaaa"]).replace(b"aaaa", b"a\xff\xfea"),
    ],
)
def test_an_invalid_listing_is_76(run, body):
    got = run(one(body), 76)
    assert got.stdout in (b"", b"aaaa\n") and got.message.startswith("s3-get-lines: ")


def test_an_error_in_a_200_is_an_error(run):
    assert "AccessDenied" in run(one(error("AccessDenied")), 77).message


@pytest.mark.parametrize("code, status", [("NoSuchBucket", 66), ("AccessDenied", 77), ("InternalError", 69)])
def test_a_refused_list_ends_the_run(run, code, status):
    http = {"NoSuchBucket": 404, "AccessDenied": 403, "InternalError": 500}[code]
    assert code in run(one(error(code), http), status).message or code == "NoSuchBucket"


def test_a_token_repeated_at_once_is_an_error(run):
    got = run(one(page(["p/aaaa"], token="t")), 76)
    assert "repeats a continuation token" in got.message
    assert sum("list-type" in request.query for request in got.journal) == 2


def test_a_token_repeated_later_is_an_error(run):
    numbers = itertools.count()

    def pages(request):
        number = next(numbers)
        return 200, {}, page([f"p/{number:04d}"], token=f"t{number % 3}")

    assert "repeats a continuation token" in run(pages, 76).message


def test_a_page_repeated_with_other_tokens_is_an_error(run):
    numbers = itertools.count()
    got = run(lambda request: (200, {}, page(["p/aaaa", "p/bbbb"], token=f"t{next(numbers)}")), 76)
    assert "same keys on different pages" in got.message
    assert sum("list-type" in request.query for request in got.journal) == 2


def test_a_key_repeated_on_the_next_page_counts_once(run):
    pages = {None: page(["p/aaaa", "p/bbbb"], token="1"), "1": page(["p/bbbb", "p/cccc"])}
    got = run(lambda request: (200, {}, pages[request.query.get("continuation-token")]), 0)
    assert got.lines == ["aaaa", "bbbb", "cccc"]


@pytest.mark.parametrize("keys", [["aaaa", "aaaa"], ["aaaa", "bbbb", "aaaa"], ["bbbb", "aaaa", "bbbb", "aaaa"]])
def test_a_key_repeated_in_a_page_counts_once(run, keys):
    assert run(one(page([f"p/{key}" for key in keys])), 0).lines == list(dict.fromkeys(keys))


BAD_KEYS = {"too long": "p/" + "k" * 1023, "not UTF-8": "p/a%FFb", "half of a surrogate pair": "p/a%ED%A0%80b"}


@pytest.mark.parametrize("bad", BAD_KEYS)
def test_an_invalid_listed_key_is_reported_and_the_rest_is_read(run, bad):
    got = run(one(page(["p/aaaa", BAD_KEYS[bad], "p/zzzz"], encoded=True)), 65)
    assert got.lines == ["aaaa", "zzzz"]
    (line,) = got.message.splitlines()
    assert line.startswith("s3-get-lines: s3://bucket/p/: '") and "the object's key " in line
    assert len([request for request in got.journal if "list-type" not in request.query]) == 2


def test_a_folder_is_an_object_whose_key_is_the_prefix(run):
    """The web consoles of services create them: the relative key is empty, the object's is not."""
    got = run(one(page(["p/"], size=1)), 0)
    assert got.journal[1].path == "/bucket/p/"


def test_an_empty_page_is_not_the_end(run):
    pages = {None: page(["p/aaaa"], token="1"), "1": page([], token="2"), "2": page(["p/bbbb"])}
    assert run(lambda request: (200, {}, pages[request.query.get("continuation-token")]), 0).lines == ["aaaa", "bbbb"]


def test_a_list_that_never_ends_is_cut_at_16_mib(run):
    def pages(request):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n<ListBucketResult>"
        for number in range(1_000_000):
            yield b"<Contents><Key>p/%d</Key><Size>1</Size></Contents>" % number * 100

    assert "larger than" in run(pages, 76).message


def test_keys_are_decoded_only_if_the_service_encoded_them(run):
    assert run(one(page(["p/a%2Fb+"], encoded=True)), 0).journal[1].path == "/bucket/p/a/b%20"
    assert run(one(page(["p/a%2Fb+"])), 0).journal[1].path == "/bucket/p/a%252Fb%2B"


def test_a_key_cannot_forge_a_line(run):
    got = run(one(page(["p/a%0Ab%09c"], encoded=True)), 0, "--with-key")
    assert got.stdout == b"a\\nb\\tc\ta%0A\n"


def test_keys_with_dot_segments_are_sent_unchanged(run):
    got = run(one(page(["p/../../x/./y"], size=2)), 0)
    assert got.journal[1].path == "/bucket/p/../../x/./y"


@pytest.mark.parametrize("flood", ["fields", "one field", "continues", "trailers"])
def test_header_fields_are_read_up_to_a_limit(run, flood):
    def pages(request):
        if flood == "continues":
            for _ in range(100_000):
                yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100
        yield b"HTTP/1.1 200 OK\r\n"
        if flood == "trailers":
            yield b"Transfer-Encoding: chunked\r\n\r\n1\r\n<\r\n0\r\n"
        yield b"x: "
        for number in range(100_000):
            yield b"a" * 1000 if flood == "one field" else b"a" * 990 + b"\r\nx: "

    assert run(pages, 76).stdout == b""
