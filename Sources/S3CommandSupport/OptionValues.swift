import ArgumentParser
import ByteIO
package import CommandSupport
package import S3Core
package import S3Lines

/// The key in a word of the command line, unescaped.
///
/// - Parameters:
///   - text: the key, escaped as in records.
///   - name: the name of the option or operand for messages, such as `--start-after`.
/// - Throws: 65 if an escape is malformed.
package func unescapedKey(_ text: String, name: String) throws(ToolFailure) -> [UInt8] {
    let field = [UInt8](text.utf8)
    var key: [UInt8] = []
    do { try KeyEscaping.unescape(field.bytes, into: &key) } catch {
        throw ToolFailure(.malformedInput, "\(name) '\(text)': \(error)")
    }
    return key
}

extension Timestamp {
    /// Parses a time: either a duration before now, `7d`, or a date, `2026-01-02` (its first second in UTC)
    /// or `2026-01-02T03:04:05Z`.
    package static func option(_ text: String) throws -> Timestamp {
        if let span = TimeSpan(argument: text) {
            return Timestamp(seconds: Timestamp.now.seconds - span.milliseconds / 1000)
        }
        guard let time = date(text) else {
            throw ValidationError(
                "expected a length of time before now, such as 7d or 12h, or a date: 2026-01-02, 2026-01-02T03:04:05Z"
            )
        }
        return time
    }

    /// Parses the value of `--expires`: a date as above, or in the form of the header field.
    package static func expiry(_ text: String) throws -> Timestamp {
        guard let time = date(text) ?? Timestamp(httpDate: text) else {
            throw ValidationError(
                "expected a date: 2026-01-02, 2026-01-02T03:04:05Z or Fri, 02 Jan 2026 03:04:05 GMT")
        }
        return time
    }

    /// `2026-01-02`, its first second in UTC, or `2026-01-02T03:04:05Z`.
    private static func date(_ text: String) -> Timestamp? {
        let isDate = text.utf8.count == 10
        let signs = [UInt8](text.utf8).enumerated().filter { [4, 7, 10, 13, 16].contains($0.offset) }
            .map { Character(Unicode.Scalar($0.element)) }
        guard ["--", "--T::", "--t::", "-- ::"].contains(String(signs)) else { return nil }
        return Timestamp(isDate ? text + "T00:00:00Z" : text)
    }
}

extension FilterOptions {
    /// Parses the value of `--filter`.
    package static func command(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("expected a command for sh -c") }
        return text
    }
}

extension PrefixPattern {
    /// Parses the value of `--per`.
    package static func option(_ text: String) throws -> PrefixPattern {
        do throws(PrefixPattern.Problem) { return try PrefixPattern(text) } catch {
            let problem =
                switch error {
                case .empty: "it is empty"
                case .withoutSlash: "it does not end in /"
                case .withoutStar: "it has no *"
                case .doubleStar: "a * matches within one segment, and ** would match no more"
                }
            throw ValidationError(
                "\(problem); PATTERN consists of path segments, at least one with *, and ends in /: "
                    + "'AWSLogs/*/CloudTrail/*/'")
        }
    }
}

extension FollowList.Lookback {
    /// Parses the value of `--lookback`: a number of keys, or a duration with its unit.
    package static func option(_ text: String) throws -> FollowList.Lookback {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text), count <= 1_000_000 {
            return .keys(count)
        }
        guard !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let span = TimeSpan(argument: text)
        else {
            throw ValidationError(
                "expected a number of keys up to 1000000, or a length of time with its unit: 15m, 1h")
        }
        return .milliseconds(span.milliseconds)
    }
}
