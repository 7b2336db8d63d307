import ByteIO

/// One object's bytes on their way through a command, before they are gathered to be stored.
///
///     append -> blocks -> (a command may begin) -> pipe -> command -> pipe -> takeOutput
///
/// They wait here until `PutFilters` lets a command begin: for an object that is complete, as most are while they are
/// small, that is when there is a processor for it.
final class PutFilter {
    private let commands: RunCommands
    private let label: String
    private let key: [UInt8]
    /// What the command was not given.
    private var blocks: [ByteBlock] = []
    /// How many bytes they have.
    private(set) var waitingBytes = 0
    private(set) var command: FilterCommand?
    /// There are no more bytes.
    private(set) var isFinished = false

    /// Blocks of that size are given to the command at once; what is less, once a turn.
    private static let blockSize = 64 << 10

    /// - Parameters:
    ///   - label: the key, as messages have it.
    ///   - key: the whole key.
    init(_ commands: RunCommands, label: String, key: [UInt8]) {
        self.commands = commands
        self.label = label
        self.key = key
    }

    /// The bytes that are held for it.
    var memory: Int {
        blocks.reduce(0) { $0 + $1.capacity } + (command.map { $0.queuedBytes + $0.heldBytes } ?? 0)
    }

    /// Whether a command runs, and does something that makes room without more input.
    var isBusy: Bool { command.map { $0.outcome == nil && (isFinished || $0.queuedBytes > 0) } ?? false }

    /// How the command has ended, if it has.
    var outcome: FilterOutcome? { command?.outcome }

    func append(_ bytes: RawSpan) {
        if blocks.last.map({ $0.count >= Self.blockSize }) ?? true { blocks.append(ByteBlock()) }
        blocks[blocks.count - 1].append(bytes)
        waitingBytes += bytes.byteCount
        if waitingBytes >= Self.blockSize { give() }
    }

    /// There are no more bytes.
    func finish() {
        isFinished = true
        give()
    }

    /// Begins with what is here.
    ///
    /// - Throws: what a command cannot be started for.
    func begin() throws(SystemError) {
        command = try commands.start(label: label, key: key, isSearch: false)
        give()
    }

    /// Gives the command what waits for it.
    func give() {
        guard let command else { return }
        // One that ended early has what it wanted.
        for block in blocks where block.count > 0 && command.outcome == nil {
            command.append(ByteSlice(block))
        }
        blocks.removeAll()
        waitingBytes = 0
        if isFinished { command.endInput() }
    }

    /// What the command has written.
    func takeOutput() -> [ByteSlice] { command?.takeOutput() ?? [] }

    /// How many bytes the command may write until they are taken.
    func limitOutput(_ bytes: Int) { command?.outputLimit = bytes }

    /// Nothing more of it is wanted: its command is ended, if it has not.
    func end() {
        if let command { commands.cancel(command) }
        blocks.removeAll()
        waitingBytes = 0
    }
}

/// Which objects' commands may begin.
///
/// As many objects that are complete have one as there are processors, those first that were complete first. One that
/// is still open gets one once it has much, as far as there are processors for such ones: it cannot wait for another
/// that is open, since only more input brings that to its end.
struct PutFilters {
    private let atOnce: Int
    /// Complete objects without a command.
    private var complete: [PutDraft] = []
    /// Open ones with much and without a command.
    private var open: [PutDraft] = []
    /// Those with one, in the order in which they began.
    private(set) var running: [PutDraft] = []

    /// How many commands of open objects run, at most.
    private static let mostOpen = 64

    init(atOnce: Int) { self.atOnce = atOnce }

    /// All that have a command or wait for one, open ones with little aside.
    var all: [PutDraft] { complete + open + running }

    /// Whether more complete objects may wait.
    var hasRoom: Bool { complete.count < 8 * (atOnce + 1) }

    /// Whether something is under way that makes room.
    var isBusy: Bool { !complete.isEmpty || running.contains { $0.filter?.isBusy == true } }

    private var openRunning: Int { running.count { $0.filter?.isFinished == false } }

    /// An open object has much.
    mutating func hasMuch(_ draft: PutDraft) {
        if !open.contains(where: { $0 === draft }) { open.append(draft) }
    }

    /// An object is complete.
    mutating func isComplete(_ draft: PutDraft) {
        open.removeAll { $0 === draft }
        if draft.filter?.command == nil { complete.append(draft) }
    }

    /// The next one whose command begins now; nil if that is none.
    mutating func next() -> PutDraft? {
        let others = openRunning
        if !complete.isEmpty, running.count - others < atOnce { return start(complete.removeFirst()) }
        if !open.isEmpty, others < atOnce { return start(open.removeFirst()) }
        return nil
    }

    /// The same of an open one, since memory is full of those that wait.
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

    /// No command can be started for one now, but when another one has ended.
    ///
    /// - Returns: false if there is no other one.
    mutating func putBack(_ draft: PutDraft) -> Bool {
        running.removeAll { $0 === draft }
        guard !running.isEmpty else { return false }
        if !draft.isOpen { complete.insert(draft, at: 0) } else { open.insert(draft, at: 0) }
        return true
    }

    /// One is done with its command, or is not stored.
    mutating func remove(_ draft: PutDraft) {
        complete.removeAll { $0 === draft }
        open.removeAll { $0 === draft }
        running.removeAll { $0 === draft }
    }
}
