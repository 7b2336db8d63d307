import ArgumentParser
import ByteIO
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

@main
struct S3ListKeys: ToolCommand {
    static let examples = [
        "s3-list-keys --long s3://b/logs/",
        "s3-list-keys --include '*.gz' s3://b | s3-get-lines s3://b",
        "s3-list-keys --summary s3://b",
        "s3-list-keys --split 8 s3://b",
    ]

    static let foreignOptions = [
        "--recursive": "; keys in folders are listed, too, unless --delimiter / is given",
        "-r": "; keys in folders are listed, too, unless --delimiter / is given",
        "-l": "; did you mean '--long'?",
    ]

    static let configuration = CommandConfiguration(
        commandName: "s3-list-keys",
        abstract: "Prints the keys of a bucket.",
        discussion: """
            Prints the key of each object under the location, one per line, in listing order. Lists many ranges of \
            keys at once.
            """,
        version: versionText(of: "s3-list-keys", libraries: s3Libraries))

    @Argument(help: locationHelp("Where the objects are"))
    var location: String

    @Flag(help: "Print KEY, SIZE, LAST_MODIFIED and ETAG, separated by TABs.")
    var long = false

    @Flag(help: "Print COUNT and BYTES of all keys, separated by a TAB, instead of the keys.")
    var summary = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("List only the keys after KEY.", valueName: "key"))
    var startAfter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("List only the keys before KEY.", valueName: "key"))
    var endBefore: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "List only keys that match GLOB, or another --include; * and ? match / too.",
            valueName: "glob"))
    var include: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Do not list keys that match GLOB.", valueName: "glob"))
    var exclude: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "List only objects modified at TIME or later: a date, or 7d for 7 days ago.", valueName: "time"),
        transform: Timestamp.option)
    var newerThan: Timestamp?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("List only objects modified before TIME.", valueName: "time"),
        transform: Timestamp.option)
    var olderThan: Timestamp?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Print the common prefix of keys up to the first C, once, as a key that ends in C.",
            valueName: "c"))
    var delimiter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("List only the I-th of N shares of the keys.", valueName: "i/n"),
        transform: Shard.option)
    var shard: Shard?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Print N - 1 keys that divide the list into N ranges of about the same number of keys.",
            valueName: "n"),
        transform: splitOption)
    var split: Int?

    @OptionGroup(title: HelpText.sharedTitle)
    var service: S3Options

    var inputs: [ToolFile] { [] }

    /// The first given option that filters keys or changes their format.
    private var optionNotWithSplit: String? {
        if long { return "--long" }
        if summary { return "--summary" }
        if !include.isEmpty || !exclude.isEmpty { return include.isEmpty ? "--exclude" : "--include" }
        if newerThan != nil || olderThan != nil { return newerThan == nil ? "--older-than" : "--newer-than" }
        if delimiter != nil { return "--delimiter" }
        return shard == nil ? nil : "--shard"
    }

    func validate() throws {
        if split != nil, let other = optionNotWithSplit {
            throw ValidationError("--split cannot be combined with \(other): it divides all keys")
        }
        if long && summary {
            throw ValidationError("--summary cannot be combined with --long: it prints no keys")
        }
        guard let delimiter else { return }
        if delimiter.isEmpty { throw ValidationError("--delimiter must not be empty") }
        if newerThan != nil || olderThan != nil {
            let option = newerThan != nil ? "--newer-than" : "--older-than"
            throw ValidationError(
                "\(option) cannot be combined with --delimiter: a common prefix has no time")
        }
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.isIgnored(SIGPIPE)
        SignalPipe.ignorePipeSignal()
        let place: Location
        do { place = try Location(location) } catch { throw ToolFailure(.usage, error.description) }
        let options = try options(place)
        let client = try service.client(for: place, diagnostics, ignoresPipeSignal: ignoresPipeSignal)
        let run = try service.run(in: client, diagnostics, outputLimit: Self.outputLimit)
        if let split {
            let splitter = SplitKeys(
                place, client: client, run: run, startAfter: options.startAfter, endBefore: options.endBefore,
                ranges: split)
            return try run.run(splitter).exitStatus(ignoresPipeSignal: ignoresPipeSignal)
        }
        let lister = ListKeys(place, client: client, options: options, run: run)
        return try run.run(lister).exitStatus(ignoresPipeSignal: ignoresPipeSignal)
    }

    /// The maximum of bytes waiting to be written.
    private static let outputLimit = 1 << 20

    private func options(_ place: Location) throws(ToolFailure) -> ListOptions {
        var options = ListOptions()
        options.style = long ? .long : summary ? .summary : .keys
        if let startAfter { options.startAfter = try place.key(startAfter, option: "--start-after") }
        if let endBefore { options.endBefore = try place.key(endBefore, option: "--end-before") }
        options.delimiter = delimiter.map { [UInt8]($0.utf8) }
        options.filter.includes = include.map { Glob($0) }
        options.filter.excludes = exclude.map { Glob($0) }
        options.filter.newerThan = newerThan
        options.filter.olderThan = olderThan
        if let shard { options.filter.shard = shard }
        return options
    }
}

/// Parses the value of `--split`.
private func splitOption(_ text: String) throws -> Int {
    guard let number = Int(text), 1...KeySplit.maximumRanges ~= number else {
        throw ValidationError("expected a number of ranges from 1 to \(KeySplit.maximumRanges)")
    }
    return number
}
