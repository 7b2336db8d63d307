/// The words of a command line as a shell has them: quotes and backslashes, no expansion.
///
/// Source: POSIX, Shell Command Language, 2.2 Quoting; Python's `shlex.split`, which botocore uses.
package enum ShellWords {
    /// - Returns: nil if a quote does not end, or a backslash has nothing after it.
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
                    // Inside quotes it stands for itself before all else.
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
