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
    /// How often its bytes were dropped: the result of another thread for earlier ones is then ignored.
    var drops = 0
    /// The command that filters its bytes, until it ends; and whether one was started.
    var command: FilterCommand?
    var hasBegunFiltering = false
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
    /// `carriedBytes` when `WindowObjects` last counted it.
    var countedBytes = 0

    /// The stored bytes of it that were counted as consumed.
    var accountedBytes = 0

    /// Counts written bytes.
    func wrote(_ count: Int, last: UInt8) {
        writtenBytes += count
        isAtLineStart = last == UInt8(ascii: "\n")
    }

    /// Throws if a fault was found before its turn.
    func check() throws(S3Error) {
        if let problem { throw problem }
        if let problem = lines.problem { throw problem.failure }
    }

    /// The next lines of the bytes taken so far.
    func nextLines() throws(S3Error) -> [ByteSlice] {
        if let problem { throw problem }
        do { return try lines.next() } catch { throw error.failure }
    }

    /// The next input for its command; empty if more has to arrive or to be verified.
    func takeStored() throws(S3Error) -> [ByteSlice] {
        try check()
        return lines.takeStored()
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
