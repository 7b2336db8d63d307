import ByteIO

/// A file that a tool reads or writes, with its name in messages.
package struct ToolFile: Sendable {
    /// `standard input`, `--reject FILE`, a path.
    package let name: String
    private let place: Place

    private enum Place {
        case descriptor(CInt)
        case path(String)
    }

    private init(_ name: String, _ place: Place) {
        self.name = name
        self.place = place
    }

    package static let standardInput = ToolFile("standard input", .descriptor(STDIN_FILENO))
    package static let standardOutput = ToolFile("standard output", .descriptor(STDOUT_FILENO))

    /// A FILE operand; `-` is standard input.
    package static func operand(_ path: String) -> ToolFile {
        path == "-" ? .standardInput : ToolFile(path, .path(path))
    }

    /// The file named by an option, if the option was given.
    package static func option(_ option: String, _ path: String?) -> [ToolFile] {
        path.map { [ToolFile("\(option) \($0)", .path($0))] } ?? []
    }

    private var identity: FileIdentity? {
        switch place {
        case .descriptor(let descriptor): FileIdentity(descriptor: descriptor)
        case .path(let path): FileIdentity(path: path)
        }
    }

    /// Refuses output without a name, and output that is appended to an input: it would be read again until the disk
    /// is full.
    package static func check(
        inputs: [ToolFile], outputs: [ToolFile]
    ) throws(ToolFailure) {
        for output in outputs {
            if case .path("") = output.place {
                throw ToolFailure(
                    .usage, "\(output.name.dropLast()): expected the name of a file, found ''")
            }
            guard let identity = output.identity else { continue }
            for input in inputs where input.identity == identity {
                throw ToolFailure(
                    .usage,
                    "\(output.name) and \(input.name) are the same file: the tool would read its own output")
            }
        }
    }
}
