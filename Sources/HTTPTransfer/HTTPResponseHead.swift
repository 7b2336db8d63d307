import ByteIO

/// The status line and header fields of an answer.
package struct HTTPResponseHead: @unchecked Sendable {
    /// The status code; 0 before there is one.
    package let status: Int
    /// The header lines as they came, each with its CR LF and after its length, which is a `LineLength`. Not
    /// changed any more.
    private let lines: ByteBlock

    fileprivate typealias LineLength = UInt32

    fileprivate init(status: Int, lines: ByteBlock) {
        self.status = status
        self.lines = lines
    }

    /// A head as tests write it.
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

    /// The value of the field called `name` (lower case), without white space around it; the first, if
    /// there are several.
    package func value(_ name: String) -> [UInt8]? { range(name).map { lines.bytes.extracting($0).array } }

    /// The elements of all fields called `name`, whose values are lists with commas (RFC 9110, 5.6.1), in lower case
    /// and without white space; empty ones do not count.
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

    /// The same as text; bytes that are not UTF-8 are replaced.
    package func text(_ name: String) -> String? {
        value(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same as a number that is not negative: digits and nothing else.
    package func number(_ name: String) -> Int? {
        range(name).flatMap { lines.bytes.extracting($0).decimal }
    }

    /// The same, unless there are several such fields.
    func onlyNumber(_ name: String) -> Int? {
        guard let first = field(name, from: 0), field(name, from: first.end) == nil else { return nil }
        return lines.bytes.extracting(first.value).decimal
    }

    /// Where the value is in `lines`.
    private func range(_ name: String) -> Range<Int>? { field(name, from: 0)?.value }

    /// The first field called `name` of those from `start` on: where its value is in `lines`, and where the next field
    /// begins.
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

    /// True if the bytes from `start` on, in any case, are `name`, in lower case.
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

/// Gathers the head of one answer after the other, line by line, in memory that is used again.
///
/// A class with a block, not a structure with arrays: libcurl calls for each line, and a structure in a class is
/// checked for exclusivity each time it changes.
package final class HTTPHeadReader {
    /// What the next line is.
    private enum Expectation {
        case statusLine, field
        /// The head that counts is here: what still comes are trailers, of no use here.
        case nothing
    }

    private var status = 0
    private var expected = Expectation.statusLine
    private var lines = ByteBlock(capacity: blockSize)
    /// Bytes of all lines that came for this answer, also of those that do not count.
    private var bytesRead = 0

    /// The most bytes of header lines that are read, with those of 1xx answers before and trailers after.
    package static let maximumSize = 256 << 10
    private static let blockSize = 2048

    package init() {}

    /// What came so far; nothing may be appended while somebody has it.
    package var head: HTTPResponseHead { HTTPResponseHead(status: status, lines: lines) }

    /// True once the empty line has come that ends the head that counts.
    package var isWhole: Bool { expected == .nothing }

    /// Takes one line. Only the first one of a head is a status line, whatever others look like; 1xx answers come
    /// before the one that counts.
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

    /// Forgets the answer. Anyone who has its head keeps that.
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

    /// `HTTP/1.1 200 OK`: three digits after the first space (RFC 9112, 4). Nil if it is no status line.
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
