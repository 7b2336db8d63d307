package import ByteIO

/// A command that filters an object's bytes.
///
///     append -> queue -> pipe -> its stdin     its stdout -> pipe -> blocks -> takeOutput
///                                              its stderr -> pipe -> complain
///
/// Nothing here blocks. Each pipe is served when poll(2) reports it ready, so the command may read and write
/// in any order without a deadlock. It only has to wait while `outputLimit` is reached.
package final class FilterCommand {
    private var process: ChildProcess
    // Nil after they are closed.
    private var input: OpenFile?
    private var output: OpenFile?
    private var errors: OpenFile?
    private let isSearch: Bool
    private let complain: ([UInt8]) -> Void

    private var queue = Queue<ByteSlice>()
    /// Input bytes that the command has not taken.
    package private(set) var queuedBytes = 0
    /// Input bytes that the command has taken or will not take any more.
    package private(set) var takenBytes = 0
    private var inputEnds = false
    /// The maximum of output bytes to keep here; above it the command has to wait.
    package var outputLimit = 0
    private var blocks: [ByteBlock] = []
    /// The bytes of the first block that were given out.
    private var givenOut = 0
    private var hasWritten = false
    private var complaints = FilterComplaints()
    /// The result, once the command has ended and all its output is here.
    package private(set) var outcome: FilterOutcome?
    /// The monotonic time in milliseconds of the next check whether the command has ended, if its output has
    /// ended before it.
    private var nextLook: Int?
    private var lookMilliseconds = 1

    /// The sizes of output blocks. The first one is small, because a search usually finds little in an
    /// object.
    private static let blockSize = 128 << 10
    private static let firstBlockSize = 4 << 10
    /// The maximum of bytes moved per pipe and turn, so that other commands get their turn.
    private static let turnSize = 512 << 10
    /// As many as a pipe holds: 64 KiB. Source: pipe(7).
    private static let errorBlocksInTurn = 16
    private static let longestLook = 50

    /// Starts `sh -c command`.
    ///
    /// - Parameters:
    ///   - variables: `NAME=VALUE` entries for its environment.
    ///   - complain: called with each line of its standard error.
    init(
        _ command: String, variables: [[UInt8]], isSearch: Bool, _ settings: CommandSettings,
        complain: @escaping ([UInt8]) -> Void
    ) throws(SystemError) {
        let input = try CommandPipe(isToCommand: true)
        let output = try CommandPipe(isToCommand: false)
        let errors = try CommandPipe(isToCommand: false)
        // Source: POSIX, system(): the shell and its arguments.
        process = try ChildProcess(
            "/bin/sh", ["sh", "-c", "--", command], variables: variables,
            .init(input: input.commandEnd, output: output.commandEnd, errors: errors.commandEnd),
            hasGroup: true,
            settings)
        self.input = input.ownEnd()
        self.output = output.ownEnd()
        self.errors = errors.ownEnd()
        self.isSearch = isSearch
        self.complain = complain
    }

    /// The memory that holds its output, in bytes.
    package var heldBytes: Int { blocks.reduce(0) { $0 + $1.capacity } }

    /// Whether the command may read more input.
    package var wantsInput: Bool { input != nil && !inputEnds }
    /// Whether the command stopped reading before the end of its input, as `head` does.
    package private(set) var isSated = false

    /// Queues bytes for its standard input.
    package func append(_ slice: ByteSlice) {
        guard input != nil else { return takenBytes += slice.count }
        queue.append(slice)
        queuedBytes += slice.count
        // Writes at once if the queue was empty, which saves a turn.
        if queuedBytes == slice.count { write() }
    }

    /// Marks the end of the input.
    package func endInput() {
        inputEnds = true
        if queue.isEmpty { input = nil }
    }

    /// Takes the output since the last call.
    package func takeOutput() -> [ByteSlice] {
        var slices: [ByteSlice] = []
        for block in blocks {
            if block.count > givenOut { slices.append(ByteSlice(block, givenOut..<block.count)) }
            givenOut = 0
        }
        blocks = blocks.last.map { $0.room > 0 && outcome == nil ? [$0] : [] } ?? []
        givenOut = blocks.first?.count ?? 0
        return slices
    }

    private var keptBytes: Int { blocks.reduce(-givenOut) { $0 + $1.count } }

    // MARK: for RunCommands

    /// The descriptors to wait for.
    var waits: [DescriptorWait] {
        var waits: [DescriptorWait] = []
        if let descriptor = input?.descriptor, !queue.isEmpty { waits.append(.write(descriptor)) }
        if let descriptor = output?.descriptor, keptBytes < outputLimit { waits.append(.read(descriptor)) }
        if let descriptor = errors?.descriptor { waits.append(.read(descriptor)) }
        return waits
    }

    /// The time until the next check, in milliseconds; nil while its pipes are open.
    func untilLook(now: Int) -> Int? { nextLook.map { max(0, $0 - now) } }

    /// Serves a descriptor that is ready.
    func isReady(_ wait: DescriptorWait) {
        switch wait.descriptor {
        case input?.descriptor: write()
        case output?.descriptor: read()
        case errors?.descriptor: readErrors()
        default: break
        }
    }

    private func write() {
        var written = 0
        while let slice = queue.first, written < Self.turnSize {
            let progress = input?.writeSome(slice.bytes) ?? .closed
            if progress == .closed { dropInput() }
            guard case .moved(let count) = progress else { return }
            written += count
            queuedBytes -= count
            takenBytes += count
            if count == slice.count { _ = queue.popFirst() } else { queue[0] = slice.dropFirst(count) }
        }
        if inputEnds && queue.isEmpty { input = nil }
    }

    /// Drops the queue: the command has closed its standard input.
    private func dropInput() {
        takenBytes += queuedBytes
        queuedBytes = 0
        queue.removeAll()
        if input != nil { isSated = true }
        input = nil
    }

    private func read() {
        var left = min(Self.turnSize, outputLimit - keptBytes)
        while left > 0 {
            let block = openBlock()
            let room = min(block.room, left)
            switch output?.readSome(into: block, room: room) ?? .wouldBlock {
            case .moved(let count):
                hasWritten = true
                left -= count
                if count < room { return }
            case .wouldBlock: return
            case .closed:
                output = nil
                return look()
            }
        }
    }

    private func openBlock() -> ByteBlock {
        if let last = blocks.last, last.room > 0 { return last }
        let size = hasWritten ? Self.blockSize : Self.firstBlockSize
        let block = ByteBlock(capacity: size)
        blocks.append(block)
        return block
    }

    private func readErrors() {
        let block = ByteBlock(capacity: Self.firstBlockSize)
        for _ in 0..<Self.errorBlocksInTurn {
            block.removeAll()
            switch errors?.readSome(into: block, room: Self.firstBlockSize) ?? .wouldBlock {
            case .moved: for line in complaints.take(block.bytes) { complain(line) }
            case .wouldBlock: return
            case .closed: return errors = nil
            }
        }
    }

    /// Checks whether the command has ended, after its output has.
    func look() {
        guard output == nil, outcome == nil else { return }
        guard let end = process.end() else {
            nextLook = MonotonicClock.milliseconds + lookMilliseconds
            lookMilliseconds = min(Self.longestLook, 2 * lookMilliseconds)
            return
        }
        nextLook = nil
        // A process that the command started may still hold standard error open. All that the command wrote
        // itself is in the pipe.
        readErrors()
        if let line = complaints.end() { complain(line) }
        errors = nil
        dropInput()
        outcome = FilterOutcome(
            end, hasWritten: hasWritten, hasComplained: !complaints.isEmpty, isSearch: isSearch)
    }

    /// Fails a command that waits for the terminal: it would wait forever.
    func lookForStop() {
        guard outcome == nil, process.wantsTerminal() else { return }
        process.send(SIGKILL)
        closeAll()
        dropInput()
        outcome = .failure("the command was stopped because it read from the terminal")
    }

    /// Cancels the command. Its input stays open: incomplete input must not look complete.
    func terminate() {
        process.send(SIGTERM)
        closeAll()
    }

    /// Kills what SIGTERM did not end, and waits for it.
    func kill() { process.killAndWait() }

    /// Whether the command and all processes that it started have ended after `terminate`.
    func isGone() -> Bool { process.isGone() }

    private func closeAll() {
        queue.removeAll()
        queuedBytes = 0
        output = nil
        errors = nil
        blocks.removeAll()
        givenOut = 0
        nextLook = nil
    }
}
