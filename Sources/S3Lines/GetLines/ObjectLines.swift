import ByteIO
import Codec
import S3Core

/// Turns one object's stored bytes into complete lines: verifies, decompresses or filters, and splits them.
/// Knows no network.
///
/// The output of a command returns here like decompressed data:
///
///     append -> takeStored -> a command -> appendFiltered -> next
struct ObjectLines: ~Copyable {
    /// A fault in the object's data.
    enum Problem: Error, Equatable {
        case checksum(String)
        case compression(CodecError)
    }

    private enum Format {
        case unknown, plain, compressed, filtered
    }

    private let isRaw: Bool
    private let chunkSize: Int
    private let hashedInBackground: Int?
    private var format = Format.unknown
    private var checksum: ChecksumVerification?
    /// Whether the checksum is expensive; and the bytes that it does not include yet.
    private var isHashed = false
    private var unhashed: [ByteSlice] = []
    private var unhashedCount = 0
    /// The number of bytes lent to the checksum thread; nil if there is none.
    private var hashingBytes: Int?
    private var hashedCount = 0
    /// Whether all stored bytes are here, and their checksum was compared: if it differs, `problem` says so.
    private(set) var isVerified = false
    /// Bytes that were not processed yet.
    private var stored: [ByteSlice] = []
    private var storedCount = 0
    /// The stored bytes that were processed and are no longer kept.
    private(set) var consumedBytes = 0
    /// Whether all stored bytes are here.
    private(set) var isWhole = false
    /// Nothing is given out until the object is complete, as long as it fits into one chunk.
    private(set) var isHeldBack = true
    private let decoders: DecoderReserve
    private var decoder: Decoder?
    /// Decompressed or filtered bytes that are held back.
    private var decoded: [ByteSlice] = []
    private(set) var decodedCount = 0
    /// Whether the command has succeeded.
    private var isFiltered = false
    /// The last block of decompressed bytes, if it has room.
    private var unfilled: ByteBlock?
    /// The maximum output of the thread that decompresses it now, in bytes.
    private var lentBytes: Int?
    /// The fault in its data, once it is found.
    private(set) var problem: Problem?
    private var assembler: LineAssembler
    /// Whether all lines were given out.
    private(set) var isDone = false

    /// The size of blocks of decompressed bytes.
    private static let blockSize = 128 << 10

    /// - Parameters:
    ///   - decoders: where the decoder comes from, and where it goes at the end of the object.
    ///   - hashedInBackground: from this many bytes on, `lendBytes` passes an expensive checksum to another
    ///   thread; nil never does.
    init(
        isRaw: Bool, isFiltered: Bool = false, chunkSize: Int, longestLine: Int, decoders: DecoderReserve,
        hashedInBackground: Int? = nil
    ) {
        self.decoders = decoders
        self.isRaw = isRaw
        self.hashedInBackground = hashedInBackground
        if isFiltered { format = .filtered }
        self.chunkSize = chunkSize
        assembler = LineAssembler(limit: longestLine)
    }

    /// Bytes kept here and not given out, including the decoder's history window.
    var carriedBytes: Int {
        assembler.carried + decodedCount + (lentBytes ?? decoder?.memory ?? 0) + givenUnhashed
    }
    /// Bytes that are kept only for the checksum.
    private var givenUnhashed: Int { max(0, consumedBytes - hashedCount) * (isHashed ? 1 : 0) }
    /// Whether enough bytes wait for the checksum that no more should be taken.
    var awaitsHash: Bool { hashingBytes != nil && unhashedCount > chunkSize }
    /// Whether `count` bytes are enough to compute the checksum in another thread.
    func isHashedInBackground(_ count: Int) -> Bool { isHashed && count >= hashedInBackground ?? .max }

