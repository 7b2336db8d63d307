package import ByteIO

/// Compresses one object on all processors. The output depends only on the object's bytes and the options: not on the
/// number of processors, on how the bytes arrived, or on other objects.
///
///     append -> block -> piece -> WorkPool -> pieces in their order -> read
///
/// A gzip object is one member whose blocks are compressed in parallel, each with the end of the block before as its
/// dictionary, as pigz(1) does. A zstd object is one frame whose blocks are compressed in order, by libzstd's own
/// threads. An object of one block needs neither.
package final class ObjectCompressor {
    package let compression: Compression
    private let pool: WorkPool
    /// libzstd's threads for one object; 0 if several objects are compressed in parallel instead.
    private let workers: Int
    /// Nil once there is no more output: the closure may retain the owner of this compressor.
    private var ready: (() -> Void)?

    /// Bytes that belong to no piece yet.
    private var block: ByteBlock
    private var gzip: GzipMember?
    private var zstd: ZstdEncoder?
    /// The library's memory at its last report, in bytes.
    private var zstdMemory = 0
    /// Pieces that are not known to be compressed, in order.
    private var pieces: [CompressionPiece] = []
    /// Output that was not read, in order, and how many bytes of the first block were.
    private var outputs = Queue<ByteBlock>()
    private var used = 0
    private var isFinished = false
    private var isCancelled = false
    /// Memory of the pieces and of the output, in bytes.
    private var held = 0

    /// A piece up to this size is compressed immediately: handing it to another thread would take as long.
    private static let shortPiece = 2048
    private static let firstCapacity = 256

    /// - Parameters:
    ///   - workers: libzstd's threads for this object, at least 1; the output does not depend on their number. 0 if
    ///     several objects are compressed in parallel.
    ///   - ready: called from within `pool.handBack` when there is output to be read, or none will follow.
    package init(
        _ compression: Compression, pool: WorkPool, workers: Int, ready: @escaping () -> Void
    ) {
        self.compression = compression
        self.pool = pool
        self.workers = workers
        self.ready = ready
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

    /// The same; all output can be read when this returns.
    package func finishNow() {
        finish()
        while let piece = pieces.first {
            if let work = piece.work { pool.wait(for: work) }
            settle()
        }
    }

    /// No more output is needed.
    package func cancel() {
        isCancelled = true
        ready = nil
        pieces.removeAll()
        outputs.removeAll()
    }

    /// The number of bytes that one `read` can return at once; more may follow.
    package var readable: Int {
        settle()
        return outputs.first.map { $0.count - used } ?? 0
    }

    /// True once all output was read and none follows.
    package var isAtEnd: Bool { isFinished && pieces.isEmpty && outputs.isEmpty }

    /// Appends the next bytes of the output to `output`, at most `room`.
    ///
    /// - Returns: how many; all of `readable`, if there is room for them.
    package func read(into output: ByteBlock, room: Int) -> Int {
        settle()
        guard let block = outputs.first else { return 0 }
        let count = min(room, block.count - used)
        output.append(block.bytes.extracting(used..<used + count))
        used += count
        if used == block.count {
            _ = outputs.popFirst()
            held -= block.capacity
            used = 0
        }
        return count
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
        let previous = pieces.last
        pieces.append(piece)
        if isLast, previous == nil, input.count < Self.shortPiece {
            piece.run(in: pool.workspace)
            piece.isComputed = true
            settle()
            return
        }
        let work = Work { piece.run(in: $0) }
        piece.work = work
        // A frame's blocks are compressed in order.
        pool.submit(work, after: zstd == nil ? nil : previous?.work) { [self] in
            piece.isComputed = true
            guard !isCancelled else { return }
            let ready = ready
            if settle() { ready?() }
        }
    }

    /// Moves the first pieces that are computed to the output.
    ///
    /// - Returns: false if there were none.
    @discardableResult
    private func settle() -> Bool {
        let before = pieces.count
        while let piece = pieces.first, piece.isComputed || piece.work.map(pool.isComputed) == true {
            pieces.removeFirst()
            held -= piece.input.capacity
            gzip?.complete(piece)
            if let piece = piece as? ZstdPiece { zstdMemory = piece.memory }
            guard piece.output.count > 0 else { continue }
            outputs.append(piece.output)
            held += piece.output.capacity
        }
        if isFinished, pieces.isEmpty { ready = nil }
        return pieces.count < before
    }
}

/// A block on its way through a compressor.
class CompressionPiece {
    let input: ByteBlock
    var output: ByteBlock
    /// The work that was submitted to the pool.
    var work: Work?
    var isComputed = false

    init(_ input: ByteBlock) {
        self.input = input
        output = ByteBlock(capacity: 0)
    }

    /// - Parameter workspace: of the thread that runs it.
    func run(in workspace: Workspace) {}
}
