package import ByteIO

/// Compresses one object on all processors. The output depends only on the object's bytes: not on the number of
/// processors, on how the bytes arrived, or on other objects.
///
///     append -> block -> piece -> WorkPool -> pieces in their order -> output
///
/// A gzip object is one member whose blocks are compressed in parallel, each with the end of the block before as its
/// dictionary, as pigz(1) does. A zstd object is one frame whose blocks are compressed in order, by libzstd's own
/// threads. An object of one block needs neither.
package final class ObjectCompressor {
    private let compression: Compression
    private let pool: WorkPool
    /// libzstd's threads for one object; 0 if several objects are compressed in parallel instead.
    private let workers: Int
    private let output: (ByteBlock) -> Void
    private let ended: () -> Void

    /// Bytes that belong to no piece yet.
    private var block: ByteBlock
    private var gzip: GzipMember?
    private var zstd: ZstdEncoder?
    /// The library's memory at its last report, in bytes.
    private var zstdMemory = 0
    /// Pieces that were not delivered yet, in order; the first ones are submitted.
    private var pieces: [CompressionPiece] = []
    private var isFinished = false
    private var isOver = false
    /// Memory of the pieces, in bytes.
    private var held = 0

    /// A piece up to this size is compressed immediately: handing it to another thread would take as long.
    private static let shortPiece = 2048
    private static let firstCapacity = 256

    /// - Parameters:
    ///   - workers: libzstd's threads for this object, at least 1; the output does not depend on their number. 0 if
    ///     several objects are compressed in parallel.
    ///   - output: receives the output, in order.
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

    /// Its memory in bytes.
    package var memory: Int { block.capacity + held + (gzip?.memory ?? 0) + zstdMemory }

    /// How many of libzstd's threads fit in `memory` bytes.
    package static func workers(_ compression: Compression, memory: Int, processors: Int) -> Int {
        guard case .zstd(let level) = compression else { return 0 }
        return max(1, min(processors, memory / ZstdEncoder.workerMemory(level: level)))
    }

    package func append(_ bytes: RawSpan) {
        var rest = bytes
        while rest.byteCount > 0 {
            // Only once more bytes exist: the last block must be marked as the last.
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

    /// The object has no more bytes.
    package func finish() {
        guard !isFinished else { return }
        isFinished = true
        cut(isLast: true)
    }

    /// The same; all output was delivered when this returns.
    package func finishNow() {
        finish()
        while !isOver, let piece = pieces.first {
            if let work = piece.work { pool.wait(for: work) } else { compute(piece) }
            giveOut()
        }
    }

    /// No more output is needed.
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

    /// Submits the pieces that can be computed now.
    private func submit() {
        for (index, piece) in pieces.enumerated() where !piece.isSubmitted {
            // A frame's blocks are compressed in order.
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

    /// Delivers the first pieces that are computed.
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
    /// The work that was submitted to the pool.
    var work: Work?
    var isSubmitted = false
    var isComputed = false

    init(_ input: ByteBlock) {
        self.input = input
        output = ByteBlock(capacity: 0)
    }

    func run() {}
}
