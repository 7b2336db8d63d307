import ByteIO
import Codec
import S3Core

/// One object's stored bytes on their way to whole lines: verified, decompressed or filtered, cut. Knows no network.
///
/// What a command makes of the bytes comes back as if it had been decompressed:
///
///     append -> takeStored -> a command -> appendFiltered -> next
struct ObjectLines: ~Copyable {
    /// What is wrong with the bytes.
    enum Problem: Error, Equatable {
        case checksum(String)
        case compression(CodecError)
    }

    private enum Format {
        case unknown, plain, compressed, filtered
    }

    private let isRaw: Bool
    private let chunkSize: Int
    private let hashedBeside: Int?
    private var format = Format.unknown
    private var checksum: ChecksumVerification?
    /// Whether the checksum takes long; and bytes that it does not have yet.
    private var isHashed = false
    private var unhashed: [ByteSlice] = []
    private var unhashedCount = 0
    /// How many of them another thread has.
    private var hashingBytes: Int?
    private var hashedCount = 0
    private var isVerified = false
    /// Bytes that were not looked at yet; the first one from `offset` on.
    private var stored: [ByteSlice] = []
    private var storedCount = 0
    /// How many stored bytes were looked at, and are no longer kept as they came.
    private(set) var consumedBytes = 0
    private var isWhole = false
    /// Nothing is given out before the object is whole, as long as it fits one chunk.
    private(set) var isHeldBack = true
    private var decoder: Decoder?
    /// Decompressed or filtered bytes that are held back.
    private var decoded: [ByteSlice] = []
    private(set) var decodedCount = 0
    /// The command has written all that it had to.
    private var isFiltered = false
    /// The block that decompressed bytes go to, while it has room.
    private var unfilled: ByteBlock?
    /// What another thread may decompress of it, at most, while it does; and what it found wrong.
    private var lentBytes: Int?
    private var problem: Problem?
    private var assembler: LineAssembler
    private var isOver = false

    /// Blocks that decompressed bytes fill.
    private static let blockSize = 128 << 10

    /// - Parameter hashedBeside: from how many bytes on a checksum that takes long is left to `lendBytes`; nil never
    ///   does.
    init(
        isRaw: Bool, isFiltered: Bool = false, chunkSize: Int, longestLine: Int, hashedBeside: Int? = nil
    ) {
        self.isRaw = isRaw
        self.hashedBeside = hashedBeside
        if isFiltered { format = .filtered }
        self.chunkSize = chunkSize
        assembler = LineAssembler(limit: longestLine)
    }

    /// Bytes that are kept here and were given to no one, those included that a decompressor looks back at.
    var carriedBytes: Int {
        assembler.carried + decodedCount + (lentBytes ?? decoder?.memory ?? 0) + givenUnhashed
    }
    /// Bytes that are kept only for their checksum.
    private var givenUnhashed: Int { max(0, consumedBytes - hashedCount) * (isHashed ? 1 : 0) }
    /// Whether bytes wait for their checksum, so that no more should be taken.
    var awaitsHash: Bool { hashingBytes != nil && unhashedCount > chunkSize }
    /// Whether its checksum is worth a thread, once so many bytes are here.
    func isHashedBeside(_ count: Int) -> Bool { isHashed && count >= hashedBeside ?? .max }
    /// True while a line is open of which a part has been given out.
    var isInsideLine: Bool { assembler.isInsideLine }
    /// Tells what is known of the object before its first byte.
    ///
    /// - Parameters:
    ///   - size: of the stored bytes, if that is known.
    ///   - expected: what they must give, if that is known and to be verified.
    mutating func begin(size: Int?, checksum expected: ObjectChecksum?) {
        checksum = expected.map { ChecksumVerification($0) }
        isHashed = hashedBeside != nil && expected.map { $0.algorithm.crc == nil } ?? false
        if let size { isHeldBack = size <= chunkSize }
    }

    /// Takes the next stored bytes.
    mutating func append(_ slice: ByteSlice) {
        if isHashed {
            unhashed.add(slice)
            unhashedCount += slice.count
        } else {
            checksum?.update(slice.bytes)
        }
        stored.add(slice)
        storedCount += slice.count
        if storedCount > chunkSize { isHeldBack = false }
    }

    /// All stored bytes are here. A checksum that is computed beside the loop is looked at as soon as it is known;
    /// up to then no more is given out.
    mutating func end() throws(Problem) {
        isWhole = true
        guard hashingBytes == nil else { return }
        let isSmall = hashedCount == 0 && !isHashedBeside(unhashedCount)
        if isSmall || unhashedCount == 0 { try verify() }
    }

    private mutating func verify() throws(Problem) {
        isVerified = true
        guard var verification = checksum.take() else { return }
        for slice in unhashed { verification.update(slice.bytes) }
        unhashed.removeAll()
        unhashedCount = 0
        if let mismatch = verification.mismatch() { throw .checksum(mismatch) }
    }

    // MARK: checksums beside the loop

    /// Lends bytes whose checksum takes long to another thread, if there are many.
    mutating func lendBytes() -> BesideHashing? {
        let isWorthwhile = isHashedBeside(unhashedCount) || hashedCount > 0 && unhashedCount > 0
        guard isHashed, hashingBytes == nil, !isVerified, isWorthwhile, let verification = checksum.take()
        else { return nil }
        hashingBytes = unhashedCount
        defer {
            unhashed.removeAll()
            unhashedCount = 0
        }
        return BesideHashing(verification, unhashed, count: unhashedCount)
    }

