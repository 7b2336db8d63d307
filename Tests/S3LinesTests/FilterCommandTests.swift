import ByteIO
import S3Lines
import Testing

/// Commands, driven like in a run.
@Suite(.serialized) struct FilterCommandTests {
    private struct Result {
        var output: [UInt8] = []
        var complaints: [String] = []
        var outcome: FilterOutcome?
        var takenBytes = 0
        var isSated = false
        var mostKept = 0
    }

    /// Collects reports for a closure that outlives the function.
    private final class Reports { var lines: [String] = [] }

    private static func commands(_ command: String, _ reports: Reports) -> RunCommands {
        SignalPipe.ignorePipeSignal()
        return RunCommands(FilterOptions(command: command, settings: CommandSettings(), bucket: "b")) {
            reports.lines.append($0)
        }
    }

    private static func turn(_ commands: RunCommands) {
        var polled = commands.prepareWait().map(\.request)
        unsafe poll(&polled, UInt(polled.count), CInt(min(100, commands.untilDue ?? 100)))
        commands.turned(polled.map { $0.revents != 0 }[...])
    }

    /// - Parameter limit: the maximum of output bytes to keep.
    private static func run(_ text: String, input: [UInt8] = [], limit: Int = 100_000) throws -> Result {
        let reports = Reports()
        let commands = commands(text, reports)
        let command = try commands.start(label: "k", key: [UInt8]("k".utf8), isSearch: false)
        var result = Result()
        for start in stride(from: 0, to: input.count, by: 70_000) {
            let piece = Array(input[start..<min(start + 70_000, input.count)])
            command.append(ByteSlice(ByteBlock(piece.bytes)))
        }
        command.endInput()
        command.outputLimit = limit
        while command.outcome == nil {
            turn(commands)
            let slices = command.takeOutput()
            result.mostKept = max(result.mostKept, slices.reduce(0) { $0 + $1.count })
            for slice in slices { result.output += slice.bytes.array }
        }
        for slice in command.takeOutput() { result.output += slice.bytes.array }
        (result.outcome, result.complaints) = (command.outcome, reports.lines)
        (result.takenBytes, result.isSated) = (command.takenBytes, command.isSated)
        commands.forget(command)
        commands.end()
        return result
    }

    private static let text = Array("a line of some length\n".utf8)
    private static let input = Array(repeatElement(text, count: 60_000).joined())

    @Test(arguments: [1000, 1 << 20]) func allBytesPass(limit: Int) throws {
        let result = try Self.run("cat", input: Self.input, limit: limit)
        #expect(result.output == Self.input && result.outcome == .success && !result.isSated)
        #expect(result.takenBytes == Self.input.count && result.mostKept <= limit)
    }

    /// Neither side blocks the other, in any order of reads and writes.
    @Test(arguments: ["head -c 3000000 /dev/zero; cat", "cat > /dev/null; head -c 3000000 /dev/zero"])
    func inputAndOutputDoNotBlockEachOther(command: String) throws {
        let result = try Self.run(command, input: Self.input)
        #expect(result.outcome == .success)
        #expect(result.output.count == 3_000_000 + (command.hasSuffix("cat") ? Self.input.count : 0))
    }

    @Test func aCommandThatReadsNothingSucceeds() throws {
        let result = try Self.run("echo enough", input: Self.input)
        #expect(result.output == [UInt8]("enough\n".utf8) && result.outcome == .success)
        #expect(result.isSated && result.takenBytes == Self.input.count)
    }

    @Test func aCommandThatClosesAllIsWaitedFor() throws {
        let result = try Self.run("exec <&- >&- 2>&-; sleep 0.2; exit 4", input: Self.input)
        #expect(result.outcome == .failure("the command ended with status 4"))
    }

    @Test func aGrandchildMayKeepStandardErrorOpen() throws {
        let result = try Self.run("echo a >&2; (exec >&-; sleep 20) & printf b")
        #expect(result.outcome == .success && result.output == [UInt8]("b".utf8))
        #expect(result.complaints == ["k: a"])
    }

    @Test func itsMessagesAreReportedWithTheKey() throws {
        let result = try Self.run("printf 'one\\n\\033two' >&2; exit 2")
        #expect(result.complaints == ["k: one", "k: \\x1Btwo"])
        #expect(result.outcome == .failure("the command ended with status 2"))
    }

    @Test func manyMessagesDoNotBlockIt() throws {
        let result = try Self.run("seq 100000 >&2; cat", input: Self.input)
        #expect(result.complaints.count == 100_000 && result.complaints.last == "k: 100000")
        #expect(result.output == Self.input)
    }

    /// Including the processes of a pipeline, and processes that ignore SIGTERM.
    @Test(arguments: [
        "sleep 1000 | sleep 1000", "trap '' TERM; sleep 1000", "(trap '' TERM; sleep 1000) & sleep 1000",
    ])
    func aCancelledCommandIsGone(command text: String) throws {
        let commands = Self.commands("echo $$; \(text)", Reports())
        let command = try commands.start(label: "k", key: [], isSearch: false)
        command.outputLimit = 100
        var output: [UInt8] = []
        while !output.contains(0x0A) {
            Self.turn(commands)
            for slice in command.takeOutput() { output += slice.bytes.array }
        }
        let group = try #require(pid_t(String(decoding: output.dropLast(), as: UTF8.self)))
        #expect(kill(-group, 0) == 0)
        commands.cancel(command)
        commands.end()
        #expect(kill(group, 0) != 0 && errno == ESRCH, "its own end was waited for")
        // Orphaned grandchildren are reaped by init.
        while kill(-group, 0) == 0 { usleep(10_000) }
        #expect(errno == ESRCH)
        _ = command
    }

    @Test func theEnvironmentHasTheKey() throws {
        let reports = Reports()
        let commands = Self.commands("printf %s \"$S3_KEY/$S3_BUCKET/$HOME\"", reports)
        let key: [UInt8] = [0xC3, 0xA9, 0x0A, 0x22, 0x24, 0x27, 0x20]
        let command = try commands.start(label: "k", key: key, isSearch: false)
        command.endInput()
        command.outputLimit = 1000
        while command.outcome == nil { Self.turn(commands) }
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? ""
        #expect(command.takeOutput().flatMap { $0.bytes.array } == key + [UInt8]("/b/\(home)".utf8))
        commands.end()
        #expect(throws: SystemError.self) { try commands.start(label: "k", key: [1, 0, 2], isSearch: false) }
    }
}
