package import ArgumentParser
package import ByteIO

/// One executable of the toolkit: options, and one call that does the work.
package protocol ToolCommand: ParsableCommand {
    /// Example commands at the end of `--help`.
    static var examples: [String] { get }

    /// Hints for options of other programs that people try here, by option name; a message ends with the hint, `; ...`.
    static var foreignOptions: [String: String] { get }

    /// A hint for the message about too many operands: `; ...`.
    static var operandsHint: String { get }

    /// Does all of the tool's work.
    ///
    /// - Returns: the exit status: success, or a failure that was reported already.
    /// - Throws: the reason why the run ends; the caller reports it.
    func work(_ diagnostics: Diagnostics) throws(ToolFailure) -> ExitStatus

    /// The files that it reads as data; by default, standard input.
    var inputs: [ToolFile] { get }

    /// The files that it writes data to; by default, standard output.
    var outputs: [ToolFile] { get }
}

extension ToolCommand {
    package var inputs: [ToolFile] { [.standardInput] }
    package var outputs: [ToolFile] { [.standardOutput] }

    package static var foreignOptions: [String: String] { [:] }
    package static var operandsHint: String { "" }

    /// The tool's name, in messages and in the shell.
    package static var toolName: String { configuration.commandName ?? _commandName }

    /// Parses the arguments, does the work and ends the process with its status.
    package static func main() {
        openMissingStandardDescriptors()
        SignalPipe.ignoreFileSizeSignal()
        let diagnostics = Diagnostics(tool: toolName)
        do {
            let words = try commandLineWords()
            guard let command = try parse(words: words) as? Self else {
                throw CleanExit.helpRequest(self)
            }
            try ToolFile.check(inputs: command.inputs, outputs: command.outputs)
            try command.work(diagnostics).endProcess()
        } catch let failure as ToolFailure {
            diagnostics.report(failure.message)
            failure.status.endProcess()
        } catch {
            endBeforeWork(error)
        }
    }

    /// An unknown option is reported before anything else: it may be the reason.
    private static func parse(words: [String]) throws -> any ParsableCommand {
        do {
            let command = try parseAsRoot(words)
            // Otherwise help or the version is requested.
            if command is Self { return command }
            let names = OptionNames(help: helpMessage())
            guard let word = names.firstUnknownCluster(in: words) else { return command }
            throw ValidationError(names.explanation(of: word, foreign: foreignOptions))
        } catch {
            if let apart = separated(words, message(for: error)) { return try parse(words: apart) }
            guard exitCode(for: error) != .success else { throw error }
            let names = OptionNames(help: helpMessage())
            guard let word = names.firstUnknown(in: words) else { throw error }
            throw ValidationError(names.explanation(of: word, foreign: foreignOptions))
        }
    }

    /// Splits `--OPTION=VALUE` if VALUE begins with a combining mark. The parser does not recognize it: the mark
    /// combines with the `=` that the parser searches for.
    ///
    /// - Returns: nil if the words were refused for another reason.
    private static func separated(_ words: [String], _ refusal: String) -> [String]? {
        for (index, word) in words.enumerated() {
            let bytes = [UInt8](word.utf8)
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")), !word.contains("="),
                refusal.utf8.starts(with: "Unknown option '\(word)'".utf8)
            else { continue }
            let option = String(decoding: bytes[..<equals], as: UTF8.self)
            // A flag accepts no value; a word after it would be an operand.
            do { _ = try parseAsRoot([option]) } catch {
                guard message(for: error).hasPrefix("Missing value for '\(option) ") else { return nil }
                let value = String(decoding: bytes[(equals + 1)...], as: UTF8.self)
                return words[..<index] + [option, value] + words[(index + 1)...]
            }
            return nil
        }
        return nil
    }

    private static func isHelp(_ text: String) -> Bool { text.hasPrefix("OVERVIEW:") }

    /// Writes `--help` and `--version` to standard output as data. All other errors are usage errors,
    /// reworded in the toolkit's form and followed by the synopsis.
    private static func endBeforeWork(_ error: any Error) -> Never {
        guard exitCode(for: error) != .success else {
            do {
                let text = fullMessage(for: error)
                let shown = isHelp(text) ? HelpText.arranged(text, examples: examples) : text
                try writeAll(shown + "\n", to: STDOUT_FILENO, name: "standard output")
            } catch {
                Diagnostics(tool: toolName).report(error.description)
                ExitStatus.inputOutput.endProcess()
            }
            ExitStatus.success.endProcess()
        }
        let names = OptionNames(help: helpMessage())
        let hint = (try? commandLineWords()).flatMap { names.swallowedLocation(in: $0) }
        let text = ParserMessage.reworded(
            message(for: error), swallowed: hint, operandsHint: operandsHint)
        Diagnostics(tool: toolName).report(text)
        let usage = "Usage: " + usageString() + "\nSee '\(toolName) --help'.\n"
        try? writeAll(usage, to: STDERR_FILENO, name: "standard error")
        ExitStatus.usage.endProcess()
    }
}
