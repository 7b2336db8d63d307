import ByteIO
import S3Core
import S3Lines
import Testing

/// A filter that runs a script, step by step.
private final class Script: RunFilter {
    var steps: [(Run) -> RunStep]
    let run: Run
    /// The error that the first step throws.
    var failure: StopReason?
    var taken: [UInt8] = []
    /// The bytes written before the last step.
    var written = 0

    init(_ run: Run, _ steps: [(Run) -> RunStep]) {
        self.run = run
        self.steps = steps
    }

    func step(_ input: inout LineReader) throws(StopReason) -> RunStep {
        taken += input.unread.array
        let count = input.unread.byteCount
        input.consume(count)
        written = run.output.writtenBytes
        if let failure = failure.take() { throw failure }
        return steps.isEmpty ? .done : steps.removeFirst()(run)
    }
}

/// A service without requests, which waits briefly for descriptors.
private final class Nothing: RunService {
    var pending = 0
    var wakeUp: @Sendable () -> Void { {} }
    var notice: ((String) -> Void)?
    var turned: () -> Void = {}

    func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        var polled = descriptors.map(\.request)
        unsafe poll(&polled, UInt(polled.count), CInt(clamping: min(5, milliseconds ?? 5)))
        turned()
        return polled.map { $0.revents != 0 }
    }
}

private struct Pipe: ~Copyable {
    let reading: CInt
    let writing: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Reads the available bytes, at least one.
    func read() throws -> [UInt8] {
        var reader = LineReader(descriptor: reading)
        _ = try reader.fill()
        return reader.unread.array
    }
}

@Suite(.serialized) struct RunTests {
    private let service = Nothing()
    private let diagnostics = Diagnostics(tool: "test")
    private static let failure = StopReason.malformed("on purpose")

    private func end(_ steps: [(Run) -> RunStep]) throws -> RunEnd {
        let run = try Run(service, diagnostics, output: nil)
        return run.run(Script(run, steps))
    }

    @Test func theEndTellsWhatFailed() throws {
        #expect(try end([]) == .complete)
        #expect(
            try end([
                {
                    $0.missing += 1; return .done
                }
            ]) == .someMissing)
        #expect(
            try end([
                {
                    $0.missing += 1; $0.failed += 1; return .done
                }
            ]) == .someFailed)
        let run = try Run(service, diagnostics, output: nil)
        let script = Script(run, [])
        script.failure = Self.failure
        #expect(run.run(script) == .stopped(Self.failure))
        #expect(
            try end([
                {
                    $0.failed += 1; $0.stop(Self.failure); return .wait()
                }
            ]) == .stopped(Self.failure))
    }

    @Test func theFirstReasonIsKept() throws {
        let second = StopReason.malformed("later")
        #expect(
            try end([
                {
                    $0.stop(Self.failure); $0.stop(second); return .done
                }
            ]) == .stopped(Self.failure))
    }

    @Test func inputIsReadOnlyIfAStepAsksForIt() throws {
        let pipe = try Pipe()
        let bytes = [UInt8]("line\n".utf8)
        try writeAll(bytes.bytes, to: pipe.writing, name: "pipe")
        let run = try Run(service, diagnostics, output: nil)
        let script = Script(run, [{ _ in .wait() }, { _ in .wait(input: true) }])
        #expect(run.run(script, input: pipe.reading) == .complete)
        #expect(script.taken == bytes)
    }

    @Test func theRunEndsAfterAllOutputIsWritten() throws {
        let pipe = try Pipe()
        let run = try Run(service, diagnostics, output: pipe.writing)
        // More than the pipe can hold.
        let bytes = [UInt8](repeating: 0x61, count: 3 << 20)
        var read = 0
        var turns = 0
        service.turned = {
            turns += 1
            // The reader starts late.
            if turns > 5 { read += (try? pipe.read().count) ?? 0 }
        }
        let script = Script(
            run,
            [
                {
                    $0.output.append(bytes.bytes); return .done
                }
            ])
        #expect(run.run(script) == .complete && turns > 5)
        #expect(script.written == bytes.count, "the last step knows that all was written")
        while read < bytes.count { read += try pipe.read().count }
    }

    @Test func aFullDiskStopsIt() throws {
        let full = unsafe open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        let bytes = [UInt8]("line\n".utf8)
        let run = try Run(service, diagnostics, output: full, outputName: "full")
        let end = run.run(
            Script(
                run,
                [
                    {
                        $0.output.append(bytes.bytes); return .done
                    }
                ]))
        #expect(end == .stopped(.system(SystemError("full", code: ENOSPC))) && !run.endsQuietly)
    }
}

@Suite struct RunOutputTests {
    /// A block for each few bytes would need unlimited memory.
    @Test func waitingDataIsInFullBlocks() throws {
        let pipe = try Pipe()
        let service = Nothing()
        service.pending = 1
        let run = try Run(service, Diagnostics(tool: "test"), output: pipe.writing)
        let stuck = [UInt8](repeating: 0x61, count: 3 << 20)
        let line = [UInt8](repeating: 0x62, count: 100)
        var written = 0
        var most = 0
        let steps: [(Run) -> RunStep] = (0..<2000).map { number in
            { run in
                let bytes = number == 0 ? stuck : line
                run.output.append(bytes.bytes)
                written += bytes.count
                most = max(most, run.output.queuedBytes - written)
                return .wait(milliseconds: 0)
            }
        }
        var turns = 0
        service.turned = {
            turns += 1
            if turns > 2000 { _ = try? pipe.read() }
        }
        #expect(run.run(Script(run, steps)) == .complete)
        #expect(most <= 64 << 10)
    }
}
