import ByteIO
import JSONStream

extension Template {
    /// Parses `text`.
    ///
    ///     TEMPLATE = { text | "{{" | "}}" | "{" SOURCE { "|" SOURCE } ["?" DEFAULT] "}" }
    ///     SOURCE   = FIELD ["!"] [":" FORMAT]
    package init(parsing text: [UInt8]) throws(TemplateError) {
        guard text.bytes.isUTF8 else { throw TemplateError(0, "the template is not UTF-8") }
        var parser = TemplateParser(text: text)
        parts = try parser.template()
    }
}

/// Reads a template from left to right; `offset` is the byte it looks at.
private struct TemplateParser {
    /// Text without its backslashes, and the offset of each byte in the template.
    private struct Unescaped {
        var bytes: [UInt8] = []
        var offsets: [Int] = []
    }

    let text: [UInt8]
    private var offset = 0
    private var sources = 0

    /// A key has no more bytes than this, and each source costs a lookup in each line.
    private static let maximumSources = 1024
    /// How many bytes of a source's name a message shows.
    private static let longestName = 200

    init(text: [UInt8]) { self.text = text }

    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")

    private var next: UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func template() throws(TemplateError) -> [Template.Part] {
        guard !text.isEmpty else { throw TemplateError(0, "the template is empty") }
        var parts: [Template.Part] = []
        var literal: [UInt8] = []
        while let byte = next {
            let start = offset
            offset += 1
            guard byte == Self.open || byte == Self.close else {
                literal.append(byte)
                continue
            }
            if next == byte {
                offset += 1
                literal.append(byte)
            } else if byte == Self.close {
                throw TemplateError(start, "'}' without '{'; write '}}' for a literal brace")
            } else {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(.field(try field(openedAt: start)))
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        return parts
    }

    /// A source as written; its format is not parsed yet.
    private struct WrittenSource {
        let start: Int
        let name: String
        let kind: Kind
        let isRaw: Bool
        let format: Unescaped?
        /// The offset of its format, or where a format would be.
        let colon: Int
    }

    /// Parses what follows an opening brace, and the closing brace.
    private mutating func field(openedAt brace: Int) throws(TemplateError) -> Field {
        var written: [WrittenSource] = []
        repeat { written.append(try writtenSource(openedAt: brace)) } while accept("|")
        var fallback: [UInt8]?
        if accept("?") { fallback = try escapedText(until: [Self.close], openedAt: brace).bytes }
        guard accept("}") else {
            throw next == nil ? unclosed(brace) : TemplateError(offset, "expected '}' here")
        }
        var alternatives: [Field.Alternative] = []
        for each in written {
            if let last = alternatives.last, last.source.isAlwaysThere {
                throw TemplateError(
                    each.start,
                    "'\(each.name)' is never used: '\(last.name)' before it has a value on every line")
            }
            let (format, colon) = format(of: each, last: written[written.count - 1])
            alternatives.append(
                Field.Alternative(
                    source: try source(each.kind, format: format, at: colon), isRaw: each.isRaw,
                    name: each.name))
        }
        return Field(alternatives: alternatives, fallback: fallback)
    }

    private mutating func writtenSource(openedAt brace: Int) throws(TemplateError) -> WrittenSource {
        let start = offset
        sources += 1
        guard sources <= Self.maximumSources else {
            throw TemplateError(start, "a template has at most \(Self.maximumSources) fields")
        }
        let kind = try fieldKind(openedAt: brace)
        let name = Diagnostics.excerpt(text[start..<offset], limit: Self.longestName)
        let isRaw = accept("!")
        let colon = offset
        let ends = [UInt8(ascii: "|"), UInt8(ascii: "?"), Self.close]
        let format = accept(":") ? try escapedText(until: ends, openedAt: brace) : nil
        return WrittenSource(start: start, name: name, kind: kind, isRaw: isRaw, format: format, colon: colon)
    }

    /// A source's own format, else that of the last source if this source accepts that kind of format.
    private func format(of source: WrittenSource, last: WrittenSource) -> (Unescaped?, colon: Int) {
        if source.format == nil, let kind = source.kind.format, kind == last.kind.format {
            return (last.format, last.colon)
        }
        return (source.format, source.colon)
    }

    private func unclosed(_ brace: Int) -> TemplateError {
        TemplateError(brace, "this '{' is not closed; write '{{' for a literal brace")
    }

    /// FORMAT or DEFAULT: up to one of `ends`, or up to the end of the template, which `field` then reports.
    private mutating func escapedText(
        until ends: [UInt8], openedAt brace: Int
    ) throws(TemplateError) -> Unescaped {
        var unescaped = Unescaped()
        while var byte = next, !ends.contains(byte) {
            if byte == UInt8(ascii: "\\") {
                guard offset + 1 < text.count else { throw unclosed(brace) }
                byte = text[offset + 1]
                guard
                    [Self.close, UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "|"), UInt8(ascii: "\\")]
                        .contains(byte)
                else {
                    throw TemplateError(
                        offset, "a backslash is allowed only before '}', '?', ':', '|' and '\\'")
                }
                offset += 1
            }
            unescaped.bytes.append(byte)
            unescaped.offsets.append(offset)
            offset += 1
        }
        return unescaped
    }

    // MARK: - Names of fields

    /// A field's name; its format is not parsed yet.
    private enum Kind {
        case word(String, offset: Int)
        case environment(String)
        case column(Int)
        case path(FieldPath)

        /// The kinds of format.
        enum Format { case time, width, digits }

        var format: Format? {
            switch self {
            case .path, .word("now", _): .time
            case .word("ns", _), .word("us", _), .word("ms", _), .word("s", _), .word("seq", _),
                .word("line", _):
                .width
            case .word("rand", _), .word("sha256", _), .word("crc32", _): .digits
            default: nil
            }
        }
    }

    /// The bytes that end a name.
    private static let nameEnds = [
        UInt8(ascii: "!"), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "|"), close,
    ]
    /// All fields, for messages.
    private static let fieldNames =
        "ns us ms s now seq line uuid uuid4 ulid rand sha256 crc32 host pid env:NAME col:N .path"

