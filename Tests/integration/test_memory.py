"""Memory use does not depend on the length of unneeded data, nor on the size of the pieces in which data arrives."""

import gzip
import re
import subprocess
import threading

import pytest
from conftest import BIN, SECONDS, memory
from lying_server import LyingServer

MIB = 1 << 20


def start(server, *arguments):
    return subprocess.Popen(
        [BIN / "s3-get-lines", *arguments], env=server.tool_environment(1),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_long_line_of_a_key_list_is_refused_without_being_kept():
    with LyingServer(lambda request: (200, {"ETag": '"e"'}, b"data\n")) as server:
        process = start(server, "s3://bucket")
        for _ in range(100):
            process.stdin.write(b"x" * MIB)
        process.stdin.flush()
        peak = memory(process)
        _, stderr = process.communicate(b"\nk\n", timeout=SECONDS)
        assert process.returncode == 65 and server.journal == []
    assert re.search(rb"standard input: line 1: expected a key, then a TAB .* more than 2048 bytes", stderr)
    assert peak < 60 * MIB, peak


def test_data_after_a_key_uses_no_memory():
    """Records are key lists, with data of any length."""
    with LyingServer(lambda request: (200, {"ETag": '"e"'}, request.path.encode() + b"\n")) as server:
        process = start(server, "s3://bucket")
        for key in (b"one", b"two"):
            process.stdin.write(key + b"\t")
            for _ in range(50):
                process.stdin.write(b"x" * MIB)
            process.stdin.write(b"\n")
        process.stdin.write(b"k" * 1024 + b"\n" + b"\\n" * 1024 + b"\tdata\nlast\t" + b"y" * 5000)
        process.stdin.flush()
        peak = memory(process)
        stdout, stderr = process.communicate(timeout=SECONDS)
        assert (process.returncode, stderr) == (0, b"")
    paths = [line.rsplit(b"/", 1)[-1] for line in stdout.splitlines()]
    assert paths == [b"one", b"two", b"k" * 1024, b"%0A" * 1024, b"last"]
    assert peak < 60 * MIB, peak


@pytest.mark.parametrize("length", [2049, 4095, 4096, 300_000])
def test_a_key_that_is_too_long_is_65(length):
    with LyingServer(lambda request: (200, {"ETag": '"e"'}, b"data\n")) as server:
        for end in (b"", b"\n", b"\tdata\n"):
            process = start(server, "s3://bucket")
            _, stderr = process.communicate(b"x" * length + end, timeout=SECONDS)
            assert process.returncode == 65 and b"line 1" in stderr


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("extent", ["chunked", "length"])
@pytest.mark.parametrize("options", [["--memory", "4M"], ["--memory", "4M", "--unordered"], []], ids=" ".join)
def test_a_line_in_many_pieces_does_not_use_a_block_per_piece(compress, extent, options):
    """One line of 1.5 MB, plain or compressed, in pieces of a few hundred bytes that are read one by one."""
    line = bytes(range(32, 127)) * 16_000 + b"\n"
    data = gzip.compress(line, 0) if compress else line
    all_but_the_last_piece, measured = threading.Event(), threading.Event()

    def handle(request):
        head = 'HTTP/1.1 200 OK\r\nx-amz-request-id: r\r\nETag: "e"\r\n'
        yield (
            head
            + ("Transfer-Encoding: chunked" if extent == "chunked" else f"Content-Length: {len(data)}")
            + "\r\n\r\n"
        ).encode()
        pieces = [data[start : start + 500] for start in range(0, len(data), 500)]
        for number, piece in enumerate(pieces):
            if number == len(pieces) - 1:
                all_but_the_last_piece.set()
                measured.wait(SECONDS)
            yield b"%x\r\n%s\r\n" % (len(piece), piece) if extent == "chunked" else piece
            threading.Event().wait(0.0003)  # time for the tool to read it
        if extent == "chunked":
            yield b"0\r\n\r\n"

    with LyingServer(handle) as server:
        process = start(server, *options, "s3://bucket", "k")
        got = []
        reader = threading.Thread(target=lambda: got.append(process.stdout.read()))
        reader.start()
        assert all_but_the_last_piece.wait(SECONDS)
        peak = memory(process, "VmPeak")
        measured.set()
        assert process.wait(SECONDS) == 0
        reader.join()
        process.stdin.close()
        process.stderr.close()
        process.stdout.close()
    assert got == [line]
    # Threads and libraries use some of it; a block per piece used to take 760 MB.
    assert peak < 450 * MIB, peak
