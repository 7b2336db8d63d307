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
