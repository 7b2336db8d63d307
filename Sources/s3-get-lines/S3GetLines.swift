import ArgumentParser
import ByteIO
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

@main
struct S3GetLines: ToolCommand {
    static let examples = [
        "s3-get-lines s3://b/dumps/ db.sql",
        "s3-get-lines --all s3://b/logs/ | grep error",
        "s3-get-lines --all --with-key --raw s3://a | s3-put-lines s3://b",
    ]

    static let foreignOptions = [
        "--recursive": "; --all fetches every object under the location",
        "-r": "; --all fetches every object under the location",
    ]

    static let configuration = CommandConfiguration(
        commandName: "s3-get-lines",
        abstract: "Writes the lines of objects in S3.",
        discussion: """
            Fetches the objects of the KEYs, or of the keys on standard input (the field of each line up to a \
            TAB), many at once, and writes their lines in the order of the keys. Adds a newline to the last line \
            of an object if it has none.
            """,
        version: versionText(of: "s3-get-lines", libraries: s3Libraries))

    @Argument(help: locationHelp("Where the objects are"))
    var location: String

    @Argument(
        help: ArgumentHelp("Keys, relative to the location. (default: standard input)", valueName: "key"))
    var keys: [String] = []

    @Flag(help: "Fetch every object under the location, in listing order.")
    var all = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --all, use only the keys after KEY.", valueName: "key"))
    var startAfter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --all, use only the keys before KEY.", valueName: "key"))
    var endBefore: String?

