import ByteIO
import Codec

/// `bytes` as a gzip object.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    let compressor = ObjectCompressor(
        .gzip(level: 6), pool: WorkPool(threads: 0) {}, workers: 0, ready: {})
    compressor.append(bytes.bytes)
    compressor.finishNow()
    let output = ByteBlock(capacity: bytes.count + 1024)
    while compressor.readable > 0 {
        _ = compressor.read(into: output, room: output.capacity - output.count)
    }
    return output.bytes.array
}
