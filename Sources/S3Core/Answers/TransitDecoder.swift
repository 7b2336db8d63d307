import ByteIO
import Codec
import HTTPTransfer

/// Undoes what something on the way did to the body of one answer, piece by piece.
final class TransitDecoder {
    private let decoder: Decoder
    private let block = ByteBlock(capacity: blockSize)
    /// Bytes of `block` that were taken.
    private var taken = 0
    /// Bytes that were decoded already of what comes next: a transfer that was paused gives them again.
    private var decoded = 0

    private static let blockSize = 64 << 10

    init(_ format: CompressedFormat) { decoder = Decoder(format) }

    /// Decodes `bytes`, and gives what comes of them to `take`, until all is taken or it wants something else.
    func decode(_ bytes: RawSpan, _ take: (RawSpan) -> Received) throws(CodecError) -> Received {
        let block = block
        while true {
            if taken < block.count {
                let received = take(block.bytes.extracting(droppingFirst: taken))
                guard received == .taken else { return received }
            }
            block.removeAll()
            taken = 0
            let rest = bytes.extracting(droppingFirst: decoded)
            decoded += try decoder.decode(rest, into: block, room: Self.blockSize)
            if block.count == 0 {
                decoded = 0
                return .taken
            }
        }
    }

    /// The answer has ended.
    func end() throws(CodecError) { try decoder.end() }

    /// Decodes all of `body`; nil if it is not what it should be, or more than `limit` bytes come of it.
    static func decode(_ body: [UInt8], _ format: CompressedFormat, limit: Int) -> [UInt8]? {
        let decoder = TransitDecoder(format)
        var whole: [UInt8] = []
        let received = try? decoder.decode(body.bytes) { bytes in
            guard whole.count + bytes.byteCount <= limit else { return .cancel }
            whole += bytes.array
            return .taken
        }
        guard received == .taken, (try? decoder.end()) != nil else { return nil }
        return whole
    }
}

extension S3Response {
    /// An answer whose body was gathered. S3 compresses none: what something on the way has done to it is undone.
    init(head: HTTPResponseHead, received body: [UInt8]) {
        let codings = body.isEmpty ? [] : head.contentCodings
        let format: CompressedFormat? =
            switch codings {
            case ["gzip"]: .gzip
            case ["zstd"]: .zstd
            default: nil
            }
        let decoded = format.flatMap {
            TransitDecoder.decode(body, $0, limit: S3Client.maximumGatheredSize)
        }
        self.init(head: head, body: decoded ?? body)
    }
}
