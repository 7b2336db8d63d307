/// A running command: its standard output is read here, its standard error is this process's, and its
/// standard input is empty.
package struct Command: ~Copyable {
    /// The size limit of its output, in bytes.
    private static let maximumSize = 1 << 20
    /// The number of bytes read at once.
    private static let blockSize = 1 << 14

    private let pipe: OpenFile
    private var process: ChildProcess
    private let output = ByteBlock()
    private var isAtEnd = false

    /// Starts `words` without a shell.
    ///
    /// - Throws: ENOENT if the command does not exist.
    package init(_ words: [String], _ settings: CommandSettings) throws(SystemError) {
        let pipe = try CommandPipe(isToCommand: false)
        process = try ChildProcess(words.first ?? "", words, .init(output: pipe.commandEnd), settings)
        self.pipe = pipe.ownEnd()
    }

    /// Readable when there is output or its end.
    package var descriptor: CInt { pipe.descriptor }

    /// Reads available output, and checks whether the command has ended.
    ///
    /// - Returns: its output and status (128 plus the signal if a signal killed it), once it has ended;
    ///   otherwise nil.
    package mutating func ended() -> (output: [UInt8], status: Int)? {
        while !isAtEnd {
            switch pipe.readSome(into: output, room: Self.blockSize) {
            case .moved: isAtEnd = output.count > Self.maximumSize
            case .wouldBlock: return nil
            case .closed: isAtEnd = true
            }
        }
        if output.count > Self.maximumSize { process.send(SIGKILL) }
        let text = output.bytes.array
        switch process.end() {
        case .exited(let status): return (text, status)
        case .killed(let signal): return (text, 128 + Int(signal))
        case nil: return nil
        }
    }

    /// Whether its output is complete but it has not exited yet.
    package var isClosing: Bool { isAtEnd }
}