    private mutating func fieldKind(openedAt brace: Int) throws(TemplateError) -> Kind {
        if next == UInt8(ascii: ".") { return .path(try path()) }
        let start = offset
        let word = name(until: Self.nameEnds)
        guard next != nil else { throw unclosed(brace) }
        guard word == "env" || word == "col" else { return .word(word, offset: start) }
        guard accept(":") else {
            throw TemplateError(
                offset, word == "env" ? "env needs a name: {env:NAME}" : "col needs a number: {col:N}")
        }
        let argument = name(until: Self.nameEnds)
        let argumentStart = offset - argument.utf8.count
        guard next != UInt8(ascii: ":") else { throw TemplateError(offset, "'\(word)' accepts no format") }
        if word == "env" {
            guard !argument.isEmpty, !argument.utf8.contains(UInt8(ascii: "=")), !argument.utf8.contains(0)
            else {
                throw TemplateError(argumentStart, "expected the name of an environment variable")
            }
            return .environment(argument)
        }
        guard let number = Self.count(argument.utf8, in: 1...Int.max) else {
            throw TemplateError(argumentStart, "expected the number of a column, counted from 1")
        }
        return .column(number)
    }

    private mutating func name(until ends: [UInt8]) -> String {
        let start = offset
        while let byte = next, !ends.contains(byte) { offset += 1 }
        return String(decoding: text[start..<offset], as: UTF8.self)
    }

    private mutating func path() throws(TemplateError) -> FieldPath {
        var count = 0
        do throws(FieldPath.Malformed) {
            let path = try FieldPath(prefixOf: Array(text[offset...]), count: &count)
            offset += count
            return path
        } catch {
            throw TemplateError(offset + error.offset, error.reason)
        }
    }

    // MARK: - Formats

