import ByteIO
import Codec
import S3Core

/// An object in the window, with what was fetched of it.
final class WindowObject {
    let request: RequestedObject
    /// Its number in line.
    let number: Int
    /// What the first answer said.
    var head: ObjectHead?
    /// The size and version that its further requests must find.
    var known: KnownObject? { head?.objectSize.map { KnownObject(size: $0, etag: head?.etag) } }
    /// Its requests that were begun and whose bytes are not all in `lines`, in the order of their bytes.
    var fetches: [ObjectFetch] = []
    var lines: ObjectLines
    /// What another thread does with them.
    var decoding: AheadDecoding?
    /// What its bytes pass through, from the first one to the command's end; and whether one was started.
    var command: FilterCommand?
    var hasBegunFiltering = false
    /// The same for its checksum.
    var hashing: BesideHashing?
    /// What is wrong with it, where that was found before its turn.
    var problem: S3Error?
    /// Lines, or a part of a long one, that can be written and were not yet.
    var pending: [ByteSlice] = []
    /// Its size is among those that are known in all.
    var isMeasured = false
    /// An answer told once that it exists.
    var wasAnswered = false
    /// Bytes of lines that were written.
    var writtenBytes = 0
    /// True if the next byte of it begins a line.
    var isAtLineStart = true
    /// How often it was fetched again, because what came was damaged.
    var restarts = 0

    init(_ request: RequestedObject, number: Int, lines: consuming ObjectLines) {
        self.request = request
        self.number = number
        self.lines = lines
    }

    /// What stands before each of its lines: the key, escaped, and a TAB.
    lazy var keyField: [UInt8] = {
        var field: [UInt8] = []
        let key = request.key
        KeyEscaping.escape(key.bytes, into: &field)
        field.append(UInt8(ascii: "\t"))
        return field
    }()

    /// Bytes that are kept of it although its fetches gave them out.
    var carriedBytes: Int {
        lines.carriedBytes + pending.reduce(0) { $0 + $1.count } + (command?.heldBytes ?? 0)
    }
    /// The same when it was last counted.
    var countedBytes = 0

    /// Notes what was written of it: so many bytes.
    func wrote(_ count: Int, last: UInt8) {
        writtenBytes += count
        isAtLineStart = last == UInt8(ascii: "\n")
    }

    /// The next lines, of the bytes that were taken.
    func nextLines() throws(S3Error) -> [ByteSlice] {
        if let problem { throw problem }
        do { return try lines.next() } catch { throw error.failure }
    }

    /// Takes the bytes that came since.
    ///
    /// - Returns: false if there is nothing new.
    func takeFetched() throws(S3Error) -> Bool {
        guard let fetch = fetches.first, !lines.awaitsHash else { return false }
        let slices = fetch.takeBytes()
        for slice in slices { lines.append(slice) }
        guard fetch.hasEnded else { return !slices.isEmpty }
        if let error = fetch.error {
            // What came before the failure is written first.
            if slices.isEmpty { throw error }
            return true
        }
        fetches.removeFirst()
        if fetch.isLast { do { try lines.end() } catch { throw error.failure } }
        return true
    }
}

/// Objects by their number in line, of which old ones go and new ones come.
struct WindowObjects {
    private var entries: [WindowObject?] = []
    /// The number of `entries[0]`.
    private var base = 0
    /// How many of the first entries are free.
    private var free = 0

    var isEmpty: Bool { free == entries.count }

    subscript(number: Int) -> WindowObject? {
        get { entries.indices.contains(number - base) ? entries[number - base] : nil }
        set {
            guard number >= base else { return }
            while entries.count <= number - base { entries.append(nil) }
            entries[number - base] = newValue
            while free < entries.count, entries[free] == nil { free += 1 }
            // Each is moved at most once for each time one was added.
            if free > 64, 2 * free > entries.count {
                entries.removeFirst(free)
                base += free
                free = 0
            }
        }
    }
}

