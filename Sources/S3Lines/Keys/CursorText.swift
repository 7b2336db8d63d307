import ByteIO
package import S3Core

/// The format of the cursor files. The cursor has a line for each location, `LOCATION TAB KEY`. The lookback
/// file has `LOCATION TAB FLOOR`, with an empty floor if there is none, followed by a line for each written
/// key, `TAB KEY TAB TIME`, with the time in milliseconds since 1970. Locations and keys are escaped as in
/// records.
package struct CursorText: Sendable {
    /// Why a text cannot be used.
    package enum Problem: Error, Equatable, Sendable {
        /// Line `line` is invalid or incomplete.
        case malformed(line: Int)
        /// Line `line` belongs to this other location.
        case elsewhere(line: Int, location: String)
    }

    private let location: Location
    private let pattern: PrefixPattern?

    /// - Parameter pattern: matches the prefixes that have a line each; nil for the location alone.
    package init(_ location: Location, pattern: PrefixPattern? = nil) {
        self.location = location
        self.pattern = pattern
    }

    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")
    private static let slash = UInt8(ascii: "/")

    // MARK: writing

    package func cursor(_ places: ReadCursors.Places) -> [UInt8] {
        var text: [UInt8] = []
        for (prefix, place) in inOrder(places) { append(prefix, place.key, to: &text) }
        return text
    }

    package func recentKeys(_ places: ReadCursors.Places) -> [UInt8] {
        var text: [UInt8] = []
        for (prefix, place) in inOrder(places) {
            append(prefix, place.recent.floor ?? [], to: &text)
            for entry in place.recent.entries {
                text.append(Self.tab)
                let key = entry.key
                KeyEscaping.escape(key.bytes, into: &text)
                text.append(Self.tab)
                text += String(entry.time).utf8
                text.append(Self.newline)
            }
        }
        return text
    }

    private func inOrder(_ places: ReadCursors.Places) -> [(key: [UInt8], value: ReadCursor.Place)] {
        places.sorted { $0.key.precedes($1.key) }
    }

    private func append(_ prefix: [UInt8], _ key: [UInt8], to text: inout [UInt8]) {
        let prefix = location.prefix + prefix
        let place = bucket + (prefix.isEmpty ? [] : [Self.slash] + prefix)
        KeyEscaping.escape(place.bytes, into: &text)
        text.append(Self.tab)
        KeyEscaping.escape(key.bytes, into: &text)
        text.append(Self.newline)
    }

    private var bucket: [UInt8] { [UInt8]("s3://\(location.bucket)".utf8) }

    // MARK: reading

    /// Reads the places from the cursor file.
    package func places(_ text: [UInt8]) throws(Problem) -> ReadCursors.Places {
        var places: ReadCursors.Places = [:]
        let lines = try Self.lines(text)
        guard !lines.isEmpty else { throw .malformed(line: 1) }
        for (index, fields) in lines.enumerated() {
            guard fields.count == 2 else { throw .malformed(line: index + 1) }
            let prefix = try prefix(fields[0], line: index + 1)
            guard places[prefix] == nil else { throw .malformed(line: index + 1) }
            places[prefix] = ReadCursor.Place(key: try key(fields[1], under: prefix, line: index + 1))
        }
        return places
    }

    /// Adds the keys of the lookback file to `places`.
    ///
    /// The places take precedence. If a place does not fit the lookback file, because it was edited or
    /// written by a run without lookback, it stays as it is. Keys after the place are ignored.
    package func add(_ text: [UInt8], to places: inout ReadCursors.Places) throws(Problem) {
        var current: (prefix: [UInt8], floor: [UInt8]?)?
        var entries: [RecentKeys.Entry] = []
        for (index, fields) in try Self.lines(text).enumerated() {
            let line = index + 1
            let first = fields.first ?? []
            if !first.isEmpty, fields.count == 2 {
                if let current { add(entries, after: current.floor, to: &places[current.prefix]) }
                let prefix = try prefix(first, line: line)
                let floor = try key(fields[1], under: prefix, line: line, mayBeNone: true)
                current = (prefix, fields[1].isEmpty ? nil : floor)
                entries = []
                continue
            }
            let stamp = fields.last ?? []
            guard let current, fields.count == 3, first.isEmpty, let time = stamp.bytes.decimal else {
                throw .malformed(line: line)
            }
            entries.append(
                RecentKeys.Entry(key: try key(fields[1], under: current.prefix, line: line), time: time))
        }
        guard let current else { throw .malformed(line: 1) }
        add(entries, after: current.floor, to: &places[current.prefix])
    }

    private func add(_ entries: [RecentKeys.Entry], after floor: [UInt8]?, to place: inout ReadCursor.Place?)
    {
        guard let key = place?.key, entries.contains(where: { !$0.key.precedes(key) }),
            floor.map({ !key.precedes($0) }) ?? true
        else { return }
        place?.recent = RecentKeys(after: floor, entries.filter { !key.precedes($0.key) })
    }

    /// The fields of each line; a nonempty text must end with a newline.
    private static func lines(_ text: [UInt8]) throws(Problem) -> [[[UInt8]]] {
        var lines = text.split(separator: newline, omittingEmptySubsequences: false)
        guard let rest = lines.popLast(), rest.isEmpty else { throw .malformed(line: lines.count + 1) }
        return lines.map { $0.split(separator: tab, omittingEmptySubsequences: false).map { [UInt8]($0) } }
    }

    /// The prefix of the location in `field`, relative to the location of this run.
    private func prefix(_ field: [UInt8], line: Int) throws(Problem) -> [UInt8] {
        var text: [UInt8] = []
        do { try KeyEscaping.unescape(field.bytes, into: &text) } catch { throw .malformed(line: line) }
        guard text.starts(with: "s3://".utf8) else { throw .malformed(line: line) }
        if text.starts(with: bucket), [nil, Self.slash].contains(text.dropFirst(bucket.count).first) {
            let whole = text.dropFirst(bucket.count + 1)
            let rest = [UInt8](whole.dropFirst(location.prefix.count))
            if whole.starts(with: location.prefix), pattern?.matches(rest) ?? rest.isEmpty { return rest }
        }
        throw .elsewhere(line: line, location: Diagnostics.printable(field))
    }

    private func key(
        _ field: [UInt8], under prefix: [UInt8], line: Int, mayBeNone: Bool = false
    ) throws(Problem) -> [UInt8] {
        var key: [UInt8] = []
        if mayBeNone, field.isEmpty { return key }
        do {
            try KeyEscaping.unescape(field.bytes, into: &key)
            _ = try location.objectKey(prefix + key)
        } catch { throw .malformed(line: line) }
        return key
    }
}
