/// A shared configuration or credentials file: sections of names and values, parsed as in botocore.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files". Details that it leaves
/// open follow botocore's `configloader`, and so Python's `RawConfigParser`.
package struct ConfigFile: Equatable, Sendable {
    /// The value of a name.
    package enum Value: Equatable, Sendable {
        case text(String)
        /// `s3 =` followed by indented lines. The nested names keep their case.
        case nested([String: String])

        /// The text; nil for nested settings.
        package var text: String? { if case .text(let text) = self { text } else { nil } }
    }

    /// Why a file cannot be parsed.
    package struct Malformed: Error, Equatable, Sendable {
        /// Counted from 1.
        package let line: Int
        package let reason: String
    }

    /// Lower-case names and their values.
    package typealias Section = [String: Value]

    package private(set) var sections: [String: Section] = [:]
    /// The section titles in file order.
    package private(set) var titles: [String] = []

    /// A missing file.
    package init() {}

    /// - Parameter bytes: the content of the file.
    package init(_ bytes: [UInt8]) throws(Malformed) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(line: 1, reason: "the file is not UTF-8")
        }
        var reader = Reader()
        var number = 0
        for line in Self.lines(text) {
            number += 1
            try reader.read(line, number: number)
        }
        sections = try reader.finish()
        titles = reader.titles
    }

    /// Splits into lines as Python's text files do: at LF, CR LF or CR.
    private static func lines(_ text: String) -> [Substring.UnicodeScalarView] {
        let scalars = text.unicodeScalars
        var lines: [Substring.UnicodeScalarView] = []
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            let end = index
            index = scalars.index(after: index)
            guard scalar == "\n" || scalar == "\r" else { continue }
            lines.append(scalars[start..<end])
            if scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" {
                index = scalars.index(after: index)
            }
            start = index
        }
        lines.append(scalars[start...])
        return lines
    }
}

/// Parses a file line by line.
private struct Reader {
    typealias Text = Substring.UnicodeScalarView

    /// The lines of a value, and where it started.
    private struct Entry {
        var lines: [Text]
        let number: Int
    }

    /// Settings in the section `DEFAULT` apply to all others.
    private static let defaults = "DEFAULT"

    private var sections: [String: [String: Entry]] = [:]
    private(set) var titles: [String] = []
    private var section: String?
    private var name: String?
    private var indentation = 0

    mutating func read(_ line: Text, number: Int) throws(ConfigFile.Malformed) {
        let text = line.trimmed
        guard let first = text.first else {
            // An empty line belongs to the value around it; trailing blank lines of a value are removed.
            append(text)
            return
        }
        if first == "#" || first == ";" { return }
        let column = line.prefix { $0.isBlank }.count
        if section != nil, name != nil, column > indentation { return append(text) }
        indentation = column
        if first == "[", let close = text.lastIndex(of: "]"), text.index(after: text.startIndex) < close {
            return try begin(section: String(text[text.index(after: text.startIndex)..<close]), number)
        }
        guard let section else {
            throw ConfigFile.Malformed(line: number, reason: "expected a [section] before the first setting")
        }
        guard let delimiter = text.firstIndex(where: { $0 == "=" || $0 == ":" }),
            delimiter != text.startIndex
        else {
            throw ConfigFile.Malformed(line: number, reason: "expected [section] or NAME = VALUE")
        }
        let name = String(text[..<delimiter].trimmed).lowercased()
        if sections[section]?[name] != nil {
            throw ConfigFile.Malformed(line: number, reason: "'\(name)' is set twice in [\(section)]")
        }
        self.name = name
        sections[section]?[name] = Entry(
            lines: [text[text.index(after: delimiter)...].trimmed], number: number)
    }

    private mutating func append(_ text: Text) {
        guard let section, let name else { return }
        sections[section]?[name]?.lines.append(text)
    }

    private mutating func begin(section: String, _ number: Int) throws(ConfigFile.Malformed) {
        if sections[section] == nil {
            sections[section] = [:]
            if section != Self.defaults { titles.append(section) }
        } else if section != Self.defaults {
            throw ConfigFile.Malformed(line: number, reason: "section [\(section)] appears twice")
        }
        self.section = section
        name = nil
    }

    func finish() throws(ConfigFile.Malformed) -> [String: ConfigFile.Section] {
        var result: [String: ConfigFile.Section] = [:]
        let defaults = sections[Self.defaults] ?? [:]
        for (section, entries) in sections where section != Self.defaults {
            result[section] = [:]
            for (name, entry) in defaults.merging(entries, uniquingKeysWith: { _, own in own }) {
                result[section]?[name] = try Self.value(entry)
            }
        }
        return result
    }

    private static func value(_ entry: Entry) throws(ConfigFile.Malformed) -> ConfigFile.Value {
        let joined = entry.lines.map(String.init).joined(separator: "\n").unicodeScalars
        let text = joined[...].withoutBlanksAtEnd
        guard text.first == "\n" else { return .text(String(text)) }
        var nested: [String: String] = [:]
        for line in text.split(whereSeparator: \.endsLine) {
            let line = line.trimmed
            if line.isEmpty { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw ConfigFile.Malformed(
                    line: entry.number, reason: "expected NAME = VALUE in each indented line of this setting")
            }
            let name = String(line[..<equals].trimmed)
            nested[name] = String(line[line.index(after: equals)...].trimmed)
        }
        return .nested(nested)
    }
}

extension Unicode.Scalar {
    /// White space as defined by Python's `str.strip`.
    fileprivate var isBlank: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    /// Line ends as defined by Python's `str.splitlines`.
    fileprivate var endsLine: Bool {
        (0x0A...0x0D).contains(value) || (0x1C...0x1E).contains(value)
            || [0x85, 0x2028, 0x2029].contains(value)
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var withoutBlanksAtEnd: Self {
        var end = endIndex
        while end > startIndex, self[index(before: end)].isBlank { end = index(before: end) }
        return self[startIndex..<end]
    }

    fileprivate var trimmed: Self {
        let text = withoutBlanksAtEnd
        return text[(text.firstIndex { !$0.isBlank } ?? text.endIndex)...]
    }
}
