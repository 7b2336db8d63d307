package import ByteIO
package import JSONStream

/// Why a line gets no key.
package struct LineFault: Error, Equatable, Sendable {
    package enum Reason: Error, Equatable, Sendable {
        /// The field is not there, or null.
        case missing
        /// The value is an object or an array.
        case notScalar
        /// The string contains a lone surrogate.
        case loneSurrogate
        /// The value is not well-formed UTF-8, as JSON must be.
        case notUTF8
        /// The value is not a time, although a time is required; possibly only its offset from UTC is missing.
        case notTime(value: String, lacksOffset: Bool)
        /// The line is not JSON, or is nested too deeply.
        case notJSON(FieldLookup.Malformed)
        /// No object can have the key.
        case key(ObjectKey.Problem)
        /// Because a value is empty, a segment is `.` or `..`.
        case dotSegment
    }

    /// The field, with its braces; nil if the fault is in the line or in the whole key.
    package let field: String?
    package let reason: Reason

    package init(_ reason: Reason, field: String? = nil) {
        self.reason = reason
        self.field = field
    }

    /// The fault's offset in the line, in bytes, if it has one.
    package var offset: Int? {
        guard case .notJSON(let malformed) = reason else { return nil }
        return malformed.offset
    }
}

extension LineFault: CustomStringConvertible {
    package var description: String {
        let text =
            switch reason {
            case .missing:
                "is missing" + (field == nil ? "" : "; to insert a default, add ?DEFAULT before its '}'")
            case .notScalar: "is an object or array, which cannot be part of a key"
            case .loneSurrogate: "has a lone surrogate"
            case .notUTF8: "is not UTF-8"
            case .notTime(let value, true):
                "is not a time: '\(value)' has no offset from UTC, such as Z or +02:00"
            case .notTime(let value, false):
                "is not a time: expected RFC 3339 text or a number since the epoch, found '\(value)'"
            case .notJSON(let malformed): "not JSON: expected \(malformed.expected)"
            case .key(let problem): "the key \(problem.predicate)"
            case .dotSegment: "the key has a segment '.' or '..', because values are empty"
            }
        return field.map { $0 + " " + text } ?? text
    }
}
