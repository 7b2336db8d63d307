package import ByteIO

/// Decompresses an object, piece by piece: its members or frames one after the other, and zeros between them or
/// after them, as tapes and blocks of disks are filled up.
package final class Decoder {
    package let format: CompressedFormat
    // One of the two.
    private let gzip: GzipInflater?
    private let zstd: ZstdDecompressor?
    /// The last member or frame has ended, and no other one has begun.
    private var isBetween = false
    private var ended = 0

    package init(_ format: CompressedFormat) {
        self.format = format
        gzip = format == .gzip ? GzipInflater() : nil
        zstd = format == .zstd ? ZstdDecompressor() : nil
    }

    /// The bytes that the decompressor itself takes: what it has seen, to look back at, and tables.
    package var memory: Int { gzip?.memory ?? zstd?.memory ?? 0 }

    /// Decompresses from `input`, at most `room` bytes, which are appended to `output`.
    ///
    /// - Returns: how many bytes of `input` were used: all of them unless `room` was too little.
    package func decode(
        _ input: RawSpan, into output: ByteBlock, room: Int
    ) throws(CodecError) -> Int {
        var used = 0
        var left = room
        while left > 0 {
            if isBetween {
                while used < input.byteCount, input[used] == 0 { used += 1 }
                guard used < input.byteCount else { break }
                // A library would notice only later, and call it corrupt.
                guard format.canBegin(with: input[used]) else { throw error(.trailingGarbage) }
                gzip?.restart()
                isBetween = false
            }
            let before = output.count
            let rest = input.extracting(droppingFirst: used)
            guard let step = gzip?.step(rest, output, left) ?? zstd?.step(rest, output, left) else { break }
            used += step.consumed
            left -= output.count - before
            switch step.state {
            case .ended:
                isBetween = true
                ended += 1
            case .more:
                // Either the input is used up or there is no room.
                if used == input.byteCount && left > 0 { return used }
            case .corrupt(let reason, let isHeader):
                // What follows a whole member and has no header like one is none.
                throw error(isHeader && ended > 0 ? .trailingGarbage : .corrupt(reason))
            }
        }
        return used
    }

    /// The input has ended.
    ///
    /// - Throws: `truncated` unless a member or frame had just ended.
    package func end() throws(CodecError) {
        guard isBetween else { throw error(.truncated) }
    }

    private func error(_ kind: CodecError.Kind) -> CodecError { CodecError(format, kind) }
}

/// What a library made of some bytes.
struct DecodingStep {
    enum State {
        /// The member or frame is over.
        case ended
        case more
        /// In the library's words; and whether it is the header of a member or frame that is wrong.
        case corrupt(String, isHeader: Bool)
    }

    let consumed: Int
    let state: State
}
