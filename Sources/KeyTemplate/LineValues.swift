import ByteIO
import Digest
import JSONStream

/// The values that a key takes from its line: JSON values, columns and hashes.
struct LineValues: ~Copyable {
    private let paths: [FieldPath]
    private var lookup: FieldLookup
    /// Nil if no hash is needed: libcrypto takes a millisecond to initialize.
    private var digest: MessageDigest?
    /// A string with its escapes resolved.
    private var unescaped = ByteBuffer()

    /// - Parameters:
    ///   - paths: the paths to look up in JSON lines; a value is addressed by its path's index.
    ///   - hashes: true if SHA-256 is needed.
    init(paths: [FieldPath], hashes: Bool) {
        self.paths = paths
        digest = hashes ? MessageDigest(.sha256) : nil
        lookup = FieldLookup(paths)
    }

    /// Takes the next line. It must be JSON only if there is a path to look up.
    mutating func read(_ line: RawSpan) throws(LineFault) {
        guard !paths.isEmpty else { return }
        do throws(FieldLookup.Malformed) {
            try lookup.find(in: line)
        } catch {
            throw LineFault(.notJSON(error))
        }
    }

    /// Inserts the value at a path of the current line.
    ///
    /// - Parameter skipsEmpty: whether an empty value counts as missing.
    /// - Returns: false if it is missing.
    mutating func insertValue(
        _ path: Int, of line: RawSpan, isRaw: Bool, skipsEmpty: Bool, into key: inout KeyText
    ) throws(LineFault.Reason) -> Bool {
        let value = lookup.value(path)
        let text = line.extracting(value.range)
        switch value.kind {
        case .missing, .null: return false
        case .object, .array: throw .notScalar
        case .string where skipsEmpty && text.byteCount == 0: return false
        case .string:
            guard text.isUTF8 else { throw .notUTF8 }
            if value.hasEscapes {
                try unescape(text)
                key.insert(unescaped.bytes, isRaw: isRaw)
            } else {
                key.insert(text, isRaw: isRaw)
            }
        case .number, .true, .false: key.insert(text, isRaw: isRaw)
        }
        return true
    }

    /// Inserts the time at a path of the current line, formatted.
    ///
    /// - Parameter skipsEmpty: whether an empty value counts as missing.
    /// - Returns: false if it is missing.
    mutating func insertTime(
        _ path: Int, of line: RawSpan, _ format: inout FormattedTimes, skipsEmpty: Bool,
        into key: inout KeyText
    ) throws(LineFault.Reason) -> Bool {
        let value = lookup.value(path)
        let text = line.extracting(value.range)
        let seconds: Int?
        switch value.kind {
        case .missing, .null: return false
        case .object, .array: throw .notScalar
        case .string where skipsEmpty && text.byteCount == 0: return false
        case .string where value.hasEscapes:
            try unescape(text)
            seconds = EventTime.seconds(ofText: unescaped.bytes)
        case .string: seconds = EventTime.seconds(ofText: text)
        case .number: seconds = EventTime.seconds(ofNumber: text)
        case .true, .false: seconds = nil
        }
        guard let seconds else {
            if value.hasEscapes { throw Self.notTime(unescaped.bytes) }
            throw Self.notTime(text)
        }
        format.append(seconds, to: &key.bytes)
        return true
    }

    private static func notTime(_ value: RawSpan) -> LineFault.Reason {
        let length = 40
        let shown = value.extracting(first: min(length, value.byteCount))
        return .notTime(
            value: Diagnostics.printable(shown.array) + (value.byteCount > length ? "..." : ""),
            lacksOffset: EventTime.lacksOffset(value))
    }

    private mutating func unescape(_ text: RawSpan) throws(LineFault.Reason) {
        unescaped.removeAll()
        do {
            try JSONStringText.unescape(text, into: &unescaped)
        } catch {
            // The lookup has already validated the escapes.
            throw .loneSurrogate
        }
    }

    /// Inserts a TAB-separated column, counted from 1.
    ///
    /// - Parameter skipsEmpty: whether an empty column counts as missing.
    /// - Returns: false if the line has fewer columns.
    func insertColumn(
        _ number: Int, of line: RawSpan, isRaw: Bool, skipsEmpty: Bool, into key: inout KeyText
    ) -> Bool {
        var start = 0
        for _ in 1..<number {
            guard let tab = line.firstIndex(of: UInt8(ascii: "\t"), from: start) else { return false }
            start = tab + 1
        }
        let end = line.firstIndex(of: UInt8(ascii: "\t"), from: start) ?? line.byteCount
        if skipsEmpty, start == end { return false }
        key.insert(line.extracting(start..<end), isRaw: isRaw)
        return true
    }

    /// Inserts the leading hexadecimal digits of the line's SHA-256.
    mutating func insertSHA256(of line: RawSpan, digits: Int, into key: inout KeyText) {
        let start = key.bytes.count
        digest?.update(line)
        digest?.finish(hexadecimalInto: &key.bytes)
        key.bytes.truncate(to: start + digits)
    }

    /// Inserts the leading hexadecimal digits of the line's CRC-32.
    func insertCRC32(of line: RawSpan, digits: Int, into key: inout KeyText) {
        let checksum = CRC.checksum(line, .crc32).value
        Hexadecimal.append(checksum >> UInt64(4 * (8 - digits)), digits: digits, to: &key.bytes)
    }
}