    @Flag(help: "With --all, continue to list keys that come later, until a signal.")
    var follow = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --follow, wait at least TIME between two lists.", valueName: "time"))
    var interval = TimeSpan(milliseconds: 5000)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --follow, end after TIME without a new key.", valueName: "time"))
    var untilIdle: TimeSpan?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "List the last N keys, or those of the last TIME, again. (default with --follow: 1000)",
            valueName: "n|time"),
        transform: FollowList.Lookback.option)
    var lookback: FollowList.Lookback?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --all, read each prefix that matches PATTERN as a list of its own: 'AWSLogs/*/CloudTrail/*/'.",
            valueName: "pattern"),
        transform: PrefixPattern.option)
    var per: PrefixPattern?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --all, keep in FILE how far all lines were written, and continue from there.",
            valueName: "file"))
    var cursor: String?

    @Flag(help: "Read keys that are percent-encoded, as in inventories and event notifications.")
    var urlKeys = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Use only the I-th of N shares of the keys.", valueName: "i/n"),
        transform: Shard.option)
    var shard: Shard?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Append KEY, TAB and ETAG of each object to FILE once all of it was written.", valueName: "file"))
    var done: String?

    @Flag(help: "Write whole lines as they arrive, in any order of the objects.")
    var unordered = false

    @Flag(help: "Write KEY and a TAB before each line.")
    var withKey = false

    @Flag(help: "Add no newline to an object that ends without one.")
    var exact = false

    @Flag(help: "Write compressed objects as they are stored.")
    var raw = false

    @Flag(help: "Write the stored bytes and nothing else: --raw --exact.")
    var bytes = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pipe each object, as it is stored, through 'sh -c COMMAND' and write the lines of the output.",
            valueName: "command"))
    var filter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Fetch objects of SIZE bytes or more in parallel ranges.", valueName: "size"))
    var multipartThreshold = ByteSize(bytes: 8 << 20)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Size of the ranges. (default: 8M, or a quarter of --memory if that is less)", valueName: "size"))
    var multipartChunksize: ByteSize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most bytes that are being fetched or not yet written.", valueName: "size"))
    var memory = ByteSize(bytes: 128 << 20)

    @OptionGroup(title: HelpText.sharedTitle)
    var service: S3Options

    /// With less memory the bookkeeping would need more than the data.
    private static let minimumMemory = ByteSize(bytes: 1 << 20)

    func validate() throws {
        if all && !keys.isEmpty {
            throw ValidationError("--all cannot be combined with KEY: it fetches every object")
        }
        if (startAfter ?? endBefore) != nil && !all {
            throw ValidationError(
                "\(startAfter != nil ? "--start-after" : "--end-before") needs --all")
        }
        if follow && !all { throw ValidationError("--follow needs --all") }
        if follow && endBefore != nil {
            throw ValidationError("--end-before cannot be combined with --follow")
        }
        if !follow, untilIdle != nil { throw ValidationError("--until-idle needs --follow") }
        if cursor != nil && !all { throw ValidationError("--cursor needs --all") }
        if per != nil && !all { throw ValidationError("--per needs --all") }
        if per != nil && (startAfter ?? endBefore) != nil {
            throw ValidationError(
                "\(startAfter != nil ? "--start-after" : "--end-before") cannot be combined with --per: each prefix is a list of its own"
            )
        }
        if lookback != nil, !follow, cursor == nil {
            throw ValidationError("--lookback needs --follow or --cursor")
        }
        if let cursor, [cursor, cursor + ".lookback"].contains(done) {
            throw ValidationError("--cursor and --done must be different files")
        }
        if interval.milliseconds < 1 { throw ValidationError("--interval must be at least 1ms") }
        if urlKeys && all {
            throw ValidationError("--url-keys cannot be combined with --all, which lists keys itself")
        }
        if exact || bytes, withKey || unordered {
            let other = withKey ? "--with-key" : "--unordered"
            throw ValidationError(
                "\(bytes ? "--bytes" : "--exact") cannot be combined with \(other): lines of different objects would run together"
            )
        }
        if keys.contains("-") {
            throw ValidationError(
                "KEY '-': omit it to read keys from standard input; lines always go to standard output")
        }
        if filter == "" { throw ValidationError("--filter: the command is empty") }
        if memory.bytes < Self.minimumMemory.bytes {
            throw ValidationError("--memory must be at least \(Self.minimumMemory)")
        }
        if let size = multipartChunksize, !(1...memory.bytes / 2).contains(size.bytes) {
            throw ValidationError("--multipart-chunksize must be from 1 to half of --memory (\(memory))")
        }
    }

    /// With KEY operands or --all, standard input is not read.
    var inputs: [ToolFile] { all || !keys.isEmpty ? [] : [.standardInput] }

    var outputs: [ToolFile] {
        [.standardOutput] + ToolFile.option("--done", done) + ToolFile.option("--cursor", cursor)
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.isIgnored(SIGPIPE)
        SignalPipe.ignorePipeSignal()
        let place: Location
        do { place = try Location(location) } catch { throw ToolFailure(.usage, error.description) }
        let range = try range(place)
        let origin = try origin(range)
        let client = try service.client(
            for: place, diagnostics, ignoresPipeSignal: ignoresPipeSignal, runsCommands: filter != nil)
        var options = options(client)
        if all { options.cursorFile = cursorFile(place) }
        let run = try service.run(
            in: client, diagnostics, outputLimit: min(Run.outputLimit, options.memory / 8))
        let lines: GetLines
        do {
            lines = try GetLines(origin, in: place, store: client, options: options, run: run)
        } catch { throw ToolFailure(error) }
        return try run.run(lines).exitStatus(ignoresPipeSignal: ignoresPipeSignal)
    }

    private func cursorFile(_ place: Location) -> CursorFile? {
        cursor.map { CursorFile($0, for: place, pattern: per, looksBack: follow || lookback != nil) }
    }

    /// The range to list with --all.
    private func range(_ place: Location) throws(ToolFailure) -> ListedKeyRange {
        var range = ListedKeyRange()
        guard all else { return range }
        if let startAfter { range.startAfter = try place.key(startAfter, option: "--start-after") }
        if let endBefore { range.endBefore = try place.key(endBefore, option: "--end-before") }
        range.pattern = per
        do { range.places = try cursorFile(place)?.places() ?? [:] } catch {
            switch error {
            case .unusable(let text): throw ToolFailure(.configuration, text)
            case .system(let error): throw ToolFailure(error)
            }
        }
        if follow || lookback != nil {
            let end: FollowList.End = untilIdle.map { .idle($0.milliseconds) } ?? .never
            range.following = Following(
                interval: interval.milliseconds, end: follow ? end : .firstPoll,
                lookback: lookback ?? .keys(1000))
        }
        return range
    }

    private func origin(_ range: ListedKeyRange) throws(ToolFailure) -> KeyOrigin {
        if all { return .listing(range) }
        guard keys.isEmpty else { return .operands(keys.map { [UInt8]($0.utf8) }) }
        if isatty(STDIN_FILENO) == 1 {
            throw ToolFailure(
                .usage,
                "no KEY is given and standard input is a terminal; for every key under \(location) use --all")
        }
        return .input
    }

    private func options(_ client: S3Client) -> GetOptions {
        var options = GetOptions()
        options.keepsOrder = !unordered
        options.writesKeys = withKey
        options.isExact = exact || bytes
        options.isRaw = raw || bytes || filter != nil
        options.filter = filter.map {
            FilterOptions(command: $0, settings: client.commands, bucket: client.bucket)
        }
        options.multipartThreshold = multipartThreshold.bytes
        options.memory = memory.bytes
        options.chunkSize = multipartChunksize?.bytes ?? min(options.chunkSize, memory.bytes / 4)
        options.verifiesChecksums = client.verifiesChecksums
        options.readsURLKeys = urlKeys
        options.donePath = done
        if let shard { options.shard = shard }
        return options
    }
}
