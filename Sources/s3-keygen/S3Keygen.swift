import ArgumentParser
import ByteIO
import CommandSupport
import KeyTemplate

@main
struct S3Keygen: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "s3-keygen",
        abstract: "Give each line a key: LINE becomes KEY TAB LINE.",
        version: toolkitVersion)

    @Argument(help: "Literal text and {FIELDS}.")
    var template: String

    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus {
        let text = [UInt8](template.utf8)
        let parsed: Template
        do {
            parsed = try Template(parsing: text)
        } catch {
            diagnostics.report("template: \(error.reason)")
            try? writeAll(error.marked(in: text) + "\n", to: STDERR_FILENO, name: "standard error")
            return .usage
        }
        do {
            var lines = KeyedLines(KeyRenderer(parsed), output: BlockWriter())
            var input = LineReader()
            try lines.run(&input)
        } catch {
            throw ToolFailure(error)
        }
        return .success
    }
}
