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

    static let foreignOptions: [String: String] = {
        let folders = "; keys in folders are listed, too, unless --delimiter / is given"
        let long = "; did you mean '--long'?"
        let some = "; to print some keys: s3-list-keys LOCATION | head -n N"
        let columns = "; --long prints columns that are separated by TABs"
        let versions = "; only the current version of an object is listed"
        return optionsOfOtherClients.merging([
            "--recursive": folders, "-r": folders, "-R": folders, "-l": long, "-lh": long,
            "--human-readable": "; sizes are in bytes, which numfmt(1) converts",
            "--summarize": "; did you mean '--summary'?", "--max-keys": some, "--max-items": some,
            "--limit": some, "--output": columns, "--json": columns, "--versions": versions,
            "--all-versions": versions, "--glob": "; did you mean '--include'?",
            "--regex": "; to choose keys by a regular expression: s3-list-keys LOCATION | grep -E REGEX",
        ]) { $1 }
    }()

    static let operandsHint = "; a prefix is part of the location: s3://BUCKET/PREFIX"

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
    private var place = Checked<Location>()

    @OptionGroup(title: "Keys") var choice: KeyFilterOptions
    @OptionGroup(title: "Output") var output: ListOutputOptions
    @OptionGroup(title: HelpText.sharedTitle) var service: S3Options

    var inputs: [ToolFile] { [] }

    mutating func validate() throws {
        place.value = try Location.operand(location)
        if output.split != nil, let other = output.firstNotWithSplit ?? choice.firstNotWithSplit {
            throw ValidationError("--split cannot be combined with \(other): it divides all keys")
        }
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.ignorePipeSignal()
        let place = place.value
        let options = try options(place)
        let client = try service.client(for: place, diagnostics, ignoresPipeSignal: ignoresPipeSignal)
        let run = try service.run(in: client, diagnostics, outputLimit: Self.outputLimit)
        if let split = output.split {
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
        options.style = output.style
        (options.startAfter, options.endBefore) = try choice.keyRange.keys(in: place)
        options.delimiter = choice.delimiter.map { [UInt8]($0.utf8) }
        options.filter = choice.filter
        return options
    }
}
