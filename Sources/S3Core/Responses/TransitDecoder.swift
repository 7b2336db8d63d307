import ByteIO
import Codec
import HTTPTransfer

/// Decompresses, incrementally, a response body that an intermediary compressed.
final class TransitDecoder {
    private let decoder: Decoder
    private let block = ByteBlock(capacity: blockSize)
    /// The number of bytes of `block` that were delivered.
    private var taken = 0
    /// The number of bytes of the next input that are already decoded: a paused transfer delivers the same
    /// bytes again.
    private var decoded = 0

    private static let blockSize = 64 << 10

    init(_ format: CompressedFormat) { decoder = Decoder(format) }

    /// Decodes `bytes` and passes the output to `take`, until all is consumed or `take` returns something
    /// other than `taken`.
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

    /// Checks that the body is complete.
    func end() throws(CodecError) { try decoder.end() }

    /// Decodes all of `body`; nil if it is invalid, or its output exceeds `limit` bytes.
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
    /// Creates a response from a gathered body. S3 does not compress responses, so a compressed one was
    /// compressed in transit and is decompressed.
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
