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

    static let foreignOptions: [String: String] = {
        let all = "; --all fetches every object under the location"
        let list = "; s3-list-keys has this option, and prints the keys to fetch"
        let output = "; lines go to standard output: > FILE"
        let raw = "; objects are decompressed unless --raw is given"
        return optionsOfOtherClients.merging([
            "--recursive": all, "-r": all, "--include": list, "--exclude": list, "--newer-than": list,
            "--older-than": list, "-o": output, "-O": output, "--output": output, "--decompress": raw,
            "--gunzip": raw, "-z": raw, "--key": "; KEYs are the operands after LOCATION",
        ]) { $1 }
    }()

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
    private var place = Checked<Location>()

    @Argument(
        help: ArgumentHelp("Keys, relative to the location. (default: standard input)", valueName: "key"))
    var keys: [String] = []

    @OptionGroup(title: "Keys") var choice: KeyChoiceOptions
    @OptionGroup(title: "Lines") var format: LineOptions
    @OptionGroup(title: "Transfers") var transfers: FetchOptions
    @OptionGroup(title: HelpText.sharedTitle) var service: S3Options

    mutating func validate() throws {
        place.value = try Location.operand(location, others: keys)
        if choice.all && !keys.isEmpty {
            throw ValidationError("--all cannot be combined with KEY: it fetches every object")
        }
        if keys.contains("-") {
            throw ValidationError(
                "KEY '-': omit it to read keys from standard input; lines always go to standard output")
        }
    }

    /// With KEY operands or --all, standard input is not read.
    var inputs: [ToolFile] { choice.all || !keys.isEmpty ? [] : [.standardInput] }

    var outputs: [ToolFile] {
        [.standardOutput] + ToolFile.option("--done", choice.done)
            + ToolFile.option("--cursor", choice.cursor)
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.ignorePipeSignal()
        let place = place.value
        let cursorFile = choice.cursorFile(place)
        let origin = try origin(place, cursorFile)
        let client = try service.client(
            for: place, diagnostics, ignoresPipeSignal: ignoresPipeSignal, runsCommands: format.filter != nil)
        var options = options(client)
        options.cursorFile = cursorFile
        let run = try service.run(
            in: client, diagnostics, outputLimit: min(Run.outputLimit, options.memory / 8))
        let lines: GetLines
        do {
            lines = try GetLines(origin, in: place, store: client, options: options, run: run)
        } catch { throw ToolFailure(error) }
        return try run.run(lines).exitStatus(ignoresPipeSignal: ignoresPipeSignal)
    }

    private func origin(
        _ place: Location, _ cursorFile: CursorFile?
    ) throws(ToolFailure) -> KeyOrigin {
        if choice.all { return .listing(try choice.range(place, cursorFile)) }
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
        options.keepsOrder = !format.unordered
        options.writesKeys = format.withKey
        options.isExact = format.exact || format.bytes
        options.isRaw = format.raw || format.bytes || format.filter != nil
        options.filter = format.filter.map {
            FilterOptions(command: $0, settings: client.commands, bucket: client.bucket)
        }
        options.multipartThreshold = transfers.multipartThreshold.bytes
        options.memory = transfers.memory.bytes
        options.chunkSize = transfers.chunkSize(options.chunkSize)
        options.verifiesChecksums = client.verifiesChecksums
        options.readsURLKeys = choice.urlKeys
        options.donePath = choice.done
        if let shard = choice.sharing.shard { options.shard = shard }
        return options
    }
}
