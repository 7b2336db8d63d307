/// Arranges the text of `--help`: the tool's own options before those of all tools, and examples at the end.
package enum HelpText {
    /// The title of the options that all S3 tools have.
    package static let sharedTitle = "Options of every S3 tool"

    /// - Parameters:
    ///   - text: sections, with an empty line between them.
    ///   - examples: commands, a line each.
    package static func arranged(_ text: String, examples: [String]) -> String {
        var sections = sections(of: text)
        let shared = sharedTitle.uppercased() + ":"
        if let place = sections.firstIndex(where: { $0.hasPrefix(shared) }) {
            sections.append(sections.remove(at: place))
        }
        if !examples.isEmpty {
            sections.append("EXAMPLES:\n" + examples.map { "  " + $0 }.joined(separator: "\n"))
        }
        return sections.joined(separator: "\n\n")
    }

    private static func sections(of text: String) -> [String] {
        var sections: [String] = []
        var section: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if !line.isEmpty {
                section.append(line)
            } else if !section.isEmpty {
                sections.append(section.joined(separator: "\n"))
                section = []
            }
        }
        return section.isEmpty ? sections : sections + [section.joined(separator: "\n")]
    }
}