    /// Sets the known properties of the object before its first byte.
    ///
    /// - Parameters:
    ///   - size: the number of stored bytes, if known.
    ///   - expected: the checksum to verify, if any.
    mutating func begin(size: Int?, checksum expected: ObjectChecksum?) {
        checksum = expected.map { ChecksumVerification($0) }
        isHashed = hashedInBackground != nil && expected.map { $0.algorithm.crc == nil } ?? false
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

    /// Ends the stored bytes. If another thread computes the checksum, it is verified when that thread is
    /// done; until then no more is given out.
    mutating func end() throws(Problem) {
        isWhole = true
        guard hashingBytes == nil else { return }
        let isSmall = hashedCount == 0 && !isHashedInBackground(unhashedCount)
        if isSmall || unhashedCount == 0 { verify() }
        if let problem { throw problem }
    }

    private mutating func verify() {
        isVerified = true
        guard var verification = checksum.take() else { return }
        for slice in unhashed { verification.update(slice.bytes) }
        unhashed.removeAll()
        unhashedCount = 0
        problem = verification.mismatch().map { .checksum($0) } ?? problem
    }

    // MARK: checksums in another thread

    /// Lends the bytes of an expensive checksum to another thread, if they are many enough.
    mutating func lendBytes() -> BackgroundHashing? {
        let isWorthwhile = isHashedInBackground(unhashedCount) || hashedCount > 0 && unhashedCount > 0
        guard isHashed, hashingBytes == nil, !isVerified, isWorthwhile, let verification = checksum.take()
        else { return nil }
        hashingBytes = unhashedCount
        defer {
            unhashed.removeAll()
            unhashedCount = 0
        }
        return BackgroundHashing(verification, unhashed, count: unhashedCount)
    }

    /// Takes the checksum back and continues.
    mutating func takeBack(_ hashing: BackgroundHashing) {
        hashingBytes = nil
        hashedCount += hashing.count
        checksum = hashing.takeVerification()
        if isWhole, unhashedCount == 0 { verify() }
    }

    /// The next lines; empty if more bytes are needed or `isDone`.
    mutating func next() throws(Problem) -> [ByteSlice] {
        if isHeldBack && !isWhole && !isFiltered || isWhole && !isVerified || lentBytes != nil { return [] }
        if let problem { throw problem }
        if format == .unknown { format = recognize() }
        switch format {
        case .unknown: return []
        case .plain: return nextPlain()
        case .compressed: return try nextDecoded()
        case .filtered: return nextFiltered()
        }
    }

    // MARK: filter command

    /// Whether there is input for the command: bytes, or the verified end of the object.
    var hasStored: Bool { isVerified || !isHeldBack && !stored.isEmpty }

    /// Takes the input for the command; empty while bytes are held back.
    mutating func takeStored() -> [ByteSlice] {
        guard hasStored else { return [] }
        defer { stored.removeAll() }
        return stored
    }

    /// Records how many bytes in all the command has taken or refused.
    mutating func gaveToCommand(_ count: Int) { consumedBytes = count }

    /// Takes output of the command.
    mutating func appendFiltered(_ slice: ByteSlice) {
        decoded.add(slice)
        decodedCount += slice.count
        if decodedCount > chunkSize { isHeldBack = false }
    }

    /// Records that the command has succeeded.
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

    /// Lends the bytes to another thread if they are compressed. `next` returns no lines until they are taken
    /// back.
    ///
    /// - Parameter limit: the approximate maximum of bytes to decompress.
    mutating func lend(limit: Int) -> AheadDecoding? {
        if format == .unknown { format = recognize() }
        guard format == .compressed, let decoder else { return nil }
        lentBytes = limit
        defer { stored.removeAll() }
        return AheadDecoding(decoder, stored, limit: limit, blockSize: Self.blockSize)
    }

    /// Takes the output of the other thread and continues.
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

    private mutating func recognize() -> Format {
        if isRaw { return .plain }
        if let slice = stored.first, slice.count > 0, !CompressedFormat.canBegin(with: slice.bytes[0]) {
            return .plain
        }
        var first: [UInt8] = []
        for slice in stored where first.count < CompressedFormat.longestMagic {
            first += slice.prefix(min(slice.count, CompressedFormat.longestMagic - first.count)).bytes.array
        }
        switch CompressedFormat.recognize(first) {
        case .plain: return .plain
        case .unknown: return isWhole ? .plain : .unknown
        case .format(let format):
            decoder = decoders.take(format)
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
        isDone = true
        if let decoder = decoder.take() { decoders.keep(decoder) }
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

    /// Decompresses stored bytes into `block` until it is full or no input is left.
    private mutating func decode(into block: ByteBlock) throws(CodecError) {
        try decoder?.fill(block, to: Self.blockSize, from: &stored, consumed: &consumedBytes)
    }
}
