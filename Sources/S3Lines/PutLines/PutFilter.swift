import ByteIO

/// Pipes one object's bytes through a command before they are gathered.
///
///     append -> blocks -> (a command may begin) -> pipe -> command -> pipe -> takeOutput
///
/// The bytes wait here until `PutFilters` lets the command start. A complete object, as most small ones are,
/// waits for a free processor.
final class PutFilter {
    private let commands: RunCommands
    private let label: String
    private let key: [UInt8]
    /// Input that has not been passed to the command.
    private var blocks: [ByteBlock] = []
    /// The bytes in `blocks`, and their memory.
    private(set) var waitingBytes = 0
    private var waitingMemory = 0
    private(set) var command: FilterCommand?
    /// Whether all input has been appended.
    private(set) var isFinished = false

    /// Input is passed to the command in blocks of this many bytes; a smaller rest is passed once per turn.
    private static let blockSize = 64 << 10

    /// - Parameters:
    ///   - label: the key as messages print it.
    ///   - key: the full key.
    init(_ commands: RunCommands, label: String, key: [UInt8]) {
        self.commands = commands
        self.label = label
        self.key = key
    }

    /// The bytes held in memory for this object.
    var memory: Int {
        waitingMemory + (command.map { $0.queuedBytes + $0.heldBytes } ?? 0)
    }

    /// Whether a running command will free memory without further input.
    var isBusy: Bool { command.map { $0.outcome == nil && (isFinished || $0.queuedBytes > 0) } ?? false }

    /// The result of the command, or nil if it has not ended.
    var outcome: FilterOutcome? { command?.outcome }

    func append(_ bytes: RawSpan) {
        let block: ByteBlock
        if let last = blocks.last, last.count < Self.blockSize {
            block = last
            waitingMemory -= block.capacity
        } else {
            block = ByteBlock()
            blocks.append(block)
        }
        block.append(bytes)
        waitingBytes += bytes.byteCount
        waitingMemory += block.capacity
        if waitingBytes >= Self.blockSize { give() }
    }

    /// Marks the end of the input.
    func finish() {
        isFinished = true
        give()
    }

    /// Starts the command with the input gathered so far.
    ///
    /// - Throws: if the command cannot be started.
    func begin() throws(SystemError) {
        command = try commands.start(label: label, key: key, isSearch: false)
        give()
    }

    /// Passes the waiting input to the command.
    func give() {
        guard let command else { return }
        // A command that ended early does not need the rest of its input.
        for block in blocks where block.count > 0 && command.outcome == nil {
            command.append(ByteSlice(block))
        }
        dropWaiting()
        if isFinished { command.endInput() }
    }

    private func dropWaiting() {
        blocks.removeAll()
        waitingBytes = 0
        waitingMemory = 0
    }

    /// Returns the output since the last call.
    func takeOutput() -> [ByteSlice] { command?.takeOutput() ?? [] }

    /// Limits how many bytes the command may write before they are taken.
    func limitOutput(_ bytes: Int) { command?.outputLimit = bytes }

    /// Cancels the command if it is still running, and drops the waiting input.
    func end() {
        if let command { commands.cancel(command) }
        dropWaiting()
    }
}

/// Decides which objects' commands may start.
///
/// At most `atOnce` commands of complete objects run at a time, in order of completion. An open object gets a
/// command once much of its data is waiting; at most `atOnce` of these run too. They have a limit of their
/// own because a command of an open object needs more input to end.
struct PutFilters {
    private let atOnce: Int
    /// Complete objects without a command, in order of completion.
    private var complete: [PutDraft] = []
    /// Open objects with much waiting data and without a command.
    private var open: [PutDraft] = []
    /// Objects with a command, in start order.
    private(set) var running: [PutDraft] = []

    /// The maximum number of commands of open objects if memory is full.
    private static let mostOpen = 64

    init(atOnce: Int) { self.atOnce = atOnce }

    /// All objects with a command or waiting for one, except open objects with little data.
    var all: [PutDraft] { complete + open + running }

    /// Whether there are none of these.
    var isEmpty: Bool { complete.isEmpty && open.isEmpty && running.isEmpty }

    /// Whether another complete object may wait.
    var hasRoom: Bool { complete.count < 8 * (atOnce + 1) }

    /// Whether work is in progress that will free memory.
    var isBusy: Bool { !complete.isEmpty || running.contains { $0.filter?.isBusy == true } }

    private var openRunning: Int { running.count { $0.filter?.isFinished == false } }

    /// Records that an open object has much waiting data.
    mutating func hasMuch(_ draft: PutDraft) {
        if !open.contains(where: { $0 === draft }) { open.append(draft) }
    }

    /// Records that an object is complete.
    mutating func isComplete(_ draft: PutDraft) {
        open.removeAll { $0 === draft }
        if draft.filter?.command == nil { complete.append(draft) }
    }

    /// The next object whose command may start, or nil.
    mutating func next() -> PutDraft? {
        let others = openRunning
        if !complete.isEmpty, running.count - others < atOnce { return start(complete.removeFirst()) }
        if !open.isEmpty, others < atOnce { return start(open.removeFirst()) }
        return nil
    }

    /// The open object with the most waiting data, to be started because waiting data fills the memory.
    mutating func nextOfOpen() -> PutDraft? {
        guard openRunning < Self.mostOpen else { return nil }
        let sizes = open.map { $0.filter?.waitingBytes ?? 0 }
        guard let largest = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else { return nil }
        return start(open.remove(at: largest))
    }

    private mutating func start(_ draft: PutDraft) -> PutDraft {
        running.append(draft)
        return draft
    }

    /// Puts an object back whose command cannot be started until another command ends.
    ///
    /// - Returns: false if no other command is running.
    mutating func putBack(_ draft: PutDraft) -> Bool {
        running.removeAll { $0 === draft }
        guard !running.isEmpty else { return false }
        if !draft.isOpen { complete.insert(draft, at: 0) } else { open.insert(draft, at: 0) }
        return true
    }

    /// Removes an object whose command is done or that will not be stored.
    mutating func remove(_ draft: PutDraft) {
        complete.removeAll { $0 === draft }
        open.removeAll { $0 === draft }
        running.removeAll { $0 === draft }
    }
}
