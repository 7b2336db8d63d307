import ByteIO

/// The status line and headers of a response.
package struct HTTPResponseHead: @unchecked Sendable {
    /// The status code; 0 if none was received.
    package let status: Int
    /// The header lines as received, each with its CR LF and preceded by its length, a `LineLength`.
    /// Immutable.
    private let lines: ByteBlock

    fileprivate typealias LineLength = UInt32

    fileprivate init(status: Int, lines: ByteBlock) {
        self.status = status
        self.lines = lines
    }

    /// Creates a head for tests, or for a transfer without a response.
    package init(status: Int, headers: [HTTPHeader] = []) {
        self.init(status: status, lines: ByteBlock())
        for header in headers {
            let line = header.line + [0x0D, 0x0A]
            Self.append(line.bytes, to: lines)
        }
    }

    fileprivate static func append(_ line: RawSpan, to lines: ByteBlock) {
        unsafe withUnsafeBytes(of: LineLength(line.byteCount)) {
            unsafe lines.append(RawSpan(_unsafeBytes: $0))
        }
        lines.append(line)
    }

    /// The value of the header `name` (lower case), without surrounding white space. If it is repeated, the
    /// first.
    package func value(_ name: String) -> [UInt8]? { range(name).map { lines.bytes.extracting($0).array } }

    /// The elements of all headers `name`, whose values are comma-separated lists (RFC 9110, 5.6.1), in lower
    /// case and without white space. Empty elements are skipped.
    package func elements(_ name: String) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        var start = 0
        while let (range, end) = field(name, from: start) {
            for part in lines.bytes.extracting(range).array.split(separator: UInt8(ascii: ",")) {
                let element = part.filter { $0 != 0x20 && $0 != 0x09 }.map(Self.lowercased)
                if !element.isEmpty { elements.append(element) }
            }
            start = end
        }
        return elements
    }

    /// The value as text; bytes that are not UTF-8 are replaced.
    package func text(_ name: String) -> String? {
        value(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value as a nonnegative number; nil unless it consists of digits.
    package func number(_ name: String) -> Int? {
        range(name).flatMap { lines.bytes.extracting($0).decimal }
    }

    /// The value as a number; nil if the header is repeated.
    func onlyNumber(_ name: String) -> Int? {
        guard let first = field(name, from: 0), field(name, from: first.end) == nil else { return nil }
        return lines.bytes.extracting(first.value).decimal
    }

    /// The range of the value in `lines`.
    private func range(_ name: String) -> Range<Int>? { field(name, from: 0)?.value }

    /// The first header `name` at or after `start`: the range of its value in `lines`, and where the next
    /// header starts.
    private func field(_ name: String, from start: Int) -> (value: Range<Int>, end: Int)? {
        var name = name
        return name.withUTF8 { name in
            unsafe lines.bytes.withUnsafeBytes { lines in
                var end = start
                while end < lines.count {
                    let start = end + MemoryLayout<LineLength>.size
                    end = unsafe start + Int(lines.loadUnaligned(fromByteOffset: end, as: LineLength.self))
                    let colon = start + name.count
                    if colon < end, unsafe lines[colon] == UInt8(ascii: ":"),
                        unsafe Self.isSame(lines, start, name)
                    {
                        return unsafe (Self.trimmed(lines, colon + 1..<end), end)
                    }
                }
                return nil
            }
        }
    }

    /// True if the bytes from `start` on are `name`, which is lower case; they may be in any case.
    private static func isSame(
        _ lines: UnsafeRawBufferPointer, _ start: Int, _ name: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        for index in 0..<name.count where unsafe lowercased(lines[start + index]) != name[index] {
            return false
        }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ lines: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, unsafe isSpace(lines[start]) { start += 1 }
        while start < end, unsafe isSpace(lines[end - 1]) { end -= 1 }
        return start..<end
    }
}

/// Collects the heads of consecutive responses, line by line, in reused memory.
///
/// A class with a block instead of a struct with arrays: libcurl calls back for each line, and each change of
/// a struct inside a class is checked for exclusive access.
package final class HTTPHeadReader {
    /// The kind of the next line.
    private enum Expectation {
        case statusLine, field
        /// The final head is complete: further lines are trailers, which are ignored.
        case nothing
    }

    private var status = 0
    private var expected = Expectation.statusLine
    private var lines = ByteBlock(capacity: blockSize)
    /// The bytes of all lines of this response, including ignored ones.
    private var bytesRead = 0

    /// The size limit of header lines, including earlier 1xx responses and trailers.
    package static let maximumSize = 256 << 10
    private static let blockSize = 2048

    package init() {}

    /// The head so far. Nothing may be appended while it is in use.
    package var head: HTTPResponseHead { HTTPResponseHead(status: status, lines: lines) }

    /// True once the empty line after the final head has arrived.
    package var isWhole: Bool { expected == .nothing }

    /// Appends one line. The first line of a head is its status line, and no other is. Heads of 1xx responses
    /// before the final one are skipped.
    ///
    /// - Returns: false once there are more than `maximumSize` bytes.
    package func append(_ line: RawSpan) -> Bool {
        bytesRead += line.byteCount
        guard bytesRead <= Self.maximumSize else { return false }
        switch expected {
        case .nothing: break
        case .statusLine:
            status = Self.status(inLine: line) ?? 0
            lines.removeAll()
            expected = .field
        case .field where line.prefixLength(where: { $0 == 0x0D || $0 == 0x0A }) == line.byteCount:
            expected = (100..<200).contains(status) ? .statusLine : .nothing
        case .field: HTTPResponseHead.append(line, to: lines)
        }
        return true
    }

    /// Starts a new response. Heads that were returned stay valid.
    func removeAll() {
        status = 0
        bytesRead = 0
        expected = .statusLine
        if isKnownUniquelyReferenced(&lines) {
            lines.removeAll()
        } else {
            lines = ByteBlock(capacity: Self.blockSize)
        }
    }

    /// Parses `HTTP/1.1 200 OK`: three digits after the first space (RFC 9112, 4). Nil if it is not a status
    /// line.
    private static func status(inLine line: RawSpan) -> Int? {
        guard line.byteCount >= 5, line[0] == UInt8(ascii: "H"),
            line.extracting(first: 5).equals(statusLineStart)
        else { return nil }
        guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { return 0 }
        let digits = line.extracting(droppingFirst: space + 1)
        return digits.extracting(first: min(3, digits.prefixLength { (0x30...0x39).contains($0) })).decimal
            ?? 0
    }

    private static let statusLineStart = [UInt8]("HTTP/".utf8)
}
