/// Splits a command line into words like a shell: with quotes and backslashes, without expansion.
///
/// Source: POSIX, Shell Command Language, 2.2 Quoting; Python's `shlex.split`, which botocore uses.
package enum ShellWords {
    /// `word`, quoted for a shell.
    package static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_.,:/@%+=".utf8.contains(byte)
        }
        if isPlain, !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }

    /// - Returns: nil if a quote is unterminated, or the text ends with a backslash.
    package static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var isInWord = false
        var quote: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if let open = quote {
                if scalar == open {
                    quote = nil
                } else if scalar == "\\", open == "\"" {
                    guard let next = scalars.next() else { return nil }
                    // Inside quotes, a backslash before any other character is literal.
                    if next != "\"" && next != "\\" { word.append(scalar) }
                    word.append(next)
                } else {
                    word.append(scalar)
                }
                continue
            }
            switch scalar {
            case " ", "\t", "\r", "\n":
                if isInWord { words.append(String(word)) }
                word = String.UnicodeScalarView()
                isInWord = false
                continue
            case "'", "\"": quote = scalar
            case "\\":
                guard let next = scalars.next() else { return nil }
                word.append(next)
            default: word.append(scalar)
            }
            isInWord = true
        }
        guard quote == nil else { return nil }
        return isInWord ? words + [String(word)] : words
    }
}
