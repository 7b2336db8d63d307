/// A command that runs: its standard output is read here, its standard error is this process's, its standard
/// input is empty.
package struct Command: ~Copyable {
    /// More of its output is not read.
    private static let maximumSize = 1 << 20

    private let pipe: OpenFile
    private var process: ChildProcess
    private var output: [UInt8] = []
    private var isAtEnd = false

    /// Starts `words` without a shell.
    ///
    /// - Throws: ENOENT if there is no such command.
    package init(_ words: [String], _ settings: CommandSettings) throws(SystemError) {
        let pipe = try CommandPipe(isToCommand: false)
        process = try ChildProcess(words.first ?? "", words, .init(output: pipe.commandEnd), settings)
        self.pipe = pipe.ownEnd()
    }

    /// Can be read when there is output, or its end.
    package var descriptor: CInt { pipe.descriptor }

    /// Takes what it has printed, and its end.
    ///
    /// - Returns: its output and status (128 and the signal that ended it), once it has ended.
    package mutating func ended() -> (output: [UInt8], status: Int)? {
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while !isAtEnd {
            let count = unsafe read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 || output.count + count > Self.maximumSize { isAtEnd = true }
            output += block[..<count]
        }
        if output.count > Self.maximumSize { process.send(SIGKILL) }
        switch process.end() {
        case .exited(let status): return (output, status)
        case .killed(let signal): return (output, 128 + Int(signal))
        case nil: return nil
        }
    }

    /// Whether all its output is there, and only its end is not.
    package var isClosing: Bool { isAtEnd }
}
