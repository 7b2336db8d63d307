import CProcess

/// The words of the command line after the tool's name.
///
/// - Throws: 65 if a word is not UTF-8. A `String` would silently replace bytes and so change a key or a
///   path.
func commandLineWords() throws(ToolFailure) -> [String] {
    guard let words = unsafe s3_arguments() else { return [] }
    var result: [String] = []
    for number in 1..<max(1, Int(s3_argument_count())) {
        guard let word = unsafe String(validatingCString: words[number]) else {
            throw ToolFailure(.malformedInput, "argument \(number) is not UTF-8")
        }
        result.append(word)
    }
    return result
}
