import ArgumentParser
import ByteIO
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

@main
struct S3PutLines: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "s3-put-lines",
        abstract: "Keyed records in, objects in S3, receipts out.",
        discussion: """
            Consecutive records (KEY TAB DATA) of one key become one object: their DATA, each followed by a \
            newline. Prints each KEY once S3 has confirmed its object. With KEY, standard input is plain lines \
            and all of it is that one object, byte for byte.
            """,
        version: toolkitVersion)

    @Argument(help: ArgumentHelp("Where keys belong: s3://BUCKET[/PREFIX].", valueName: "location"))
    var location: String

    @OptionGroup var s3: S3Options

    func validate() throws {
        do { _ = try Location(location) } catch { throw ValidationError("\(error)") }
    }

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let ignoresPipeSignal = SignalPipe.isIgnored(SIGPIPE)
        SignalPipe.ignorePipeSignal()
        let location = try parsedLocation()
        let client = try s3.client(for: location, diagnostics)
        var options = PutOptions(location: location)
        options.maxConnections = s3.maxConnections
        do {
            let lines = PutLines(
                options, store: S3PutStore(client), signals: try SignalPipe(),
                output: try OutputThread(progressed: client.wakeUp), diagnostics: diagnostics)
            return try lines.run().exitStatus(ignoresPipeSignal: ignoresPipeSignal)
        } catch let error as SystemError {
            throw ToolFailure(error)
        } catch let error as ToolFailure {
            throw error
        } catch {
            throw ToolFailure(.configuration, "\(error)")
        }
    }

    private func parsedLocation() throws(ToolFailure) -> Location {
        do { return try Location(location) } catch { throw ToolFailure(error) }
    }
}
