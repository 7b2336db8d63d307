import ByteIO

/// The first bytes of an input, which show its format if it is not JSON.
struct InputHead: Sendable {
    private var bytes: [UInt8] = []

    /// Keeps the new bytes of `unread`, which starts at byte `start` of the input.
    mutating func keep(_ unread: RawSpan, from start: Int) {
        guard bytes.count < ForeignEncoding.longestMark else { return }
        let known = bytes.count - start
        let end = min(unread.byteCount, ForeignEncoding.longestMark - start)
        if known >= 0, known < end { bytes += unread.extracting(known..<end).array }
    }

    /// Whether the next bytes may explain the invalid byte at `place` of `unread` better.
    func mayTellMore(
        of reason: JSONSyntaxError, at place: Int, of unread: RawSpan, from start: Int,
        _ supply: ValueSplitter.Supply
    ) -> Bool {
        guard supply != .ended, case .byte(let byte) = reason.found else { return false }
        if byte == 0xEF { return unread.byteCount < place + 3 }
        return start + place <= ForeignEncoding.lastPlace && bytes.count < ForeignEncoding.longestMark
            && ForeignEncoding.mayShow(byte)
    }

    /// The same error, with the format of the input or a byte order mark recognized.
    func explained(
        _ reason: JSONSyntaxError, at place: Int, of unread: RawSpan, from start: Int
    ) -> JSONSyntaxError {
        guard case .byte(let byte) = reason.found else { return reason }
        if byte == 0xEF, place + 3 <= unread.byteCount, unread[place + 1] == 0xBB, unread[place + 2] == 0xBF {
            return JSONSyntaxError(expected: reason.expected, found: .byteOrderMark)
        }
        guard start + place <= ForeignEncoding.lastPlace, ForeignEncoding.mayShow(byte),
            let encoding = ForeignEncoding(bytes)
        else { return reason }
        return JSONSyntaxError(expected: reason.expected, found: .encoding(encoding))
    }
}
