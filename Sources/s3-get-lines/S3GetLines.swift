import ArgumentParser
import ByteIO
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

extension Shard: ExpressibleByArgument {
    /// Reads `I/N`.
    public init?(argument: String) { self.init(argument) }
}

@main
struct S3GetLines: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "s3-get-lines",
        abstract: "Objects' lines on standard output.",
        discussion: """
            Fetches the objects of the KEYs, or of the keys on standard input (a line's first field up to a \
            TAB), many at once, and writes their lines in the order of the keys. The last line of each object \
            gets a newline if it has none.
            """,
        version: toolkitVersion)

    @Argument(help: ArgumentHelp("Where the objects are: s3://BUCKET[/PREFIX].", valueName: "location"))
    var location: String

    @Argument(
        help: ArgumentHelp("Keys, relative to the location. (default: standard input)", valueName: "key"))
    var keys: [String] = []

    @Flag(help: "Take every key under the location, in listing order.")
    var all = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --all, only the keys behind this one.", valueName: "key"))
    var startAfter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Take only each N-th key, by its CRC-32; I is from 1 to N.", valueName: "i/n"))
    var shard = Shard()

    @Flag(help: "Write whole lines as they arrive, in any order of the objects.")
    var unordered = false

    @Flag(help: "Write KEY and a TAB before each line.")
    var withKey = false

    @Flag(help: "Add no newline to an object that ends without one.")
    var exact = false

    @Flag(help: "Write gzip objects as they are, compressed.")
    var raw = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Fetch objects from this size on in parallel ranges.", valueName: "size"))
    var multipartThreshold = ByteSize(bytes: 8 << 20)

    @Option(parsing: .unconditional, help: ArgumentHelp("The size of the ranges.", valueName: "size"))
    var multipartChunksize: ByteSize?

    @Option(parsing: .unconditional, help: ArgumentHelp("Most bytes in flight.", valueName: "size"))
    var memory = ByteSize(bytes: 128 << 20)

    @OptionGroup(title: "Options of every S3 tool")
    var service: S3Options

    func validate() throws {
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.isIgnored(SIGPIPE)
        SignalPipe.ignorePipeSignal()
        let place: Location
        do { place = try Location(location) } catch { throw ToolFailure(.usage, error.description) }
        let client = try service.client(for: place, diagnostics)
        let options = GetOptions()
        do {
            let run = try GetLines(
                try origin(), in: place, client: client, options: options, diagnostics: diagnostics)
            return try run.run().exitStatus(ignoresPipeSignal: ignoresPipeSignal)
        } catch let error as SystemError {
            throw ToolFailure(error)
        } catch let error as ToolFailure {
            throw error
        } catch {
            throw ToolFailure(.inputOutput, "\(error)")
        }
    }

    private func origin() throws(ToolFailure) -> KeyOrigin {
        if all { return .listing(startAfter: nil) }
        return keys.isEmpty ? .input : .operands(keys.map { [UInt8]($0.utf8) })
    }
}
