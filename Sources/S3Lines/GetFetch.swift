import ByteIO
import S3Core

/// An object in the window, with what was fetched of it.
final class WindowObject {
    let request: RequestedObject
    /// Its number in line.
    let number: Int
    /// What the first answer said.
    var head: ObjectHead?
    /// Its requests that were begun and whose bytes are not all in `lines`, in the order of their bytes.
    var fetches: [ObjectFetch] = []
    var lines: ObjectLines
    /// Why it fails, once it is its turn.
    var error: S3Error?
    /// Bytes of lines that were written.
    var writtenBytes = 0
    /// True if the next byte of it begins a line.
    var isAtLineStart = true
    /// How often it was fetched anew, because what came was damaged.
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

    /// The next lines, of the bytes that were taken.
    func nextLines() throws(S3Error) -> [ByteSlice] {
        do { return try lines.next() } catch { throw error.failure }
    }

    /// Takes the bytes that came since.
    ///
    /// - Returns: false if there is nothing new.
    func takeFetched() throws(S3Error) -> Bool {
        guard let fetch = fetches.first else { return false }
        let blocks = fetch.takeBlocks()
        for block in blocks { lines.append(block) }
        guard fetch.hasEnded else { return !blocks.isEmpty }
        if let error = fetch.error {
            // What came before the failure is written first.
            if blocks.isEmpty { throw error }
            return true
        }
        fetches.removeFirst()
        if fetch.isLast { do { try lines.end() } catch { throw error.failure } }
        return true
    }
}

/// One request of an object, with the bytes that came and were not taken yet.
final class ObjectFetch: ObjectSink {
    unowned let object: WindowObject
    private let decide: (ObjectFetch, ObjectHead) -> FetchWindow.Verdict
    /// The bytes that it is to bring; nil until its answer told.
    private(set) var wanted: Int?
    /// True for all requests of an object but the first.
    let isRange: Bool
    private let streamLimit: Int
    /// The most bytes that are kept; the transfer waits when there are more.
    private var limit = Int.max
    private var received = 0
    private var blocks: [ByteBlock] = []
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
    var call: S3Call?

    /// Blocks that bytes are gathered in.
    private static let blockSize = 256 << 10

    /// - Parameters:
    ///   - range: the bytes that it is to bring; nil for the first request.
    ///   - isLast: whether the object ends with that range.
    ///   - streamLimit: how many bytes are kept at most of what is taken only as fast as it is written.
    ///   - decide: asked what to do with the answer, once its head is there.
    init(
        _ object: WindowObject, range: Range<Int>?, isLast: Bool, streamLimit: Int,
        decide: @escaping (ObjectFetch, ObjectHead) -> FetchWindow.Verdict
    ) {
        self.object = object
        wanted = range?.count
        isRange = range != nil
        self.isLast = isLast
        self.streamLimit = streamLimit
        self.decide = decide
    }

    func began(_ head: ObjectHead) -> Bool {
        switch decide(self, head) {
        case .whole: wanted = head.objectSize
        case .stream: limit = streamLimit
        case .chunk(let count):
            wanted = count
            isLast = isLast && isRange
        case .refuse: return false
        }
        return true
    }

    func received(_ bytes: RawSpan) -> Received {
        if kept >= limit {
            isPaused = true
            return .pause
        }
        let taken = min(bytes.byteCount, wanted.map { $0 - received } ?? .max)
        append(bytes.extracting(first: taken))
        received += taken
        kept += taken
        return received == wanted && taken < bytes.byteCount ? .enough : .taken
    }

    private func append(_ bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        if let last = blocks.last, last.count + bytes.byteCount <= last.capacity { return last.append(bytes) }
        let expected = wanted.map { $0 - received } ?? Self.blockSize
        let block = ByteBlock(capacity: max(bytes.byteCount, min(expected, Self.blockSize)))
        block.append(bytes)
        blocks.append(block)
    }

    /// The bytes that came; they are the caller's now.
    func takeBlocks() -> [ByteBlock] {
        defer {
            blocks.removeAll()
            kept = 0
        }
        if isPaused {
            isPaused = false
            call?.resume()
        }
        return blocks
    }

    /// Nothing more of it is wanted.
    func drop() {
        isDropped = true
        call?.cancel()
    }
}
