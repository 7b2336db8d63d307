import ByteIO
package import S3Core

/// What the files of a cursor hold: a line for each location, `LOCATION TAB KEY`; and in the file of what is looked at
/// again `LOCATION TAB FLOOR`, the floor empty if there is none, and after it a line for each key that was written,
/// `TAB KEY TAB TIME`, the time in milliseconds since 1970. Locations and keys are escaped as keys are in records.
package struct CursorText: Sendable {
    /// Why a text cannot be gone by.
    package enum Problem: Error, Equatable, Sendable {
        /// Line `line` is none, or not all of one.
        case malformed(line: Int)
        /// Line `line` is of this location.
        case elsewhere(line: Int, location: String)
    }

    private let location: Location

    package init(_ location: Location) { self.location = location }

    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")

    // MARK: writing

    package func cursor(_ place: ReadCursor.Place) -> [UInt8] {
        var text = locationField
        text.append(Self.tab)
        KeyEscaping.escape(place.key.bytes, into: &text)
        text.append(Self.newline)
        return text
    }

    package func recentKeys(_ place: ReadCursor.Place) -> [UInt8] {
        var text = locationField
        text.append(Self.tab)
        if let floor = place.recent.floor { KeyEscaping.escape(floor.bytes, into: &text) }
        text.append(Self.newline)
        for entry in place.recent.entries {
            text.append(Self.tab)
            let key = entry.key
            KeyEscaping.escape(key.bytes, into: &text)
            text.append(Self.tab)
            text += String(entry.time).utf8
            text.append(Self.newline)
        }
        return text
    }

    private var locationField: [UInt8] {
        let whole =
            [UInt8]("s3://\(location.bucket)".utf8)
            + (location.prefix.isEmpty ? [] : [0x2F] + location.prefix)
        var field: [UInt8] = []
        KeyEscaping.escape(whole.bytes, into: &field)
        return field
    }

    // MARK: reading

    /// The place that `text` holds.
    ///
    /// - Parameter recent: what is kept of the keys that are looked at again, if it is.
    package func place(_ text: [UInt8]) throws(Problem) -> ReadCursor.Place {
        let lines = try Self.lines(text)
        guard let fields = lines.first, lines.count == 1 else {
            throw .malformed(line: min(2, lines.count + 1))
        }
        guard fields.count == 2 else { throw .malformed(line: 1) }
        try check(fields[0], line: 1)
        return ReadCursor.Place(key: try key(fields[1], line: 1))
    }

    /// Adds to `place` what `text` holds of the keys that are looked at again.
    ///
    /// The place is what counts. Where it is none that the text can be of, because it was written by hand or by a
    /// run that looks at nothing again, it stays as it is. Of keys after it nothing is known.
    package func add(_ text: [UInt8], to place: inout ReadCursor.Place) throws(Problem) {
        let lines = try Self.lines(text)
        guard let fields = lines.first, fields.count == 2 else { throw .malformed(line: 1) }
        try check(fields[0], line: 1)
        let floor = fields[1].isEmpty ? nil : try key(fields[1], line: 1)
        var entries: [RecentKeys.Entry] = []
        for (index, fields) in lines.dropFirst().enumerated() {
            let stamp = fields.last ?? []
            guard fields.count == 3, fields[0].isEmpty, let time = stamp.bytes.decimal else {
                throw .malformed(line: index + 2)
            }
            entries.append(RecentKeys.Entry(key: try key(fields[1], line: index + 2), time: time))
        }
        let recent = RecentKeys(after: floor, entries)
        guard let last = recent.entries.last, !last.key.precedes(place.key),
            floor.map({ !place.key.precedes($0) }) ?? true
        else { return }
        let before = entries.filter { !place.key.precedes($0.key) }
        place.recent = RecentKeys(after: floor, before)
    }

    /// Each line's fields; all but nothing ends in a newline.
    private static func lines(_ text: [UInt8]) throws(Problem) -> [[[UInt8]]] {
        var lines = text.split(separator: newline, omittingEmptySubsequences: false)
        guard let rest = lines.popLast(), rest.isEmpty else { throw .malformed(line: lines.count + 1) }
        return lines.map { $0.split(separator: tab, omittingEmptySubsequences: false).map { [UInt8]($0) } }
    }

    private func check(_ field: [UInt8], line: Int) throws(Problem) {
        guard field != locationField else { return }
        guard field.starts(with: "s3://".utf8) else { throw .malformed(line: line) }
        throw .elsewhere(line: line, location: Diagnostics.printable(field))
    }

    private func key(_ field: [UInt8], line: Int) throws(Problem) -> [UInt8] {
        var key: [UInt8] = []
        do {
            try KeyEscaping.unescape(field.bytes, into: &key)
            _ = try location.objectKey(key)
        } catch { throw .malformed(line: line) }
        return key
    }
}
