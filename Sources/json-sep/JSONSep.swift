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

    static let foreignOptions: [String: String] = {
        let compact = "; the output is always compact"
        let unchanged = "; values are not changed, only white space between their tokens is removed"
        let slurp = "; the output is one value on each line, which jq -s makes one array of"
        return [
            "-c": compact, "--compact-output": compact, "--indent": compact, "--tab": compact,
            "-r": unchanged, "--raw-output": unchanged, "-S": unchanged, "--sort-keys": unchanged,
            "-s": slurp, "--slurp": slurp, "--stream": "; did you mean '--unwrap'?",
        ]
    }()

    static let configuration = CommandConfiguration(
        commandName: "json-sep",
        abstract: "Writes any stream of JSON texts as one compact value per line.",
        usage: "json-sep [<options>] [<file> ...]",
        discussion: """
            Reads NDJSON, concatenated, pretty-printed and RS-separated (RFC 7464) texts in any mixture. Removes \
            only the white space between tokens: numbers, strings, key order and duplicate keys stay as they \
            are. Writes a value only after it has checked all of it.
            """,
        version: versionText(of: "json-sep"))

    @Argument(help: "Input files, read in this order; '-' is standard input.")
    var files: [String] = ["-"]

    @Flag(help: "Replace each top-level array by its elements.")
    var unwrap = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Replace the array at PATH in each value by its elements: '.Records'.", valueName: "path"),
        transform: Self.path)
    var unwrapPath: FieldPath?

    @Flag(help: "Expect exactly one value on each line; any other line is invalid as a whole.")
    var lines = false

    @Flag(help: "Write RS before each value (RFC 7464).")
    var seq = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Stop at the first value that equals JSON, and do not write it.", valueName: "json"),
        transform: Self.compactValue)
    var until: [UInt8]?

    @Flag(help: "Report invalid values and continue after them; exit status 1.")
    var skipInvalid = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same, and append the skipped bytes to FILE.", valueName: "file"))
    var reject: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most levels of nested arrays and objects.", valueName: "n"),
        transform: wholeNumber(0 ... .max))
    var maxDepth = 1024

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most bytes in a value, including the white space inside it.", valueName: "size"))
    var maxValue = ByteSize(bytes: 64 << 20)

    func validate() throws {
        if let filter = files.first(where: { $0 == "." || $0.hasPrefix(".[") }) {
            throw ValidationError(
                "'\(filter)' is a filter of jq: expected the names of files (--unwrap does what .[] does)")
        }
        if maxValue.bytes < 1 { throw ValidationError("--max-value must be at least 1 byte") }
        if unwrap, unwrapPath != nil {
            throw ValidationError("--unwrap and --unwrap-path cannot be combined")
        }
        if unwrap || unwrapPath != nil, skipInvalid || reject != nil {
            throw ValidationError(
                "--unwrap and --unwrap-path cannot be combined with --skip-invalid and --reject: "
                    + "when an element is invalid, the start of its array is already written")
        }
        if lines, unwrap || unwrapPath != nil {
            throw ValidationError(
                "--lines cannot be combined with --unwrap and --unwrap-path: an array may have many lines")
        }
    }

    private static func path(_ text: String) throws -> FieldPath {
        guard let path = FieldPath(text) else {
            throw ValidationError(
                "expected a path such as '.Records' or '.a.b[0]', of at most \(FieldPath.maximumSteps) names "
                    + "and indices")
        }
        return path
    }

    private static func compactValue(_ text: String) throws -> [UInt8] {
        guard let value = ValueSplitter.compact(text) else {
            throw ValidationError("expected one JSON value")
        }
        return value
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
        options.unwrapPath = unwrap ? FieldPath([]) : unwrapPath
        // The output for one step of pretty-printed input is smaller than the input; this size lets it be
        // written without a copy.
        let output = ValueOutput(
            BlockWriter(blockSize: 1 << 16), isSequence: seq,
            until: until)
        do {
            return Separation(
                options, skipsInvalid: skipInvalid || reject != nil,
                rejects: try reject.map { path throws(SystemError) in try RejectFile(path) },
                output: output, signals: try SignalPipe(), diagnostics: diagnostics)
        } catch {
            throw .system(error)
        }
    }
}
