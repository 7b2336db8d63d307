import ByteIO

/// A key that is assembled from literal text and values.
struct KeyText: ~Copyable {
    /// A value that is empty, `.` or `..`: only these can make a segment `.` or `..`.
    private struct DotValue {
        let offset: Int
        let count: Int
    }

    /// The key so far. Text that needs no encoding is appended here directly.
    var bytes = ByteBuffer()

    private var dotValues: [DotValue] = []
    private var scratch = ByteBuffer()

    mutating func removeAll() {
        bytes.removeAll()
        if !dotValues.isEmpty { dotValues.removeAll(keepingCapacity: true) }
    }

    /// Appends a value, percent-encoded unless it is to be inserted unchanged.
    mutating func insert(_ value: RawSpan, isRaw: Bool) {
        guard !isRaw else { return bytes.append(value) }
        if value.byteCount <= 2, (0..<value.byteCount).allSatisfy({ value[$0] == UInt8(ascii: ".") }) {
            dotValues.append(DotValue(offset: bytes.count, count: value.byteCount))
        }
        ValueEncoding.append(value, to: &bytes)
    }

    /// Encodes the dots of values where they make a segment `.` or `..`.
    ///
    /// - Throws: `dotSegment` if a segment consists of literal dots alone because a value is empty.
    mutating func encodeDotSegments() throws(LineFault.Reason) {
        guard !dotValues.isEmpty else { return }
        scratch.removeAll()
        var start = 0
        while start <= bytes.count {
            let end = bytes.bytes.firstIndex(of: UInt8(ascii: "/"), from: start) ?? bytes.count
            try appendSegment(start..<end)
            if end < bytes.count { scratch.append(UInt8(ascii: "/")) }
            start = end + 1
        }
        swap(&bytes, &scratch)
    }

    private mutating func appendSegment(_ segment: Range<Int>) throws(LineFault.Reason) {
        let isDots = (1...2).contains(segment.count) && segment.allSatisfy { bytes[$0] == UInt8(ascii: ".") }
        let values = dotValues.filter { $0.offset >= segment.lowerBound && $0.offset <= segment.upperBound }
        guard isDots, !values.isEmpty else {
            for offset in segment { scratch.append(bytes[offset]) }
            return
        }
        guard values.contains(where: { $0.count > 0 }) else { throw .dotSegment }
        for offset in segment {
            if values.contains(where: { $0.offset <= offset && offset < $0.offset + $0.count }) {
                PercentEscaping.append(UInt8(ascii: "."), to: &scratch)
            } else {
                scratch.append(UInt8(ascii: "."))
            }
        }
    }
}
