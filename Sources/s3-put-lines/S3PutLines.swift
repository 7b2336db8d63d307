import ArgumentParser
import ByteIO
import Codec
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

@main
struct S3PutLines: ToolCommand {
    static let examples = [
        "pg_dump db | s3-put-lines s3://b/dumps/ db.sql",
        "s3-keygen '{seq:9}' < lines | s3-put-lines s3://b/lines/ > receipts",
        "tail -F log | s3-keygen '{uuid}' | s3-put-lines --each s3://b",
    ]

    static let foreignOptions = optionsOfOtherClients.merging([
        "--recursive": "; to store files, use aws s3 cp --recursive",
        "-r": "; to store files, use aws s3 cp --recursive",
        "-f": "; data comes from standard input: < FILE",
        "--file": "; data comes from standard input: < FILE",
        "--key": "; KEY is the operand after LOCATION",
        "--compress": "; did you mean '--gzip' or '--zstd'?",
        "--compression": "; did you mean '--gzip' or '--zstd'?",
        "--if-none-match": "; did you mean '--no-clobber'?",
        "--no-overwrite": "; did you mean '--no-clobber'?",
        "--expected-size": "; parts grow with the object, so no size is needed",
        "--roll-lines": "; s3-keygen has this option, and gives the lines of an object one key",
        "--roll-bytes": "; s3-keygen has this option, and gives the lines of an object one key",
        "--roll-after": "; s3-keygen has this option, and gives the lines of an object one key",
    ]) { $1 }

    static let operandsHint = "; data comes from standard input: s3-put-lines LOCATION KEY < FILE"

    static let configuration = CommandConfiguration(
        commandName: "s3-put-lines",
        abstract: "Stores keyed records as objects in S3.",
        discussion: """
            Consecutive records (KEY TAB DATA) that have the same key become one object: their DATA, each \
            followed by a newline. Prints each KEY once S3 has confirmed its object. If the operand KEY is given, \
            standard input is plain lines, and all of it becomes that one object, byte for byte.
            """,
        version: versionText(of: "s3-put-lines", libraries: s3Libraries))

    @Argument(help: locationHelp("Where objects are stored"))
    var location: String
    private var place = Checked<Location>()

    @Argument(help: ArgumentHelp("Key of the one object that contains all of the input.", valueName: "key"))
    var key: String?

    @OptionGroup(title: "Records and objects") var grouping: GroupingOptions
    @OptionGroup(title: "Receipts and failures") var failing: FailureOptions
    @OptionGroup(title: "What is stored") var headers: ObjectOptions
    @OptionGroup(title: HelpText.sharedTitle) var s3: S3Options

    mutating func validate() throws {
        place.value = try Location.operand(location, others: key.map { [$0] } ?? [])
        if let needed = headers.compression?.memory, grouping.memory.bytes < needed {
            throw ValidationError(
                "--memory must be at least \(ByteSize(bytes: needed)) for this compression level")
        }
        if let key {
            if grouping.each || grouping.maxOpen != nil {
                throw ValidationError(
                    "--each and --max-open are for keyed records and cannot be combined with KEY")
            }
            if key == "-" {
                throw ValidationError(
                    "KEY '-': the tool always reads standard input; omit '-' for keyed records, or give the key of the "
                        + "one object to store")
            }
            if key.hasPrefix("s3://") {
                throw ValidationError(
                    "KEY '\(key)': expected a key, which is relative to the location \(location), found a location; "
                        + "to copy objects: s3-get-lines --all --with-key --raw FROM | s3-put-lines TO")
            }
            if failing.reject != nil {
                throw ValidationError("--reject is for keyed records and cannot be combined with KEY")
            }
        }
    }

    var outputs: [ToolFile] {
        (failing.quiet ? [] : [.standardOutput]) + ToolFile.option("--reject", failing.reject)
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.ignorePipeSignal()
        let options = try options()
        if isatty(STDIN_FILENO) == 1 {
            diagnostics.report(
                key == nil
                    ? "reading records from the terminal, KEY TAB DATA on each line; Ctrl-D ends the input"
                    : "reading the object's lines from the terminal; Ctrl-D ends the input; '< FILE' stores a file"
            )
        }
        let end: RunEnd
        if failing.dryRun {
            var commands = CommandSettings()
            commands.ignoresPipeSignal = ignoresPipeSignal
            if headers.filter != nil { commands.descriptors = inheritableDescriptors() }
            let store = try dryStore(&commands.limits)
            end = try put(options, store, waitingIn: store, commands, diagnostics)
        } else {
            let client = try s3.client(
                for: place.value, checksum: headers.checksum, diagnostics,
                ignoresPipeSignal: ignoresPipeSignal,
                runsCommands: headers.filter != nil)
            let uploads = Uploads(client, headers: headers.fields.value.headers, existing: failing.existing)
            end = try put(options, uploads, waitingIn: client, client.commands, diagnostics)
        }
        return try end.exitStatus(ignoresPipeSignal: ignoresPipeSignal)
    }

    private func dryStore(_ limits: inout FoundLimits) throws(ToolFailure) -> DryPutStore {
        let location = place.value
        let configuration = try s3.sendingNothing.configuration(
            for: location, checksum: headers.checksum, &limits)
        let address = configuration.bucketAddress(location.bucket)
        do {
            return try DryPutStore(
                DryRunNaming("stored", bucket: location.bucket, namesAll: s3.verbose),
                partRules: HostTraits.of(address.authority).parts, connections: configuration.connections)
        } catch { throw ToolFailure(error) }
    }

    private func put<Store: PutStore>(
        _ options: PutOptions, _ store: Store, waitingIn service: any RunService,
        _ commands: CommandSettings, _ diagnostics: Diagnostics
    ) throws(ToolFailure) -> RunEnd {
        var options = options
        options.filter = headers.filter.map {
            FilterOptions(command: $0, settings: commands, bucket: options.location.bucket)
        }
        let run = try s3.run(in: service, diagnostics, writesOutput: !failing.quiet)
        do { return run.run(try PutLines(options, store: store, run: run)) } catch {
            throw ToolFailure(error)
        }
    }

    private func options() throws(ToolFailure) -> PutOptions {
        var options = PutOptions(location: place.value)
        if let key { options.key = try unescapedKey(key, name: "KEY") }
        options.each = grouping.each
        options.maxOpen = grouping.maxOpen ?? 1
        if let size = grouping.minPartSize { options.minPartSize = size.bytes }
        options.partSize = grouping.partSize?.bytes
        options.memory = grouping.memory.bytes
        options.compression = headers.compression
        options.commitLine = failing.commitOn.map { [UInt8]($0.utf8) }
        options.rejectPath = failing.reject
        options.temporaryDirectory = Environment.process.value("TMPDIR") ?? options.temporaryDirectory
        // With --reject the parts are in a file, unless a command transformed them.
        options.keepsParts =
            failing.existing != .overwrite && (failing.reject == nil || headers.filter != nil)
        options.long = failing.long
        return options
    }
}