/// One request of an object, with the bytes that came and were not taken yet.
final class ObjectFetch: ObjectSink {
    unowned let object: WindowObject
    private unowned let run: GetLines
    /// The bytes that it is to bring; nil until its answer told.
    private(set) var wanted: Int?
    /// True for all requests of an object but the first.
    let isRange: Bool
    private let streamLimit: Int
    /// The most bytes that are kept; the transfer waits when there are more.
    private var limit = Int.max
    /// The most bytes that it may bring ahead of its turn; nil if there is no such limit.
    private var bound: Int?
    private(set) var receivedBytes = 0
    private var blocks: [ByteBlock] = []
    /// How many bytes of the first block were taken: it goes on being filled.
    private var taken = 0
    private var kept = 0
    private var isPaused = false
    /// True if the object ends with it.
    var isLast: Bool
    /// True once all of it is here, or it failed.
    var hasEnded = false
    /// Why it failed.
    var error: S3Error?
    /// True if nothing that still comes of it matters.
    var isDropped = false
    var call: (any GetCall)?

    /// Blocks that bytes are gathered in, and the first one where it is not known how many come.
    private static let blockSize = 256 << 10
    private static let firstBlockSize = 16 << 10

    /// - Parameters:
    ///   - run: asked what to do with the answer, and told when bytes came.
    ///   - range: the bytes that it is to bring; nil for the first request.
    ///   - isLast: whether the object ends with that range.
    ///   - streamLimit: how many bytes are kept at most of what is taken only as fast as it is written.
    init(
        _ object: WindowObject, of run: GetLines, range: Range<Int>?, isLast: Bool, streamLimit: Int
    ) {
        self.object = object
        self.run = run
        wanted = range?.count
        isRange = range != nil
        self.isLast = isLast
        self.streamLimit = streamLimit
    }

    func began(_ head: ObjectHead) -> Bool {
        switch run.answered(self, head) {
        case .whole: wanted = head.objectSize
        case .bounded(let count): bound = count
        case .stream: limit = streamLimit
        case .chunk(let count):
            wanted = count
            isLast = isLast && isRange
        case .refuse: return false
        }
        return true
    }

    /// True if all it brought was kept ahead of its turn, although its size was not known.
    var isBounded: Bool { bound != nil }

    func received(_ bytes: RawSpan) -> Received {
        if let bound, receivedBytes + bytes.byteCount > bound {
            guard run.outgrew(self) else { return .cancel }
            self.bound = nil
            limit = streamLimit
        }
        if kept >= limit {
            isPaused = true
            return .pause
        }
        let taken = min(bytes.byteCount, wanted.map { $0 - receivedBytes } ?? .max)
        if kept == 0 && !object.lines.isHeldBack { run.arrived(self) }
        append(bytes.extracting(first: taken))
        receivedBytes += taken
        kept += taken
        return receivedBytes == wanted && taken < bytes.byteCount ? .enough : .taken
    }

    func ended(_ error: S3Error?) {
        // The two would keep each other.
        call = nil
        run.ended(self, error)
    }

    /// Fills a block before another one is begun, whatever was taken of it meanwhile: else each of many small pieces
    /// would keep the memory of a block.
    private func append(_ bytes: RawSpan) {
        var rest = bytes
        while rest.byteCount > 0 {
            let block: ByteBlock
            if let last = blocks.last, last.room > 0 {
                block = last
            } else {
                let before = receivedBytes + bytes.byteCount - rest.byteCount
                let expected = wanted.map { $0 - before } ?? max(Self.firstBlockSize, rest.byteCount, before)
                block = ByteBlock(capacity: min(expected, Self.blockSize))
                blocks.append(block)
            }
            let count = min(rest.byteCount, block.room)
            block.append(rest.extracting(first: count))
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Whether its first bytes, if none were taken, are as those of compressed objects.
    var mayBeCompressed: Bool {
        guard taken == 0, let block = blocks.first else { return false }
        let bytes = block.bytes
        let first = bytes.extracting(first: min(CompressedFormat.longestMagic, bytes.byteCount)).array
        return CompressedFormat.recognise(first) != .plain
    }

    /// The bytes that came and were not taken yet.
    func takeBytes() -> [ByteSlice] {
        kept = 0
        if isPaused {
            isPaused = false
            call?.resume()
        }
        var slices: [ByteSlice] = []
        for block in blocks {
            if block.count > taken { slices.append(ByteSlice(block, taken..<block.count)) }
            taken = 0
        }
        blocks = blocks.last.map { $0.room > 0 ? [$0] : [] } ?? []
        taken = blocks.first?.count ?? 0
        return slices
    }

    /// Nothing more of it is wanted.
    func drop() {
        isDropped = true
        call?.cancel()
    }
}
