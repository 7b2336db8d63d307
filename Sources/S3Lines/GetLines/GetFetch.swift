import ByteIO
import Codec
import S3Core

/// An object in the window, with its requests and fetched bytes.
final class WindowObject {
    let request: RequestedObject
    /// Its number in input order.
    let number: Int
    /// The head of its first response.
    var head: ObjectHead?
    /// The size and version that further requests must match.
    var known: KnownObject? { head?.objectSize.map { KnownObject(size: $0, etag: head?.etag) } }
    /// Started requests whose bytes are not all in `lines`, in byte order.
    var fetches: [ObjectFetch] = []
    var lines: ObjectLines
    /// Set while another thread decompresses its bytes.
    var decoding: AheadDecoding?
    /// The command that filters its bytes, until it ends; and whether one was started.
    var command: FilterCommand?
    var hasBegunFiltering = false
    /// Set while another thread computes its checksum.
    var hashing: BesideHashing?
    /// An error that was found before the object's turn.
    var problem: S3Error?
    /// Lines, or a part of a long one, that are ready to be written.
    var pending: [ByteSlice] = []
    /// Whether its size is included in the total of known sizes.
    var isMeasured = false
    /// Whether a response has shown that it exists.
    var wasAnswered = false
    /// Bytes of its lines that were written.
    var writtenBytes = 0
    /// Whether the next byte starts a line.
    var isAtLineStart = true
    /// How often it was fetched again because its data was damaged.
    var restarts = 0

    init(_ request: RequestedObject, number: Int, lines: consuming ObjectLines) {
        self.request = request
        self.number = number
        self.lines = lines
    }

    /// The prefix of each of its lines: the escaped key and a TAB.
    lazy var keyField: [UInt8] = {
        var field: [UInt8] = []
        let key = request.key
        KeyEscaping.escape(key.bytes, into: &field)
        field.append(UInt8(ascii: "\t"))
        return field
    }()

    /// Bytes that are in memory but no longer in a fetch.
    var carriedBytes: Int {
        lines.carriedBytes + pending.reduce(0) { $0 + $1.count } + (command?.heldBytes ?? 0)
    }
    /// `carriedBytes` when it was last counted.
    var countedBytes = 0

    /// Counts written bytes.
    func wrote(_ count: Int, last: UInt8) {
        writtenBytes += count
        isAtLineStart = last == UInt8(ascii: "\n")
    }

    /// The next lines of the bytes taken so far.
    func nextLines() throws(S3Error) -> [ByteSlice] {
        if let problem { throw problem }
        do { return try lines.next() } catch { throw error.failure }
    }

    /// Takes the newly received bytes.
    ///
    /// - Returns: false if there are none.
    func takeFetched() throws(S3Error) -> Bool {
        guard let fetch = fetches.first, !lines.awaitsHash else { return false }
        let slices = fetch.takeBytes()
        for slice in slices { lines.append(slice) }
        guard fetch.hasEnded else { return !slices.isEmpty }
        if let error = fetch.error {
            // Bytes received before the error are written first.
            if slices.isEmpty { throw error }
            return true
        }
        fetches.removeFirst()
        if fetch.isLast { do { try lines.end() } catch { throw error.failure } }
        return true
    }
}

/// Objects by number, in a window that moves forward.
struct WindowObjects {
    private var entries: [WindowObject?] = []
    /// The number of `entries[0]`.
    private var base = 0
    /// The count of free entries at the start.
    private var free = 0

    var isEmpty: Bool { free == entries.count }

    subscript(number: Int) -> WindowObject? {
        get { entries.indices.contains(number - base) ? entries[number - base] : nil }
        set {
            guard number >= base else { return }
            while entries.count <= number - base { entries.append(nil) }
            entries[number - base] = newValue
            while free < entries.count, entries[free] == nil { free += 1 }
            // Amortized: each entry is moved at most once per entry added.
            if free > 64, 2 * free > entries.count {
                entries.removeFirst(free)
                base += free
                free = 0
            }
        }
    }
}

/// One request for an object, with the received bytes that were not taken yet.
final class ObjectFetch: ObjectSink {
    unowned let object: WindowObject
    private unowned let run: GetLines
    /// The expected number of bytes; nil until the response tells it.
    private(set) var wanted: Int?
    /// Whether this is not the first request for the object.
    let isRange: Bool
    private let streamLimit: Int
    /// The maximum of bytes to keep; above it the transfer is paused.
    private var limit = Int.max
    /// The maximum of bytes that it may receive before the object's turn; nil for no limit.
    private var bound: Int?
    private(set) var receivedBytes = 0
    private var blocks: [ByteBlock] = []
    /// The bytes of the first block that were taken; the block is still being filled.
    private var taken = 0
    private var kept = 0
    private var isPaused = false
    /// Whether it fetches the end of the object.
    var isLast: Bool
    /// Whether it has ended, successfully or not.
    var hasEnded = false
    /// The error that ended it.
    var error: S3Error?
    /// Whether further events of this request are ignored.
    var isDropped = false
    var call: (any GetCall)?

    /// The sizes of blocks, and of the first block if the number of bytes is unknown.
    private static let blockSize = 256 << 10
    private static let firstBlockSize = 16 << 10

    /// - Parameters:
    ///   - run: decides about the response and is told when bytes arrive.
    ///   - range: the bytes to fetch; nil for the first request.
    ///   - isLast: whether the object ends with this range.
    ///   - streamLimit: the maximum of bytes to keep of a response that is received only as fast as it is
    ///     written.
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

    /// Whether all of it was kept before its turn although its size was unknown.
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
        // Breaks a reference cycle between the call and its sink.
        call = nil
        run.ended(self, error)
    }

    /// Fills each block before it starts another, even if bytes of it were taken meanwhile: otherwise each of
    /// many small pieces would occupy a block.
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

    /// Whether the object may be compressed, judged by its first bytes.
    var mayBeCompressed: Bool {
        guard taken == 0, let block = blocks.first else { return false }
        let bytes = block.bytes
        if bytes.byteCount > 0, !CompressedFormat.canBegin(with: bytes[0]) { return false }
        let first = bytes.extracting(first: min(CompressedFormat.longestMagic, bytes.byteCount)).array
        return CompressedFormat.recognise(first) != .plain
    }

    /// Takes the received bytes.
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

    /// Cancels the request and ignores its further events.
    func drop() {
        isDropped = true
        call?.cancel()
    }
}
