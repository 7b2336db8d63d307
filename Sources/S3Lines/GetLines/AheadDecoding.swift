import ByteIO
import Codec

/// Decompresses the start of an object in another thread before the object's turn.
///
/// `ObjectLines` lends it the decoder and the bytes and takes back the result. No other code may touch them
/// meanwhile.
final class AheadDecoding {
    private let decoder: Decoder
    private let limit: Int
    private let blockSize: Int
    /// The input that is left, and the number of bytes used.
    private(set) var stored: [ByteSlice]
    private(set) var consumedBytes = 0
    /// The output; all blocks but the last are full.
    private(set) var blocks: [ByteBlock] = []
    private(set) var problem: CodecError?

    /// - Parameter limit: no further block is filled once the output exceeds this many bytes.
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
            do {
                try decoder.fill(block, to: blockSize, from: &stored, consumed: &consumedBytes)
            } catch { return problem = error }
            if block.count > 0 { blocks.append(block) }
            count += block.count
            if block.count < blockSize { return }
        }
    }
}

/// Decompresses waiting objects in parallel, as far as there are processors.
extension GetLines {
    /// Notes that an object has arrived completely.
    func noteWhole(_ fetch: ObjectFetch) {
        let object = fetch.object
        guard options.threads > 1, fetch.isLast, fetch.error == nil, object.fetches.count == 1,
            object.lines.isHeldBack,
            !options.isRaw && fetch.mayBeCompressed
                || object.lines.isHashedInBackground(fetch.receivedBytes)
        else { return }
        undecoded.append(object.number)
    }

    /// Starts to decompress objects in order of their turn, as far as memory allows.
    func decodeAhead() {
        guard !undecoded.isEmpty, pool.pending < 2 * options.threads else { return }
        undecoded.sort()
        while pool.pending < 2 * options.threads, let number = undecoded.first {
            window.outside = outsideBytes
            guard window.canHold(options.chunkSize) else { return }
            undecoded.removeFirst()
            // It may have been dropped, or decompressed in its turn for lack of memory.
            guard let object = objects[number], object.fetches.count == 1,
                object.fetches.first?.hasEnded == true, object.lines.consumedBytes == 0
            else { continue }
            begin(decoding: object)
        }
    }

    /// The memory that objects to be fetched must leave free: the threads would otherwise wait for memory that is
    /// taken by objects waiting for a thread.
    var decodingReserve: Int {
        undecoded.isEmpty ? 0 : min(2 * options.threads * options.chunkSize, options.memory / 2)
    }

    private func begin(decoding object: WindowObject) {
        do { _ = try object.takeFetched() } catch { return object.problem = error }
        hashInBackground(object)
        guard let decoding = object.lines.lend(limit: options.chunkSize) else { return }
        object.decoding = decoding
        objects.recount(object)
        pool.submit(Work { decoding.run() }) { [unowned self] in
            // The object may have been dropped meanwhile.
            guard object.decoding === decoding else { return }
            object.decoding = nil
            object.lines.takeBack(decoding)
            window.gaveOut(decoding.consumedBytes, of: object.number)
            objects.recount(object)
            if !options.keepsOrder { changed.insert(object.number) }
        }
    }
}
