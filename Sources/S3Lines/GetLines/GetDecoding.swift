import ByteIO
import Codec

/// The decompression of an object's first bytes by another thread, ahead of the object's turn.
///
/// It is lent what it needs by `ObjectLines`, and gives back what became of it. It is left alone between.
final class AheadDecoding {
    private let decoder: Decoder
    private let limit: Int
    private let blockSize: Int
    /// What was not used yet, and how many bytes were.
    private(set) var stored: [ByteSlice]
    private(set) var consumedBytes = 0
    /// What came out; all but the last one are full.
    private(set) var blocks: [ByteBlock] = []
    private(set) var problem: CodecError?

    /// - Parameter limit: once there are more bytes than that, no other block is filled.
    init(_ decoder: Decoder, _ stored: [ByteSlice], limit: Int, blockSize: Int) {
        self.decoder = decoder
        self.stored = stored
        self.limit = limit
        self.blockSize = blockSize
    }

    func run() {
        var count = 0
        while count <= limit {
            let block = ByteBlock(capacity: blockSize)
            do { try fill(block) } catch { return problem = error }
            if block.count > 0 { blocks.append(block) }
            count += block.count
            if block.count < blockSize { return }
        }
    }

    private func fill(_ block: ByteBlock) throws(CodecError) {
        var next = 0
        defer { stored.removeFirst(next) }
        repeat {
            // Without input too: what did not fit the last block comes first.
            let input = next < stored.count ? stored[next] : ByteSlice(block, 0..<0)
            let used = try decoder.decode(input.bytes, into: block, room: blockSize - block.count)
            consumedBytes += used
            guard next < stored.count else { return }
            if used == input.count { next += 1 } else { stored[next] = input.dropFirst(used) }
        } while block.count < blockSize && next < stored.count
    }
}

/// Objects that wait for their turn are decompressed meanwhile, several at once, where there are processors for it.
extension GetLines {
    /// All of an object has come.
    func noteWhole(_ fetch: ObjectFetch) {
        let object = fetch.object
        guard options.threads > 1, fetch.isLast, fetch.error == nil, object.fetches.count == 1,
            object.lines.isHeldBack,
            !options.isRaw && fetch.mayBeCompressed
                || object.lines.isHashedBeside(fetch.receivedBytes)
        else { return }
        undecoded.append(object.number)
    }

    /// Lets objects be decompressed, those first whose turn comes first, as far as there is memory.
    func decodeAhead() {
        guard !undecoded.isEmpty, pool.pending < 2 * options.threads else { return }
        undecoded.sort()
        while pool.pending < 2 * options.threads, let number = undecoded.first {
            window.outside = run.output.queuedBytes + carriedBytes
            guard window.canHold(options.chunkSize) else { return }
            undecoded.removeFirst()
            // The one at the head of the line is decompressed as it is written; others may have been dropped.
            guard number != window.head, let object = objects[number], object.fetches.count == 1,
                object.fetches.first?.hasEnded == true
            else { continue }
            begin(decoding: object)
        }
    }

    private func begin(decoding object: WindowObject) {
        do { _ = try object.takeFetched() } catch { return object.problem = error }
        hashBeside(object)
        guard let decoding = object.lines.lend(limit: options.chunkSize) else { return }
        object.decoding = decoding
        recount(object)
        pool.submit(Work { decoding.run() }) { [unowned self] in
            // It may have been dropped meanwhile.
            guard object.decoding === decoding else { return }
            object.decoding = nil
            object.lines.takeBack(decoding)
            window.gaveOut(decoding.consumedBytes, of: object.number)
            recount(object)
            if !options.keepsOrder { changed.insert(object.number) }
        }
    }

    /// Counts what is kept of `object` again.
    func recount(_ object: WindowObject) {
        let carried = object.carriedBytes
        carriedBytes += carried - object.countedBytes
        object.countedBytes = carried
    }
}
