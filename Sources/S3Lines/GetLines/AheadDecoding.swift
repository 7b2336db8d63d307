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
