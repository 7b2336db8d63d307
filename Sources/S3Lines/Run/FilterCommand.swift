package import ByteIO

/// A command that an object's bytes pass through.
///
///     append -> queue -> pipe -> its stdin     its stdout -> pipe -> blocks -> takeOutput
///                                              its stderr -> pipe -> complain
///
/// Nothing here waits. Each pipe is served when poll says so: whatever the order in which the command reads and
/// writes, it is never this end that keeps it from going on, unless `outputLimit` says that there is no room.
package final class FilterCommand {
    private var process: ChildProcess
    // Nil once they are closed.
    private var input: OpenFile?
    private var output: OpenFile?
    private var errors: OpenFile?
    private let isSearch: Bool
    private let complain: ([UInt8]) -> Void

    private var queue = Queue<ByteSlice>()
    /// Bytes that it was given and has not taken.
    package private(set) var queuedBytes = 0
    /// Bytes that it was given and has taken, or will not take any more.
    package private(set) var takenBytes = 0
    private var inputEnds = false
    /// How many bytes of its output may be kept here; when there are more it has to wait.
    package var outputLimit = 0
    private var blocks: [ByteBlock] = []
    /// How many bytes of the first block were given out.
    private var givenOut = 0
    private var hasWritten = false
    private var complaints = FilterComplaints()
    /// How it ended, once all its output is here.
    package private(set) var outcome: FilterOutcome?
    /// When it is looked at again, by the monotonic clock in milliseconds, once its output has ended and it has not.
    private var nextLook: Int?
    private var lookMilliseconds = 1

    /// Blocks that its output fills; the first one is small, as most of what is found in an object is.
    private static let blockSize = 128 << 10
    private static let firstBlockSize = 4 << 10
    /// As many bytes of a pipe are moved in a turn, so that others have theirs.
    private static let turnSize = 512 << 10
    /// As many as a pipe holds: 64 KiB. Source: pipe(7).
    private static let errorBlocksInTurn = 16
    private static let longestLook = 50

    /// Starts `sh -c command`.
    ///
    /// - Parameters:
    ///   - variables: `NAME=VALUE`, for its environment.
    ///   - complain: takes a line of its standard error.
    init(
        _ command: String, variables: [[UInt8]], isSearch: Bool, _ settings: CommandSettings,
        complain: @escaping ([UInt8]) -> Void
    ) throws(SystemError) {
        let input = try CommandPipe(isToCommand: true)
        let output = try CommandPipe(isToCommand: false)
        let errors = try CommandPipe(isToCommand: false)
        // Source: POSIX, system(): the shell, and its operands.
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

    /// False once it reads no more, or was told the end.
    package var wantsInput: Bool { input != nil && !inputEnds }
    /// True once it reads no more although there may be more, as `head` does.
    package private(set) var isSated = false

    /// Takes bytes for its standard input.
    package func append(_ slice: ByteSlice) {
        guard input != nil else { return takenBytes += slice.count }
        queue.append(slice)
        queuedBytes += slice.count
        // What is written at once needs no turn of its own.
        if queuedBytes == slice.count { write() }
    }

    /// There are no more bytes.
    package func endInput() {
        inputEnds = true
        if queue.isEmpty { input = nil }
    }

    /// The bytes that it has written and were not given out.
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

    /// What it can go on after.
    var waits: [DescriptorWait] {
        var waits: [DescriptorWait] = []
        if let descriptor = input?.descriptor, !queue.isEmpty { waits.append(.write(descriptor)) }
        if let descriptor = output?.descriptor, keptBytes < outputLimit { waits.append(.read(descriptor)) }
        if let descriptor = errors?.descriptor { waits.append(.read(descriptor)) }
        return waits
    }

    /// How long it is until it is looked at again, in milliseconds; nil while its pipes tell.
    func untilLook(now: Int) -> Int? { nextLook.map { max(0, $0 - now) } }

    /// One of its descriptors is ready.
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

    /// It has closed its standard input: it has what it wanted.
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

    /// Looks whether it has ended, once its output has.
    func look() {
        guard output == nil, outcome == nil else { return }
        guard let end = process.end() else {
            nextLook = MonotonicClock.milliseconds + lookMilliseconds
            lookMilliseconds = min(Self.longestLook, 2 * lookMilliseconds)
            return
        }
        nextLook = nil
        // What it started may have its standard error still; what it has written itself is there.
        readErrors()
        if let line = complaints.end() { complain(line) }
        errors = nil
        dropInput()
        outcome = FilterOutcome(
            end, hasWritten: hasWritten, hasComplained: !complaints.isEmpty, isSearch: isSearch)
    }

    /// Fails it where it waits for the terminal, for which it would wait for ever.
    func lookForStop() {
        guard outcome == nil, process.wantsTerminal() else { return }
        process.send(SIGKILL)
        closeAll()
        dropInput()
        outcome = .failure("the command was stopped when it asked the terminal for something")
    }

    /// Nothing of it is wanted any more. Its input stays open: what has not come to its end must not look as if it had.
    func terminate() {
        process.send(SIGTERM)
        closeAll()
    }

    /// Ends what has not ended by that, and waits for it.
    func kill() { process.killAndWait() }

    /// Whether it has ended after `terminate`, with all that it has started.
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