    /// Goes on where the other thread has stopped.
    mutating func takeBack(_ hashing: BesideHashing) {
        hashingBytes = nil
        hashedCount += hashing.count
        checksum = hashing.takeVerification()
        guard isWhole, unhashedCount == 0 else { return }
        do { try verify() } catch { problem = error }
    }

    /// The next lines; empty when there have to be more bytes first, or when all is done: `isDone`.
    mutating func next() throws(Problem) -> [ByteSlice] {
        if isHeldBack && !isWhole && !isFiltered || isWhole && !isVerified || lentBytes != nil { return [] }
        if let problem { throw problem }
        if format == .unknown { format = recognise() }
        switch format {
        case .unknown: return []
        case .plain: return nextPlain()
        case .compressed: return try nextDecoded()
        case .filtered: return nextFiltered()
        }
    }

    // MARK: through a command

    /// Whether a command can be given something: bytes, or their end.
    var hasStored: Bool { isWhole || !isHeldBack && !stored.isEmpty }

    /// All stored bytes are here, and as they should be.
    var isStoredWhole: Bool { isWhole }

    /// The bytes for the command; none while they are held back.
    mutating func takeStored() -> [ByteSlice] {
        guard hasStored else { return [] }
        defer { stored.removeAll() }
        return stored
    }

    /// The command has taken so many bytes in all, or will not take them.
    mutating func gaveToCommand(_ count: Int) { consumedBytes = count }

    /// Takes what the command has written.
    mutating func appendFiltered(_ slice: ByteSlice) {
        decoded.add(slice)
        decodedCount += slice.count
        if decodedCount > chunkSize { isHeldBack = false }
    }

    /// The command has succeeded.
    mutating func endFiltered() { isFiltered = true }

    private mutating func nextFiltered() -> [ByteSlice] {
        guard !isHeldBack || isFiltered else { return [] }
        var lines: [ByteSlice] = []
        cutDecoded(&lines, isLast: isFiltered)
        return lines
    }

    private mutating func cutDecoded(_ lines: inout [ByteSlice], isLast: Bool) {
        for slice in decoded { assembler.append(slice, to: &lines) }
        decoded.removeAll()
        decodedCount = 0
        if isLast { finish(&lines) }
    }

    /// Lends what is here to another thread, if it is compressed. There are no lines before it is taken back.
    ///
    /// - Parameter limit: about as many bytes are decompressed.
    mutating func lend(limit: Int) -> AheadDecoding? {
        if format == .unknown { format = recognise() }
        guard format == .compressed, let decoder else { return nil }
        lentBytes = limit
        defer { stored.removeAll() }
        return AheadDecoding(decoder, stored, limit: limit, blockSize: Self.blockSize)
    }

    /// Goes on where another thread has stopped.
    mutating func takeBack(_ decoding: AheadDecoding) {
        lentBytes = nil
        stored = decoding.stored
        consumedBytes += decoding.consumedBytes
        problem = problem ?? decoding.problem.map { .compression($0) }
        for block in decoding.blocks {
            decoded.add(ByteSlice(block))
            decodedCount += block.count
        }
        if let last = decoding.blocks.last, last.count < Self.blockSize { unfilled = last }
    }

    /// True once all lines were given out.
    var isDone: Bool { isOver }

    private mutating func recognise() -> Format {
        if isRaw { return .plain }
        var first: [UInt8] = []
        for slice in stored where first.count < CompressedFormat.longestMagic {
            first += slice.prefix(min(slice.count, CompressedFormat.longestMagic - first.count)).bytes.array
        }
        switch CompressedFormat.recognise(first) {
        case .plain: return .plain
        case .unknown: return isWhole ? .plain : .unknown
        case .format(let format):
            decoder = Decoder(format)
            return .compressed
        }
    }

    private mutating func nextPlain() -> [ByteSlice] {
        var lines: [ByteSlice] = []
        for slice in stored {
            consumedBytes += slice.count
            assembler.append(slice, to: &lines)
        }
        stored.removeAll(keepingCapacity: true)
        if isWhole { finish(&lines) }
        return lines
    }

    private mutating func finish(_ lines: inout [ByteSlice]) {
        isOver = true
        assembler.end(&lines)
    }

    private mutating func nextDecoded() throws(Problem) -> [ByteSlice] {
        while true {
            let block = unfilled.take() ?? ByteBlock(capacity: Self.blockSize)
            let start = block.count
            do { try decode(into: block) } catch { throw .compression(error) }
            let isDry = block.count < Self.blockSize
            let isLast = isDry && isWhole
            if isLast { do { try decoder?.end() } catch { throw .compression(error) } }
            if isDry { unfilled = block }
            decoded.add(ByteSlice(block, start..<block.count))
            decodedCount += block.count - start
            if isHeldBack && !isLast && decodedCount <= chunkSize {
                if isDry { return [] }
                continue
            }
            isHeldBack = false
            var lines: [ByteSlice] = []
            cutDecoded(&lines, isLast: isLast)
            if isDry || !lines.isEmpty { return lines }
        }
    }

    /// Fills `block` from what is stored, as far as that goes.
    private mutating func decode(into block: ByteBlock) throws(CodecError) {
        repeat {
            // Without input too: what did not fit the last block comes first.
            let input = stored.first ?? ByteSlice(block, 0..<0)
            let used =
                try decoder?.decode(input.bytes, into: block, room: Self.blockSize - block.count) ?? 0
            consumedBytes += used
            if !stored.isEmpty {
                if used == input.count { stored.removeFirst() } else { stored[0] = input.dropFirst(used) }
            }
        } while block.count < Self.blockSize && !stored.isEmpty
    }
}
