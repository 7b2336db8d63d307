import ByteIO

/// The status line and header fields of an answer.
package struct HTTPResponseHead: Sendable {
    /// The status code; 0 before there is one.
    package private(set) var status = 0
    /// The header lines as they came, each with its CR LF.
    private var lines: [UInt8] = []
    /// Where each of them starts.
    private var starts: [Int] = []
    /// Bytes of all lines that came for this answer, also of those that do not count.
    private var bytesRead = 0

    /// The most bytes of header lines that are read, with those of 1xx answers before and trailers behind.
    package static let maximumSize = 256 << 10

    package init() {}

    /// A head as tests write it.
    package init(status: Int, headers: [HTTPHeader] = []) {
        self.status = status
        for header in headers {
            starts.append(lines.count)
            lines += header.name + [UInt8(ascii: ":")] + header.value + [0x0D, 0x0A]
        }
    }

    /// The value of the field called `name` (lower case), without white space around it; the first, if
    /// there are several.
    package func value(_ name: String) -> [UInt8]? { range(name).map { Array(lines[$0]) } }

    /// The same as text; bytes that are not UTF-8 are replaced.
    package func text(_ name: String) -> String? {
        range(name).map { String(decoding: lines[$0], as: UTF8.self) }
    }

    /// The same as a number that is not negative: digits and nothing else.
    package func number(_ name: String) -> Int? {
        range(name).flatMap { lines.bytes.extracting($0).decimal }
    }

    /// Where the value is in `lines`.
    private func range(_ name: String) -> Range<Int>? {
        var name = name
        return name.withUTF8 { name in
            unsafe lines.withUnsafeBytes { lines in
                for (index, start) in starts.enumerated() {
                    let end = index + 1 < starts.count ? starts[index + 1] : lines.count
                    let colon = start + name.count
                    if colon < end, unsafe lines[colon] == UInt8(ascii: ":"),
                        unsafe Self.isSame(lines, start, name)
                    {
                        return unsafe Self.trimmed(lines, colon + 1..<end)
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

    /// Takes one line, as libcurl hands them out: a status line starts anew, since 1xx answers come before
    /// the one that counts.
    ///
    /// - Parameter isTrailer: whether it stands behind the body, where it is of no use here.
    /// - Returns: false once there are more than `maximumSize` bytes.
    package mutating func append(line: UnsafeRawBufferPointer, isTrailer: Bool = false) -> Bool {
        bytesRead += line.count
        guard bytesRead <= Self.maximumSize else { return false }
        if isTrailer { return true }
        if unsafe Self.isStatusLine(line) {
            status = unsafe Self.status(inLine: line)
            lines.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
            return true
        }
        starts.append(lines.count)
        unsafe lines.append(contentsOf: line)
        return true
    }

    mutating func removeAll() {
        status = 0
        bytesRead = 0
        lines.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
    }

    private static func isStatusLine(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let base = line.baseAddress, line.count >= 5 else { return false }
        return unsafe memcmp(base, "HTTP/", 5) == 0
    }

    /// `HTTP/1.1 200 OK`: three digits behind the first space (RFC 9112, 4).
    private static func status(inLine line: UnsafeRawBufferPointer) -> Int {
        guard let space = unsafe line.firstIndex(of: UInt8(ascii: " ")) else { return 0 }
        return unsafe line[(space + 1)...].prefix { (0x30...0x39).contains($0) }.prefix(3)
            .reduce(0) { $0 * 10 + Int($1 - 0x30) }
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
