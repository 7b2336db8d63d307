"""A tool that cannot allocate memory ends with one message and a status, not with a stack trace."""

import hashlib
import re
import resource
import subprocess
import time

import pytest
from conftest import BIN, ROOT, Shell, memory, within
from lying_server import LyingServer, environment

LONG = 96 << 20
ROOM = 24 << 20


def command(tool):
    """A tool that holds a long line in memory, with its initial requests."""
    words = {
        "json-sep": ["--max-value", "1G"],
        "s3-keygen": ["{line}"],
        "s3-put-lines": ["--dry-run", "--part-size", "256M", "--memory", "1G", "s3://b"],
        "s3-get-lines": ["--memory", "1G", "--multipart-chunksize", "256M", "s3://b"],
    }
    return [BIN / tool, *words[tool]]


def address_space(words, variables, name="VmPeak"):
    """The memory of a tool that waits for its first line, in bytes; with `VmSize`, without memory that it has freed."""
    waiting = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables
    )
    found = []
    try:
        while len(found) < 10 or len(set(found[-10:])) > 1:
            time.sleep(0.02)
            found.append(memory(waiting, name))
    finally:
        waiting.kill()
        waiting.communicate()
    return found[-1]


def limited(words, limit, stdin, variables):
    return subprocess.run(
        words,
        input=stdin,
        env=variables,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )


def assert_out_of_memory(finished, tool):
    assert finished.returncode == 74, finished.stderr[-2000:]
    assert re.fullmatch(rf"{tool}: [^\n]*memory[^\n]*\n", finished.stderr.decode())


@pytest.mark.parametrize(
    ("tool", "start", "end"),
    [("json-sep", b'"', b'"'), ("s3-keygen", b"", b"\n"), ("s3-put-lines", b"k\t", b"\n")],
)
def test_a_line_longer_than_the_available_memory_is_74(tmp_path, tool, start, end):
    words, variables = command(tool), Shell(tmp_path, {}).environment
    limit = address_space(words, variables) + ROOM
    assert_out_of_memory(limited(words, limit, start + b"x" * LONG + end, variables), tool)


def test_a_line_of_an_object_longer_than_the_memory_is_74(tmp_path):
    line = b"x" * LONG
    with LyingServer(lambda request: (200, {"ETag": '"e"', "x-amz-request-id": "1"}, line)) as server:
        variables = Shell(tmp_path, server.tool_environment(1)).environment
        words = command("s3-get-lines")
        limit = address_space(words, variables) + ROOM
        assert_out_of_memory(limited(words, limit, b"k\n", variables), "s3-get-lines")


def test_a_runtime_without_memory_is_74(tmp_path):
    """At any allocation: many keys are remembered, with a slightly higher limit each time."""
    words, variables = command("s3-put-lines")[:2] + ["s3://b"], Shell(tmp_path, {}).environment
    needed = subprocess.check_output(["readelf", "--dynamic", words[0]], text=True)
    if "libswiftCore.so" in needed:
        pytest.skip("a debug binary, whose runtime is a library of its own")
    records = b"".join(b"key-%d\tv\n" % number for number in range(300_000))
    # The C library reserves 64 MiB for its second thread, which the first one would use otherwise.
    least = address_space(words, variables, "VmSize") - (64 << 20)
    ends = [limited(words, least + (extra << 18), records, variables) for extra in range(0, 40, 3)]
    assert {finished.returncode for finished in ends} <= {0, 74} and ends[0].returncode == 74
    for finished in ends:
        *others, last = finished.stderr.splitlines()
        assert all(b": dry run: " in line for line in others), finished.stderr
        assert finished.returncode == 0 or b"out of memory" in last


TWO_THREADS = """
#include "process.h"
#include <pthread.h>
static pthread_barrier_t start;
static void *end(void *size) {
    pthread_barrier_wait(&start);
    s3_end_for_lack_of_memory(*(size_t *)size);
}
int main(void) {
    size_t size = 7;
    pthread_t other;
    pthread_barrier_init(&start, 0, 2);
    pthread_create(&other, 0, end, &size);
    end(&size);
}"""


def test_two_threads_without_memory_report_once(tmp_path):
    (tmp_path / "two.c").write_text(TWO_THREADS)
    source = ROOT / "Sources/CProcess"
    options = ["-pthread", "-D_Nonnull=", "-D_Nullable=", "-I", source / "include"]
    subprocess.run(["cc", *options, "-o", "two", "two.c", source / "memory.c"], cwd=tmp_path, check=True)
    for _ in range(200):
        finished = subprocess.run([tmp_path / "two"], capture_output=True, check=False, timeout=60)
        assert finished.returncode == 74
        assert finished.stderr == b"two: out of memory: 7 more bytes could not be had\n"


# Each limit makes another allocation in libcurl fail. Source: libcurl-errors(3).
LIBCURL = {
    "a transfer begins": "int curl_multi_add_handle(void *multi, void *easy) { return 3; }",
    "a transfer ends": """
        #include <dlfcn.h>
        struct message { int kind; void *easy; union { void *whatever; int result; } data; };
        struct message *curl_multi_info_read(void *multi, int *left) {
            struct message *(*real)(void *, int *) = dlsym(RTLD_NEXT, "curl_multi_info_read");
            struct message *found = real(multi, left);
            if (found) found->data.result = 27;
            return found;
        }""",
}


