/// The options of a tool, as listed by `--help`; finds unknown options in a command line.
///
/// The parser stops at the first error, which an unknown option often only causes: the parser takes the
/// option's value for an operand.
struct OptionNames {
    private var takesValue: [String: Bool] = [:]

    /// - Parameter help: the parser's text, in which the line of an option starts with two spaces and its
    ///   names: `  -q, --quiet  `, `  --progress/--no-progress  `, `  --memory <size>  `.
    init(help: String) {
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            var words = line.split(separator: " ", omittingEmptySubsequences: false).dropFirst(2)[...]
            // Two spaces end the names.
            if let end = words.firstIndex(of: "") { words = words[..<end] }
            let hasValue = words.contains { $0.hasPrefix("<") }
            for word in words where word.hasPrefix("-") {
                for name in word.split(whereSeparator: { $0 == "/" || $0 == "," }) {
                    takesValue[String(name)] = hasValue
                }
            }
        }
    }

    /// The first word that looks like an option but is not one.
    func firstUnknown(in words: [String]) -> String? {
        var isValue = false
        for word in words {
            if isValue {
                isValue = false
            } else if word == "--" {
                return nil
            } else if word.hasPrefix("--") {
                // Compares bytes, not characters: a value may start with a combining mark, which would merge
                // with the `=`.
                let bytes = word.utf8.prefix { $0 != UInt8(ascii: "=") }
                guard let value = takesValue[String(Substring(bytes))] else { return word }
                isValue = value && bytes.count == word.utf8.count
            } else if word.hasPrefix("-"), word != "-" {
                for letter in word.dropFirst() where takesValue["-\(letter)"] == nil { return word }
            }
        }
        return nil
    }

    /// The first unknown word of several letters that the parser takes for `-h`: `-lh`.
    func firstUnknownCluster(in words: [String]) -> String? {
        guard let word = firstUnknown(in: words), !word.hasPrefix("--"), word.contains("h") else {
            return nil
        }
        return word
    }

    /// Says which location became the value of an option, as in `--acl s3://b`.
    func swallowedLocation(in words: [String]) -> String? {
        for (word, next) in zip(words, words.dropFirst())
        where takesValue[word] == true && next.hasPrefix("s3://") {
            return " ('\(next)' is the value of \(word))"
        }
        return nil
    }

    /// The message about a word that `firstUnknown` returned.
    ///
    /// - Parameter foreign: hints for options of other programs, by option name.
    func explanation(of word: String, foreign: [String: String] = [:]) -> String {
        let name = String(Substring(word.utf8.prefix { $0 != UInt8(ascii: "=") }))
        let suggestion = foreign[name] ?? nearest(to: name).map { "; did you mean '\($0)'?" } ?? ""
        return "Unknown option '\(word)'\(suggestion)"
    }

    /// The option that was probably meant: one with this prefix, one of which this is a longer form
    /// (`--endpoint-url`), or one within an edit distance of two.
    private func nearest(to name: String) -> String? {
        guard name.utf8.count > 3 else { return nil }
        let names = takesValue.keys.filter { $0.hasPrefix("--") }.sorted()
        if let longer = names.first(where: { $0.hasPrefix(name) }) { return longer }
        if let shorter = names.first(where: { name.hasPrefix($0 + "-") }) { return shorter }
        let distances = names.map { (name: $0, distance: Self.distance($0, name)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= 2 else {
            return nil
        }
        return best.name
    }

    /// The edit distance of two words. Source: V. I. Levenshtein, Binary codes capable of correcting
    /// deletions, insertions, and reversals, 1966.
    private static func distance(_ one: String, _ other: String) -> Int {
        let other = Array(other.utf8)
        var last = Array(0...other.count)
        for (row, byte) in one.utf8.enumerated() {
            var next = [row + 1]
            for column in other.indices {
                let replaced = last[column] + (byte == other[column] ? 0 : 1)
                next.append(min(replaced, last[column + 1] + 1, next[column] + 1))
            }
            last = next
        }
        return last[other.count]
    }
}
