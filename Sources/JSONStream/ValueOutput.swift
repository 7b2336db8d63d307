package import ByteIO

/// Writes values one per line or as an RFC 7464 sequence, until a given last value.
package struct ValueOutput: ~Copyable {
    private static let recordSeparator: UInt8 = 0x1E

    package var writer: BlockWriter
    private let isSequence: Bool
    /// The line, with its LF, that ends the output.
    private let lastLine: [UInt8]?
    /// Whether the last value was found; after it nothing is written.
    package private(set) var isEnded = false

    /// - Parameters:
    ///   - isSequence: whether to write RS before each value.
    ///   - last: the compact bytes of the value that ends the output and is not written.
    package init(_ writer: consuming BlockWriter, isSequence: Bool, until last: [UInt8]?) {
        self.writer = writer
        self.isSequence = isSequence
        lastLine = last.map { $0 + [0x0A] }
    }

    /// Writes complete lines, each a compact value and an LF.
    package mutating func write(_ lines: RawSpan) throws(SystemError) {
        guard !isEnded else { return }
        let wanted = lines.extracting(first: findLastLine(lines) ?? lines.byteCount)
        isEnded = wanted.byteCount < lines.byteCount
        if isSequence { try writeSequence(wanted) } else { try writer.append(wanted) }
    }

    private func findLastLine(_ lines: RawSpan) -> Int? {
        guard let lastLine else { return nil }
        var start = 0
        while let end = lines.firstIndex(of: 0x0A, from: start) {
            if lines.extracting(start..<end + 1).equals(lastLine) { return start }
            start = end + 1
        }
        return nil
    }

    private mutating func writeSequence(_ lines: RawSpan) throws(SystemError) {
        var start = 0
        while let end = lines.firstIndex(of: 0x0A, from: start) {
            try writer.append(Self.recordSeparator)
            try writer.append(lines.extracting(start..<end + 1))
            start = end + 1
        }
    }
}
