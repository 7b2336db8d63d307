package import ByteIO

/// Compresses one object on as many processors as there are. What comes out depends on the object's bytes alone: not
/// on how many processors there are, how the bytes came, or what else is compressed.
///
///     append -> block -> piece -> WorkPool -> pieces in their order -> output
///
/// A gzip object is one member of blocks that are compressed side by side, each with the end of the one before to look
/// back at, as pigz(1) does. A zstd object is one frame, whose blocks follow one another; libzstd has threads of its
/// own for them. An object of one block needs none of that.
package final class ObjectCompressor {
    private let compression: Compression
    private let pool: WorkPool
    /// Threads of libzstd's for one object; 0 if objects are compressed beside each other instead.
    private let workers: Int
    private let output: (ByteBlock) -> Void
    private let ended: () -> Void

    /// What was not given to a piece.
    private var block: ByteBlock
    private var gzip: GzipMember?
    private var zstd: ZstdEncoder?
    /// What the library was last known to hold.
    private var zstdMemory = 0
    /// Not given out, in order; the first ones were submitted.
    private var pieces: [CompressionPiece] = []
    private var isFinished = false
    private var isOver = false
    /// Bytes that pieces hold.
    private var held = 0

    /// A piece that is so short is compressed at once: to give it to another thread would take as long.
    private static let shortPiece = 2048
    private static let firstCapacity = 256

    /// - Parameters:
    ///   - workers: threads of libzstd's for this object, from 1; what comes out does not depend on their number. 0 for
    ///     none, where several objects are compressed at a time.
    ///   - output: takes what comes out, in order.
    ///   - ended: called after the last output.
    package init(
        _ compression: Compression, pool: WorkPool, workers: Int, output: @escaping (ByteBlock) -> Void,
        ended: @escaping () -> Void
    ) {
        self.compression = compression
        self.pool = pool
        self.workers = workers
        self.output = output
        self.ended = ended
        block = ByteBlock(capacity: Self.firstCapacity)
        if case .gzip(let level) = compression { gzip = GzipMember(level: level) }
    }

    /// The bytes that are held for it.
    package var memory: Int { block.capacity + held + (gzip?.memory ?? 0) + zstdMemory }

    /// How many of libzstd's threads `memory` bytes are enough for.
    package static func workers(_ compression: Compression, memory: Int, processors: Int) -> Int {
        guard case .zstd(let level) = compression else { return 0 }
        return max(1, min(processors, memory / ZstdEncoder.workerMemory(level: level)))
    }

    package func append(_ bytes: RawSpan) {
        var rest = bytes
        while rest.byteCount > 0 {
            // Only once there is more: the last block is known to be that.
            if block.count == compression.blockSize { cut(isLast: false) }
            let count = min(rest.byteCount, compression.blockSize - block.count)
            let needed = block.count + count
            if needed > block.capacity {
                block.grow(to: min(compression.blockSize, max(needed, 2 * block.capacity)))
            }
            block.append(rest.extracting(first: count))
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// There are no more bytes.
    package func finish() {
        guard !isFinished else { return }
        isFinished = true
        cut(isLast: true)
    }

    /// The same; all has come out when this returns.
    package func finishNow() {
        finish()
        while !isOver, let piece = pieces.first {
            if let work = piece.work { pool.wait(for: work) } else { compute(piece) }
            giveOut()
        }
    }

    /// Nothing more is wanted.
    package func cancel() {
        isOver = true
        pieces.removeAll()
    }

    private func cut(isLast: Bool) {
        let input = block
        block = ByteBlock(capacity: isLast ? 0 : compression.blockSize)
        let piece: CompressionPiece
        if gzip != nil {
            piece = gzip?.piece(input, isLast: isLast) ?? CompressionPiece(input)
        } else {
            if zstd == nil, case .zstd(let level) = compression {
                zstd = ZstdEncoder(
                    level: level, workers: isLast ? 0 : workers, size: isLast ? input.count : nil)
            }
            piece = ZstdPiece(input, isLast: isLast, encoder: zstd)
        }
        held += input.capacity
        pieces.append(piece)
        if isLast, pieces.count == 1, input.count < Self.shortPiece {
            compute(piece)
            return giveOut()
        }
        submit()
    }

    private func compute(_ piece: CompressionPiece) {
        piece.isSubmitted = true
        piece.run()
        piece.isComputed = true
    }

    /// Hands over what can be computed now.
    private func submit() {
        for (index, piece) in pieces.enumerated() where !piece.isSubmitted {
            // A frame's blocks follow one another.
            if zstd != nil && index > 0 { return }
            let work = Work { piece.run() }
            piece.isSubmitted = true
            piece.work = work
            pool.submit(work) { [self] in
                piece.isComputed = true
                giveOut()
                if !isOver { submit() }
            }
        }
    }

    /// Gives out the first pieces, as far as they are computed.
    private func giveOut() {
        while !isOver, let piece = pieces.first, piece.isComputed || piece.work.map(pool.isComputed) == true {
            pieces.removeFirst()
            held -= piece.input.capacity
            gzip?.complete(piece)
            if let piece = piece as? ZstdPiece { zstdMemory = piece.memory }
            if piece.output.count > 0 { output(piece.output) }
            if isFinished, pieces.isEmpty, !isOver {
                isOver = true
                ended()
            }
        }
    }
}

/// A block on its way through a compressor.
class CompressionPiece {
    let input: ByteBlock
    var output: ByteBlock
    /// What the pool was given.
    var work: Work?
    var isSubmitted = false
    var isComputed = false

    init(_ input: ByteBlock) {
        self.input = input
        output = ByteBlock(capacity: 0)
    }

    func run() {}
}
