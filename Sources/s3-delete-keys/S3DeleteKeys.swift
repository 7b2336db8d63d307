import ArgumentParser
import ByteIO
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

@main
struct S3DeleteKeys: ToolCommand {
    static let examples = [
        "s3-list-keys --older-than 30d s3://b | s3-delete-keys s3://b",
        "s3-delete-keys --dry-run s3://b < keys",
    ]

    static let foreignOptions: [String: String] = {
        let list = "; s3-list-keys prints the keys to delete"
        let choice = "; s3-list-keys has this option, and prints the keys to delete"
        let asks = "; the tool never asks for confirmation"
        return optionsOfOtherClients.merging([
            "--all": list, "--recursive": list, "-r": list, "-rf": list, "--include": choice,
            "--exclude": choice, "--older-than": choice, "--newer-than": choice, "-f": asks,
            "--force": asks, "--yes": asks,
        ]) { $1 }
    }()

    static let operandsHint = "; keys come from standard input, one on each line"

    static let configuration = CommandConfiguration(
        commandName: "s3-delete-keys",
        abstract: "Deletes the objects of keys.",
        discussion: """
            Reads keys from standard input (the field of each line up to a TAB), deletes their objects, up to \
            1000 with one request, and prints each key once S3 has confirmed it, in the order of the input.
            """,
        version: versionText(of: "s3-delete-keys", libraries: s3Libraries))

    @Argument(help: locationHelp("Where the objects are"))
    var location: String
    private var place = Checked<Location>()

    @Flag(
        name: [.long, .customShort("n")],
        help: "Print the keys whose objects would be deleted, and send nothing.")
    var dryRun = false

    @Flag(help: "Read KEY, TAB and ETAG, and delete an object only if it still has that ETag.")
    var ifMatch = false

    @Flag(help: "Read keys that are percent-encoded, as in inventories and event notifications.")
    var urlKeys = false

    @OptionGroup(title: HelpText.sharedTitle)
    var service: S3Options

    mutating func validate() throws { place.value = try Location.operand(location) }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.ignorePipeSignal()
        if isatty(STDIN_FILENO) == 1 {
            throw ToolFailure(
                .usage,
                "standard input is a terminal; expected keys, one on each line, as from: "
                    + "s3-list-keys \(location) | s3-delete-keys \(location)")
        }
        let service = dryRun ? service.sendingNothing : service
        let client = try service.client(for: place.value, diagnostics, ignoresPipeSignal: ignoresPipeSignal)
        var options = DeleteOptions()
        options.comparesETags = ifMatch
        options.readsURLKeys = urlKeys
        options.isDry = dryRun
        options.namesAll = service.verbose
        let run = try service.run(in: client, diagnostics)
        let keys = DeleteKeys(place.value, client: client, options: options, run: run)
        return try run.run(keys).exitStatus(ignoresPipeSignal: ignoresPipeSignal)
    }
}