    private func source(_ kind: Kind, format: Unescaped?, at colon: Int) throws(TemplateError) -> FieldSource
    {
        let word: String
        let start: Int
        switch kind {
        case .environment(let name): return .environment(name: name)
        case .column(let number): return .column(number)
        case .path(let path): return .path(path, try timeFormat(format, at: colon))
        case .word(let name, let offset): (word, start) = (name, offset)
        }
        switch word {
        case "ns": return .time(unit: .nanoseconds, width: try width(format, at: colon))
        case "us": return .time(unit: .microseconds, width: try width(format, at: colon))
        case "ms": return .time(unit: .milliseconds, width: try width(format, at: colon))
        case "s": return .time(unit: .seconds, width: try width(format, at: colon))
        case "now": return .now(try timeFormat(format, at: colon) ?? .internetDateTime)
        case "seq": return .sequence(width: try width(format, at: colon))
        case "line": return .lineNumber(width: try width(format, at: colon))
        case "rand":
            return .random(digits: try digits(format, at: colon, most: ObjectKey.maximumLength) ?? 16)
        case "sha256": return .sha256(digits: try digits(format, at: colon, most: 64) ?? 64)
        case "crc32": return .crc32(digits: try digits(format, at: colon, most: 8) ?? 8)
        case "uuid": return try without(format, .uuid, word, at: colon)
        case "uuid4": return try without(format, .uuid4, word, at: colon)
        case "ulid": return try without(format, .ulid, word, at: colon)
        case "host": return try without(format, .host, word, at: colon)
        case "pid": return try without(format, .process, word, at: colon)
        case _ where word.isEmpty || word.first == " ":
            throw TemplateError(start, "expected the name of a field: \(Self.fieldNames)")
        default:
            let name = Diagnostics.excerpt(word.utf8)
            throw TemplateError(
                start, "unknown field '\(name)'; the fields are \(Self.fieldNames)\(Self.pathAdvice(word))")
        }
    }

    /// What to write for the field of a JSON line, without the dot (`a`) or as a JSONPath (`$.a`).
    private static func pathAdvice(_ word: String) -> String {
        let path = "." + word.drop { $0 == "$" || $0 == "." }
        guard path.utf8.count > 1, FieldPath(path) != nil else { return "" }
        return "; for the field of a JSON line write {\(Diagnostics.excerpt(path.utf8))}"
    }

    private func without(
        _ format: Unescaped?, _ source: FieldSource, _ name: String, at colon: Int
    ) throws(TemplateError) -> FieldSource {
        guard format == nil else { throw TemplateError(colon, "'\(name)' accepts no format") }
        return source
    }

    private func width(_ format: Unescaped?, at colon: Int) throws(TemplateError) -> Int {
        try digits(format, at: colon, most: ObjectKey.maximumLength) ?? 1
    }

    private func digits(_ format: Unescaped?, at colon: Int, most: Int) throws(TemplateError) -> Int? {
        guard let format else { return nil }
        guard let count = Self.count(format.bytes, in: 1...most) else {
            throw TemplateError(colon + 1, "expected a number of digits from 1 to \(most)")
        }
        return count
    }

    private func timeFormat(_ format: Unescaped?, at colon: Int) throws(TemplateError) -> TimeFormat? {
        guard let format else { return nil }
        guard format.bytes.contains(UInt8(ascii: "%")) else {
            let example = ForeignTimeFormat.inStrftime(format.bytes).map { written in
                "for '\(Diagnostics.excerpt(format.bytes))' write '\(Diagnostics.excerpt(written))'"
            }
            throw TemplateError(
                colon + 1,
                "expected a strftime format with conversions: \(example ?? "%Y-%m-%d is 2026-05-01, %H the hour")"
            )
        }
        do throws(TimeFormat.Malformed) {
            return try TimeFormat(parsing: format.bytes)
        } catch {
            throw TemplateError(format.offsets[error.offset], error.reason)
        }
    }

    /// A number in digits alone; nil if the text is not one or is out of range.
    private static func count(_ text: some Collection<UInt8>, in range: ClosedRange<Int>) -> Int? {
        guard text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int(String(decoding: text, as: UTF8.self)), range.contains(count)
        else { return nil }
        return count
    }
}