@pytest.mark.parametrize("when", LIBCURL)
def test_libcurl_without_memory_is_reported(tmp_path, when):
    """The message says so; the failure is not taken for a bad response or a bad configuration."""
    (tmp_path / "poor.c").write_text("#define _GNU_SOURCE\n" + LIBCURL[when])
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "poor.so", "poor.c"], cwd=tmp_path, check=True)
    variables = environment(2, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1", LD_PRELOAD=str(tmp_path / "poor.so"))
    shell = Shell(tmp_path, variables)
    put = shell.tool("s3-put-lines", "s3://b", stdin=b"k\tv\n").expect(69)
    get = shell.tool("s3-get-lines", "s3://b", "k").expect(1)
    for finished in (put, get):
        assert "out of memory for the transfer" in finished.message
        assert finished.stdout == b"" and "not HTTP" not in finished.message


# Functions of libcurl that fail once, after the server has made a file.
ONCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct message { int kind; void *easy; union { void *whatever; int result; } data; };
static int fails(void) { return unlink(getenv("FAILURE")) == 0; }
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
"""
BEGIN = "int curl_multi_add_handle(void *multi, void *easy) { return fails() ? 3 : REAL(curl_multi_add_handle)(multi, easy); }"
PERFORM = """
int curl_multi_perform(void *multi, int *running) {
    int code = REAL(curl_multi_perform)(multi, running);
    return fails() ? 3 : code;
}"""
SET_METHOD = """
int curl_easy_setopt(void *easy, int option, ...) {
    va_list values;
    va_start(values, option);
    void *value = va_arg(values, void *);
    va_end(values);
    if (option == 10036 && value && !strcmp(value, "PUT") && fails()) return 27;
    return REAL(curl_easy_setopt)(easy, option, value);
}"""
# Source: libcurl-errors(3), CURLE_TOO_LARGE.
TOO_LARGE = """
struct message *curl_multi_info_read(void *multi, int *left) {
    struct message *found = REAL(curl_multi_info_read)(multi, left);
    if (found && fails()) found->data.result = 100;
    return found;
}"""
TORN = b"HTTP/1.1 200 OK\r\nX-"


def failing(directory, function, handle, *words, attempts=3, stdin=b"k\tv\n"):
    """Runs s3-put-lines with a libcurl of which `function` fails; returns its end and the server's journal."""
    (directory / "once.c").write_text(ONCE + function)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "once.so", "once.c"], cwd=directory, check=True)
    with LyingServer(handle) as server:
        preload = {"LD_PRELOAD": str(directory / "once.so"), "FAILURE": str(directory / "failure")}
        shell = Shell(directory, server.tool_environment(attempts, **preload))
        return shell.tool("s3-put-lines", *words, "s3://b", stdin=stdin), server.journal


def stored(request):
    return 200, {"ETag": f'"{hashlib.md5(request.body).hexdigest()}"', "x-amz-request-id": "1"}, b""


@pytest.mark.parametrize("attempts", [2, 3])
def test_a_retry_of_complete_that_cannot_begin_forgets_nothing(tmp_path, attempts):
    """The service may be completing the upload, so it is not aborted, and memory may be found later."""
    completes = []

    def handle(request):
        if request.method != "POST":
            return (404, {}, b"") if request.method == "HEAD" and request.path == "/b/k" else stored(request)
        if "uploads" in request.query:
            return 200, {}, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
        completes.append(request)
        if len(completes) == 1:
            (tmp_path / "failure").touch()
            return iter([TORN])
        return 200, {}, b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"

    words = ["--part-size", "5M"]
    put, journal = failing(
        tmp_path, BEGIN, handle, *words, attempts=attempts, stdin=b"k\t" + b"x" * (6 << 20) + b"\n"
    )
    assert not (tmp_path / "failure").exists()
    assert "DELETE" not in [request.method for request in journal]
    if attempts == 2:
        assert "upload u is left in place" in put.expect(None).message and put.stdout == b"" and len(completes) == 1
    else:
        assert put.expect().lines == ["k"] and len(completes) == 2


@pytest.mark.parametrize("when", ["it is set up", "it is in flight"])
def test_a_request_that_libcurl_has_no_memory_for_is_retried(tmp_path, when):
    """With the same method, and not as if the response had been bad."""
    failure, puts = tmp_path / "failure", []

    def handle(request):
        if request.method == "PUT":
            puts.append(request)
        elif when == "it is set up":
            failure.touch()
        if when == "it is in flight" and len(puts) == 1:
            failure.touch()
            within(30, lambda: not failure.exists())
        return stored(request)

    put, journal = failing(tmp_path, SET_METHOD if when == "it is set up" else PERFORM, handle)
    assert put.expect().lines == ["k"] and not failure.exists()
    assert {request.method for request in journal} == {"HEAD", "PUT"}
    assert len(puts) == (1 if when == "it is set up" else 2)


def test_a_header_field_that_newer_libcurls_call_too_large_is_no_lost_connection(tmp_path):
    def handle(request):
        if request.method == "HEAD":
            return stored(request)
        (tmp_path / "failure").touch()
        return iter([TORN])

    put, journal = failing(tmp_path, TOO_LARGE, handle)
    assert "a header field of more than 100 KiB" in put.expect(76).message
    assert [request.method for request in journal].count("PUT") == 1
