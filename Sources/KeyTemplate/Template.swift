package import JSONStream

/// A key template, parsed: literal text and fields, in order.
package struct Template: Equatable, Sendable {
    /// A part of the template.
    package enum Part: Equatable, Sendable {
        /// Text of every key, with `{{` and `}}` already replaced by one brace.
        case text([UInt8])
        /// The text between braces.
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

    /// True if all keys of a run differ, as batches require.
    package var givesUniqueKeys: Bool { fields.contains { $0.isUnique } }

    /// How many nanoseconds must pass until keys differ, if they differ only by time.
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
    /// One alternative for the value.
    package struct Alternative: Equatable, Sendable {
        /// Where it comes from, with the format.
        package let source: FieldSource
        /// True if `!` requests the value unchanged, without percent-encoding.
        package let isRaw: Bool
        /// As the template writes it, without `!` and format: `.user.id`.
        package let name: String
    }

    /// The first one that is present supplies the value.
    package let alternatives: [Alternative]
    /// Replaces a missing value; if it is set, an empty value counts as missing too.
    package let fallback: [UInt8]?

    /// Its name with braces, as messages name it: `{.user.id}`.
    package var name: String { "{" + alternatives.map(\.name).joined(separator: "|") + "}" }

    /// True if no two keys of a run have the same value here.
    package var isUnique: Bool { alternatives.allSatisfy { $0.source.isUnique } }
}

/// Where a field's value comes from. A `width` is the least number of digits, zeros before them.
package enum FieldSource: Equatable, Sendable {
    /// The time at which the line was read, since the epoch, in units of this many nanoseconds.
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
    /// This many random hexadecimal digits.
    case random(digits: Int)
    /// This many leading digits of the line's SHA-256.
    case sha256(digits: Int)
    /// This many leading digits of the line's CRC-32.
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

    /// True if the value comes from the line, so that it selects the batch. Hashes of the line do not: every line has
    /// its own.
    package var isOfLine: Bool {
        switch self {
        case .path, .column: true
        default: false
        }
    }

    /// True if every line has a value, so that no default is needed.
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
