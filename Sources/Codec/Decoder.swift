package import ByteIO

/// Decompresses an object in pieces: consecutive members or frames, and zeros between or after them, which tapes and
/// disk blocks are padded with.
package final class Decoder {
    package let format: CompressedFormat
    // One of the two.
    private let gzip: GzipInflater?
    private let zstd: ZstdDecompressor?
    /// The last member or frame has ended, and no next one has begun.
    private var isBetween = false
    private var ended = 0
    /// The library may hold output that did not fit into the last room.
    private var mayHoldOutput = false

    package init(_ format: CompressedFormat) {
        self.format = format
        gzip = format == .gzip ? GzipInflater() : nil
        zstd = format == .zstd ? ZstdDecompressor() : nil
    }

    /// Prepares for another object.
    func restart() {
        gzip?.restart()
        zstd?.restart()
        isBetween = false
        ended = 0
        mayHoldOutput = false
    }

    /// The decompressor's own memory in bytes: its window and tables.
    package var memory: Int { gzip?.memory ?? zstd?.memory ?? 0 }

    /// Decompresses from `input` and appends at most `room` bytes to `output`, also those that did not fit before.
    ///
    /// - Returns: how many bytes of `input` were consumed: all of them unless `room` was too small.
    package func decode(
        _ input: RawSpan, into output: ByteBlock, room: Int
    ) throws(CodecError) -> Int {
        // libzstd takes repeated calls that change nothing for an endless loop, which is an error.
        guard input.byteCount > 0 || mayHoldOutput else { return 0 }
        var used = 0
        var left = room
        defer { mayHoldOutput = left == 0 }
        while left > 0 {
            if isBetween {
                while used < input.byteCount, input[used] == 0 { used += 1 }
                guard used < input.byteCount else { break }
                // The library would notice only later, and call it corrupt.
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
                // Either the input is consumed or there is no room.
                if used == input.byteCount && left > 0 { return used }
            case .corrupt(let reason, let isHeader):
                // What follows a whole member without a header is not a member.
                throw error(isHeader && ended > 0 ? .trailingGarbage : .corrupt(reason))
            }
        }
        return used
    }

    /// Decompresses from `slices`, and removes what it has consumed, until `block` has `size` bytes or nothing is left.
    ///
    /// - Parameter consumed: counts the consumed bytes, but not those of a slice with an error.
    package func fill(
        _ block: ByteBlock, to size: Int, from slices: inout [ByteSlice], consumed: inout Int
    ) throws(CodecError) {
        var next = 0
        defer { slices.removeFirst(next) }
        repeat {
            // Decodes without input too, for output that did not fit into the last block.
            let input = next < slices.count ? slices[next] : ByteSlice(block, 0..<0)
            let used = try decode(input.bytes, into: block, room: size - block.count)
            consumed += used
            guard next < slices.count else { return }
            if used == input.count { next += 1 } else { slices[next] = input.dropFirst(used) }
        } while block.count < size && next < slices.count
    }

    /// The input has ended.
    ///
    /// - Throws: `truncated` unless a member or frame has just ended.
    package func end() throws(CodecError) {
        guard isBetween else { throw error(.truncated) }
    }

    private func error(_ kind: CodecError.Kind) -> CodecError { CodecError(format, kind) }
}

/// The result of a library's decompression step.
struct DecodingStep {
    enum State {
        /// The member or frame has ended.
        case ended
        case more
        /// The library's text; and whether the error is in the header of a member or frame.
        case corrupt(String, isHeader: Bool)
    }

    let consumed: Int
    let state: State
}
