import ByteIO
import Codec
import S3Core

/// Decides about the responses to requests for objects.
protocol FetchDecisions: AnyObject {
    /// Decides how a response is read, by its head.
    func answered(_ fetch: ObjectFetch, _ head: ObjectHead) -> FetchWindow.Verdict
    /// Decides about an object of unknown size that exceeds the limit before its turn.
    ///
    /// - Returns: false if it will be requested again in its turn.
    func outgrew(_ fetch: ObjectFetch) -> Bool
    /// Notes new bytes that may be written before the object is complete.
    func arrived(_ fetch: ObjectFetch)
    /// Notes the end of a request.
    func ended(_ fetch: ObjectFetch, _ error: S3Error?)
}

/// One request for an object, with the received bytes that were not taken yet. It knows nothing of the run.
final class ObjectFetch: ObjectSink {
    unowned let object: WindowObject
    private unowned let decisions: any FetchDecisions
    /// The expected number of bytes; nil until the response head contains it.
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
    ///   - decisions: decides about the response.
    ///   - range: the bytes to fetch; nil for the first request.
    ///   - isLast: whether the object ends with this range.
    ///   - streamLimit: the maximum of bytes to keep of a response that is received only as fast as it is
    ///     written.
    init(
        _ object: WindowObject, decisions: any FetchDecisions, range: Range<Int>?, isLast: Bool,
        streamLimit: Int
    ) {
        self.object = object
        self.decisions = decisions
        wanted = range?.count
        isRange = range != nil
        self.isLast = isLast
        self.streamLimit = streamLimit
    }

    func began(_ head: ObjectHead) -> Bool {
        switch decisions.answered(self, head) {
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
            guard decisions.outgrew(self) else { return .cancel }
            self.bound = nil
            limit = streamLimit
        }
        if kept >= limit {
            isPaused = true
            return .pause
        }
        let count = min(bytes.byteCount, wanted.map { $0 - receivedBytes } ?? .max)
        // A transfer with a limit pauses until its bytes are taken, even if none of its lines may be written yet.
        if kept == 0 && (!object.lines.isHeldBack || limit < .max) { decisions.arrived(self) }
        append(bytes.extracting(first: count))
        receivedBytes += count
        kept += count
        return receivedBytes == wanted && count < bytes.byteCount ? .enough : .taken
    }

    func ended(_ error: S3Error?) {
        // Breaks a reference cycle between the call and its sink.
        call = nil
        decisions.ended(self, error)
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
        return CompressedFormat.recognize(first) != .plain
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
