import ArgumentParser
import ByteIO
import CommandSupport
import Digest
import JSONStream
import KeyTemplate

@main
struct S3Keygen: ToolCommand {
    static let examples = [
        "s3-keygen 'events/{seq:9}' < lines | s3-put-lines s3://b",
        "s3-keygen --roll-lines 10000 '{now:%F}/{uuid}' < log | s3-put-lines s3://b",
        "s3-keygen 'dt={.time:%F}/{uuid}' < events.jsonl | s3-put-lines s3://b",
    ]

    static let foreignOptions: [String: String] = {
        let lines = "; did you mean '--roll-lines'?"
        let bytes = "; did you mean '--roll-bytes'?"
        let template = "; TEMPLATE is an operand, as in s3-keygen 'logs/{now:%F}/{uuid}'"
        return [
            "-l": lines, "--lines": lines, "-b": bytes, "-C": bytes, "--bytes": bytes,
            "--line-bytes": bytes, "-t": template, "--template": template, "-k": template,
            "--key": template, "--format": template, "--prefix": template, "--suffix": template,
        ]
    }()

    static let operandsHint = "; lines come from standard input: s3-keygen TEMPLATE < FILE"

    static let configuration = CommandConfiguration(
        commandName: "s3-keygen",
        abstract: "Gives each line of standard input a key: LINE becomes KEY TAB LINE.",
        usage: "s3-keygen [<options>] <template>",
        discussion: """
            TEMPLATE consists of literal text and fields in braces; {{ and }} stand for one brace each. A field is \
            {NAME[!][:FORMAT][|...][?DEFAULT]}. Values from the line and the environment are percent-encoded; \
            ! inserts them unchanged. Of several NAMEs, the first that has a value counts. DEFAULT replaces a \
            missing or empty value.

            Time at which the line was read: ns us ms s (FORMAT: width), now (strftime). Numbers: seq line \
            (width). Unique: uuid uuid4 ulid rand (digits). Hashes of the line: sha256 crc32 (digits). \
            Surroundings: host pid env:NAME. From the line: col:N, .path.in[0].json (strftime, if the value is a \
            time).
            """,
        version: versionText(of: "s3-keygen", libraries: cryptoLibrary))

    @Argument(help: "The form of the keys: 'logs/{now:%Y-%m-%d}/{uuid}'.")
    var template: String

    /// At least as many numbers remain above it, so no run can exhaust them.
    private static let greatestFirst = UInt64(Int64.max)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "First number of {seq}. (default: 0, or N - 1 with --first-line N)", valueName: "n"),
        transform: wholeNumber(0...Self.greatestFirst))
    var start: UInt64?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The input is the rest of another input, from its line N on; count from there.", valueName: "n"),
        transform: wholeNumber(1...Self.greatestFirst))
    var firstLine: UInt64 = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Append lines that get no key to FILE and continue; exit status 1.", valueName: "file"))
    var reject: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Give one key to up to N lines.", valueName: "n"),
        transform: wholeNumber(1 ... .max))
    var rollLines: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Give one key to lines of up to SIZE bytes in all.", valueName: "size"))
    var rollBytes: ByteSize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give one key to the lines of TIME, then complete its object.", valueName: "time"))
    var rollAfter: TimeSpan?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep a batch for each of the N latest texts of the line's fields. (default: 1)", valueName: "n"),
        transform: wholeNumber(1 ... .max))
    var maxOpen: Int?

    func validate() throws {
        if let rollBytes, rollBytes.bytes < 1 {
            throw ValidationError("--roll-bytes must be at least 1 byte")
        }
        if let rollAfter, rollAfter.milliseconds < 1 {
            throw ValidationError("--roll-after must be at least 1ms")
        }
        if maxOpen != nil, !isRolled {
            throw ValidationError("--max-open needs --roll-lines, --roll-bytes or --roll-after")
        }
    }

    private var rollOption: String {
        rollLines != nil ? "--roll-lines" : rollBytes != nil ? "--roll-bytes" : "--roll-after"
    }

    private var isRolled: Bool { rollLines != nil || rollBytes != nil || rollAfter != nil }

    var outputs: [ToolFile] { [.standardOutput] + ToolFile.option("--reject", reject) }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        guard let template = parseTemplate(diagnostics) else { return .usage }
        if template.fields.isEmpty, isFieldWithoutBraces {
            diagnostics.report(
                "template: '\(self.template)' has no braces, so each line gets this key; for the field write '{\(self.template)}'"
            )
        }
        guard template.givesUniqueKeys || !isRolled else {
            throw ToolFailure(
                .usage,
                "\(rollOption): the template must contain {ns}, {us}, {seq}, {uuid}, {uuid4}, {ulid} or {rand}: "
                    + "without one of them two batches could get the same key")
        }
        let countsKeys = template.fields.flatMap(\.alternatives).contains { $0.source.isSequence }
        guard countsKeys || start == nil else {
            throw ToolFailure(.usage, "--start: the template has no {seq}, which this number is for")
        }
        guard !isRolled || !countsKeys || firstLine == 1 || start != nil else {
            throw ToolFailure(
                .usage,
                "--first-line: with batches, --start must say which number {seq} continues with"
            )
        }
        do {
            var input = LineReader()
            var lines = try keyedLines(template, diagnostics)
            switch try lines.run(&input) {
            case .finished(let rejected): return rejected > 0 ? .partialFailure : .success
            case .interrupted(let signal): SignalPipe.endProcess(by: signal)
            }
        } catch {
            switch error {
            case .system(let error): throw ToolFailure(error)
            case .line(let message): throw ToolFailure(.malformedInput, message)
            }
        }
    }

    /// Whether the text would be a field if it were in braces: `uuid`, `.id`.
    private var isFieldWithoutBraces: Bool {
        guard !template.contains("{") else { return false }
        let field = [UInt8]("{\(template)}".utf8)
        do { return try Template(parsing: field).fields.count == 1 } catch { return false }
    }

    /// Returns nil after reporting an error with its position marked.
    private func parseTemplate(_ diagnostics: Diagnostics) -> Template? {
        let text = [UInt8](template.utf8)
        do {
            return try Template(parsing: text)
        } catch {
            diagnostics.report("template: \(error.reason)")
            try? writeAll(error.marked(in: text) + "\n", to: STDERR_FILENO, name: "standard error")
            return nil
        }
    }

    private func keyedLines(
        _ template: Template, _ diagnostics: Diagnostics
    ) throws(KeyedLinesError) -> KeyedLines {
        let limits = BatchLimits(
            lines: rollLines, bytes: rollBytes?.bytes, milliseconds: rollAfter?.milliseconds)
        let renderer = KeyRenderer(
            template, firstSequenceNumber: start ?? firstLine - 1,
            clock: LineClock(resolution: isRolled ? template.timeResolution : 1))
        do {
            return KeyedLines(
                renderer, firstLine: firstLine,
                batches: isRolled ? BatchTable(limits, maximumOpen: maxOpen ?? 1) : nil,
                rejects: try reject.map { path throws(SystemError) in try RejectFile(path) },
                output: BlockWriter(), signals: try SignalPipe(),
                diagnostics: diagnostics)
        } catch {
            throw .system(error)
        }
    }
}
