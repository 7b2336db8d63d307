import ByteIO
import Foundation
import Testing

@Suite struct LineReaderTests {
    /// Lines of every length around the block size, written in pieces of every size, must be read unchanged,
    /// wherever the reads split them.
    @Test(arguments: [1, 7, 4095, 4096, 4097, 10_000, 65_536])
    func linesAreReadUnchanged(pieceSize: Int) throws {
        let lengths = [0, 1, 2, 100, 4094, 4095, 4096, 4097, 8191, 8192, 20_000, 0, 3, 70_000, 1, 0]
        let lines = lengths.enumerated().map { [UInt8](repeating: UInt8(0x41 + $0), count: $1) }
        let input = Array(lines.map { $0 + [0x0A] }.joined())
        #expect(try read(input, pieceSize: pieceSize) == lines)
    }

    @Test(arguments: [1, 7, 4095, 4096, 4097, 65_536], [1, 100, 4095, 4096, 4097, 9000])
    func onlyTheStartOfLongLinesIsKept(pieceSize: Int, limit: Int) throws {
        let lengths = [
            0, 1, 99, 100, 101, 4094, 4095, 4096, 4097, 8191, 8999, 9000, 9001, 70_000, 1, 0, 20_000, 5,
        ]
        let lines = lengths.enumerated().map { [UInt8](repeating: UInt8(0x41 + $0), count: $1) }
        let input = Array(lines.map { $0 + [0x0A] }.joined())
        #expect(try read(input, pieceSize: pieceSize, atMost: limit) == lines.map { Array($0.prefix(limit)) })
        // The last newline may be missing.
        #expect(
            try read(input.dropLast(), pieceSize: pieceSize, atMost: limit)
                == lines.map { Array($0.prefix(limit)) })
    }

    @Test(arguments: ["", "\n", "a", "a\n", "a\nb", "\n\n", "a\r\n\u{0}\n"])
    func theLastNewlineMayBeMissing(text: String) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { [UInt8]($0.utf8) }
        // String treats "\r\n" as one character.
        if text.contains("\r\n") { lines = [[UInt8]("a\r".utf8), [0], []] }
        if lines.last == [] { lines.removeLast() }
        #expect(try read([UInt8](text.utf8), pieceSize: 1) == lines)
    }

    /// Unread bytes stay in order while the reader moves and grows its buffer.
    @Test func unreadBytesSurviveEachFill() throws {
        var random = SystemRandomNumberGenerator()
        let input = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try withPipe(input, pieceSize: 5000) { descriptor in
            var reader = LineReader(descriptor: descriptor, name: "pipe", blockSize: 8192)
            var position = 0
            while try reader.fill() > 0 {
                let unread = reader.unread.array
                #expect(unread == Array(input[position..<position + unread.count]))
                let used = Int.random(in: 0...unread.count, using: &random)
                reader.consume(used)
                position += used
            }
            #expect(position + reader.unread.byteCount == input.count)
        }
    }

    @Test func aFailedReadNamesItsInput() {
        var reader = LineReader(descriptor: -1, name: "events.json")
        do {
            try reader.fill()
            Issue.record("reading from no descriptor succeeded")
        } catch { #expect(error == SystemError("events.json", code: EBADF)) }
    }

    private func read(_ input: [UInt8], pieceSize: Int, atMost limit: Int = .max) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        try withPipe(input, pieceSize: pieceSize) { descriptor in
            var reader = LineReader(descriptor: descriptor, name: "pipe", blockSize: 4096)
            repeat {
                try reader.fill()
                while let line = reader.nextLine(atMost: limit) { lines.append(line.array) }
            } while !reader.isAtEnd
        }
        return lines
    }

    /// Calls `body` with the read end of a pipe to which another thread writes `input`.
    private func withPipe(_ input: [UInt8], pieceSize: Int, _ body: (CInt) throws -> Void) throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        let end = ends[1]
        // A thread instead of a task: tests that block in read(2) occupy the few threads of the task pool.
        Thread.detachNewThread {
            for start in stride(from: 0, to: input.count, by: pieceSize) {
                let piece = Array(input[start..<min(start + pieceSize, input.count)])
                try? writeAll(piece.bytes, to: end, name: "pipe")
            }
            close(end)
        }
        defer { close(ends[0]) }
        try body(ends[0])
    }
}
