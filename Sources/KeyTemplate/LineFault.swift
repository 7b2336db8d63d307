package import JSONStream

/// Why a line gets no key.
package struct LineFault: Error, Equatable, Sendable {
    package enum Reason: Error, Equatable, Sendable {
        /// The field is not there, or null.
        case missing
        /// The value is an object or an array.
        case notScalar
        /// The string holds a surrogate without its other half.
        case loneSurrogate
        /// The value is not well-formed UTF-8, which JSON has to be.
        case notUTF8
        /// A time was asked for, and this is none; perhaps only because it does not tell its offset from UTC.
        case notTime(value: String, lacksOffset: Bool)
        /// The line is not JSON.
        case notJSON(FieldLookup.Malformed)
        case emptyKey
        /// The key has so many bytes.
        case longKey(Int)
        case keyNotUTF8
        /// Empty values leave a segment that is `.` or `..`.
        case dotSegment
    }

    /// The field, with its braces; nil if the line or the whole key is at fault.
    package let field: String?
    package let reason: Reason

    package init(_ reason: Reason, field: String? = nil) {
        self.reason = reason
        self.field = field
    }

    /// Where in the line, in bytes from its start, if there is one such place.
    package var offset: Int? {
        guard case .notJSON(let malformed) = reason else { return nil }
        return malformed.offset
    }
}

extension LineFault: CustomStringConvertible {
    package var description: String {
        let text =
            switch reason {
            case .missing: "is missing"
            case .notScalar: "is an object or array, which cannot be part of a key"
            case .loneSurrogate: "holds half a surrogate pair"
            case .notUTF8: "is not UTF-8"
            case .notTime(let value, true):
                "is not a time: '\(value)' has no offset from UTC, such as Z or +02:00"
            case .notTime(let value, false):
                "is not a time: expected RFC 3339 text or a number since the epoch, found '\(value)'"
            case .notJSON(let malformed): "not JSON: expected \(malformed.expected.rawValue)"
            case .emptyKey: "the key is empty"
            case .longKey(let count): "the key has \(count) bytes, S3 takes \(maximumKeyLength)"
            case .keyNotUTF8: "the key is not UTF-8"
            case .dotSegment: "the key has a segment '.' or '..' where values are empty"
            }
        return field.map { $0 + " " + text } ?? text
    }
}

/// How many bytes an object's key has at most. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
package let maximumKeyLength = 1024
