package import JSONStream

/// A key template, parsed: literal text and fields, in order.
package struct Template: Equatable, Sendable {
    /// A stretch of the template.
    package enum Part: Equatable, Sendable {
        /// Text that every key has, `{{` and `}}` already made one brace.
        case text([UInt8])
        /// What stands between braces.
        case field(Field)
    }

    /// From the first byte of the key to the last.
    package let parts: [Part]

    /// The fields alone, in order.
    package var fields: [Field] {
        parts.compactMap { part in
            guard case .field(let field) = part else { return nil }
            return field
        }
    }

    /// True if two keys of one run are different, as batches need them.
    package var givesUniqueKeys: Bool { fields.contains { $0.isUnique } }

    /// How many nanoseconds have to pass until keys differ, if only their time tells them apart.
    package var timeResolution: UInt64 {
        let unique = fields.filter(\.isUnique).flatMap(\.alternatives).map(\.source)
        let isCoarse =
            !unique.isEmpty
            && unique.allSatisfy { source in
                guard case .time(.microseconds, _) = source else { return false }
                return true
            }
        return isCoarse ? TimeUnit.microseconds.rawValue : 1
    }
}

/// One field of a template: `{SOURCE{"|"SOURCE}["?"DEFAULT]}`, where SOURCE is `FIELD["!"][":"FORMAT]`.
package struct Field: Equatable, Sendable {
    /// One place that the value may come from.
    package struct Alternative: Equatable, Sendable {
        /// Where it comes from, with the format.
        package let source: FieldSource
        /// True if `!` asks for the value as it is, without percent-encoding.
        package let isRaw: Bool
        /// As the template writes it, without `!` and format: `.user.id`.
        package let name: String
    }

    /// The first that is there gives the value.
    package let alternatives: [Alternative]
    /// What stands in for a missing value; then an empty one counts as missing too.
    package let fallback: [UInt8]?

    /// Its name with braces, as messages name it: `{.user.id}`.
    package var name: String { "{" + alternatives.map(\.name).joined(separator: "|") + "}" }

    /// True if no two keys of a run have the same value here.
    package var isUnique: Bool { alternatives.allSatisfy { $0.source.isUnique } }
}

/// Where a field's value comes from. A `width` is the least number of digits, zeros before them.
package enum FieldSource: Equatable, Sendable {
    /// The time the line was read, since the epoch, in units of so many nanoseconds.
    case time(unit: TimeUnit, width: Int)
    /// The same time in UTC.
    case now(TimeFormat)
    /// The number of the key.
    case sequence(width: Int)
    /// The number of the line, from 1.
    case lineNumber(width: Int)
    /// A UUID of version 7.
    case uuid
    /// A random UUID.
    case uuid4
    /// A ULID.
    case ulid
    /// So many random hexadecimal digits.
    case random(digits: Int)
    /// So many leading digits of the line's SHA-256.
    case sha256(digits: Int)
    /// So many leading digits of the line's CRC-32.
    case crc32(digits: Int)
    /// This machine's name.
    case host
    /// This process's number.
    case process
    /// An environment variable.
    case environment(name: String)
    /// A value of the line, which is JSON; with a format, that value as a time.
    case path(FieldPath, TimeFormat?)
    /// A TAB-separated column of the line, from 1.
    case column(Int)

    /// True if no two keys of a run have the same value here.
    package var isUnique: Bool {
        switch self {
        case .time(let unit, _): unit == .nanoseconds || unit == .microseconds
        case .sequence, .uuid, .uuid4, .ulid, .random: true
        default: false
        }
    }

    /// True for the number of the key.
    package var isSequence: Bool {
        if case .sequence = self { return true }
        return false
    }

    /// True if the value is a part of the line, which tells the line's batch. Hashes of it do not: each line has its
    /// own.
    package var isOfLine: Bool {
        switch self {
        case .path, .column: true
        default: false
        }
    }

    /// True if there is a value for every line, so that nothing need stand in for it.
    package var isAlwaysThere: Bool {
        switch self {
        case .path, .column, .environment: false
        default: true
        }
    }
}

/// The units of `ns`, `us`, `ms` and `s`; the raw value is the unit's length in nanoseconds.
package enum TimeUnit: UInt64, Sendable {
    case nanoseconds = 1
    case microseconds = 1_000
    case milliseconds = 1_000_000
    case seconds = 1_000_000_000
}
