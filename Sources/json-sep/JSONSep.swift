import ArgumentParser
import ByteIO
import CommandSupport
import JSONStream

@main
struct JSONSep: ToolCommand {
    static let examples = [
        "json-sep < in.json | wc -l",
        "json-sep --unwrap < array.json > lines.jsonl",
        "json-sep --lines --skip-invalid < app.log > events.jsonl",
    ]

    static let configuration = CommandConfiguration(
        commandName: "json-sep",
        abstract: "Any stream of JSON texts in, one compact JSON value a line out.",
        discussion: """
            Reads NDJSON, concatenated, pretty-printed and RS-separated (RFC 7464) texts in any mixture. Only \
            white space between tokens is removed: numbers, strings, key order and duplicate keys stay as they \
            are. A value is written only after all of it was found valid.
            """,
        version: versionText(of: "json-sep"))

    @Argument(help: "The inputs, read one after the other; '-' is standard input.")
    var files: [String] = ["-"]

    @Flag(help: "Replace each top-level array by its elements.")
    var unwrap = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Replace each value that has an array at PATH by its elements: '.Records'.", valueName: "path"))
    var unwrapPath: String?

    @Flag(help: "Take one value a line: any other line is invalid as a whole.")
    var lines = false

    @Flag(help: "Write an RFC 7464 sequence: RS before each value.")
    var seq = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Stop at the first value that equals JSON; it is not written.", valueName: "json"))
    var until: String?

    @Flag(help: "Report invalid values and go on after them; exit status 1.")
    var skipInvalid = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same, and append the bytes that were skipped to FILE.", valueName: "file"))
    var reject: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many arrays and objects may be nested.", valueName: "n"))
    var maxDepth = 1024

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long a value may be, white space inside it counted.", valueName: "size"))
    var maxValue = ByteSize(bytes: 64 << 20)

    func validate() throws {
        if maxDepth < 0 { throw ValidationError("--max-depth must be at least 0") }
        if maxValue.bytes < 1 { throw ValidationError("--max-value must be at least 1 byte") }
        if unwrap, unwrapPath != nil {
            throw ValidationError("--unwrap and --unwrap-path exclude each other")
        }
        if unwrap || unwrapPath != nil, skipInvalid || reject != nil {
            throw ValidationError(
                "--unwrap and --unwrap-path exclude --skip-invalid and --reject: "
                    + "an array's start can no longer be taken back when an element is invalid")
        }
        if lines, unwrap || unwrapPath != nil {
            throw ValidationError(
                "--lines excludes --unwrap and --unwrap-path: an array of many lines would be unwrapped")
        }
        if let unwrapPath, FieldPath(unwrapPath) == nil {
            throw ValidationError(
                "--unwrap-path: '\(Diagnostics.excerpt(unwrapPath.utf8))' is not a path such as '.Records' or '.a.b[0]', of at most "
                    + "\(FieldPath.maximumSteps) names and indices")
        }
        if let until, ValueSplitter.compact(until) == nil {
            throw ValidationError("--until: '\(Diagnostics.excerpt(until.utf8))' is not one JSON value")
        }
    }

    var inputs: [ToolFile] { files.map { .operand($0) } }
    var outputs: [ToolFile] { [.standardOutput] + ToolFile.option("--reject", reject) }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        do {
            var separation = try separation(diagnostics)
            switch try separation.run(files) {
            case .finished(let skipped, let unread):
                if let unread { return ToolFailure(unread).status }
                return skipped > 0 ? .partialFailure : .success
            case .interrupted(let signal): SignalPipe.endProcess(by: signal)
            }
        } catch {
            switch error {
            case .system(let error), .unreadable(let error): throw ToolFailure(error)
            case .invalid(let input, let value): throw ToolFailure(.malformedInput, "\(input):\(value)")
            }
        }
    }

    private func separation(_ diagnostics: Diagnostics) throws(SeparationError) -> Separation {
        var options = SplitOptions()
        options.maximumDepth = maxDepth
        options.maximumLength = maxValue.bytes
        options.isLineWise = lines
        options.unwrapPath = unwrap ? FieldPath([]) : unwrapPath.flatMap { FieldPath($0) }
        // The output for one step of pretty-printed input is smaller than the input; this size lets it be
        // written without a copy.
        let output = ValueOutput(
            BlockWriter(blockSize: 1 << 16), isSequence: seq,
            until: until.flatMap { ValueSplitter.compact($0) })
        do {
            return Separation(
                options, skipsInvalid: skipInvalid || reject != nil, rejects: try rejectFile(),
                output: output, signals: try SignalPipe(), diagnostics: diagnostics)
        } catch {
            throw .system(error)
        }
    }

    private func rejectFile() throws(SystemError) -> RejectFile? {
        guard let reject else { return nil }
        return try RejectFile(reject)
    }
}
