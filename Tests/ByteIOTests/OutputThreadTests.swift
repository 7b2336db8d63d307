import ByteIO
import Testing

@Suite struct OutputThreadTests {
    @Test func aFailedWriteIsKeptAndTheRestDropped() throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let output = try OutputThread(descriptor: descriptor, name: "full") {}
        let bytes = [UInt8](repeating: 0x61, count: 100)
        output.append(ByteBlock(bytes.bytes))
        #expect(throws: SystemError("full", code: ENOSPC)) { try output.finish() }
        #expect(output.error == SystemError("full", code: ENOSPC))
        // ThreadSanitizer reports a thread that is joined twice.
        #expect(throws: SystemError("full", code: ENOSPC)) { try output.finish() }
        #expect(output.queuedBytes == 0)
        #expect(output.writtenBytes == 0)
    }

    /// Slices of all sizes, more than one write takes, into a pipe that is full most of the time.
    @Test func slicesAreWrittenInOrderWholeAndOnce() throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        defer {
            close(ends[0])
            close(ends[1])
        }
        let output = try OutputThread(descriptor: ends[1], name: "pipe") {}
        var expected: [UInt8] = []
        for number in 0..<200 {
            let bytes = [UInt8](repeating: UInt8(number % 251), count: number % 9 == 0 ? 30_000 : 2 + number)
            let block = ByteBlock(bytes.bytes)
            output.append(ByteSlice(block, 1..<block.count))
            expected += bytes.dropFirst()
        }
        var reader = LineReader(descriptor: ends[0], name: "pipe")
        var read: [UInt8] = []
        while read.count < expected.count {
            _ = try reader.fill()
            read += reader.unread.array
            let count = reader.unread.byteCount
            reader.consume(count)
        }
        try output.finish()
        #expect(read == expected)
        #expect(output.queuedBytes == 0 && output.writtenBytes == expected.count)
    }

    @Test func queuedBytesCountUntilTheyAreWritten() throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        defer {
            close(ends[0])
            close(ends[1])
        }
        let output = try OutputThread(descriptor: ends[1], name: "pipe") {}
        // More than a pipe can hold: the writing thread blocks, and `queuedBytes` must not.
        let bytes = [UInt8](repeating: 0x62, count: 1 << 20)
        output.append(ByteBlock(bytes.bytes))
        #expect(output.queuedBytes == 1 << 20)
        var reader = LineReader(descriptor: ends[0], name: "pipe")
        var count = 0
        while count < 1 << 20 {
            let read = try reader.fill()
            reader.consume(read)
            count += read
        }
        try output.finish()
        #expect(output.queuedBytes == 0)
        #expect(output.writtenBytes == 1 << 20)
    }
}
