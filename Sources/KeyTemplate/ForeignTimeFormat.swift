/// Time formats of other languages: `yyyy/MM/dd` of Java and .NET, `YYYY-MM-DD` of Moment, `2006-01-02` of
/// Go.
enum ForeignTimeFormat {
    /// The same format for strftime(3); nil if no part of it is known.
    static func inStrftime(_ format: [UInt8]) -> [UInt8]? {
        let text = String(decoding: format, as: UTF8.self)
        let isGo = text.contains("2006") || text.contains("15:04")
        let words = isGo ? goWords : letterWords(hasHours: text.contains("H") || text.contains("h"))
        var result: [UInt8] = []
        var rest = format[...]
        var isKnown = false
        while let byte = rest.first {
            if let (word, conversion) = words.first(where: { rest.starts(with: $0.word.utf8) }) {
                result += conversion.utf8
                rest = rest.dropFirst(word.utf8.count)
                isKnown = true
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return isKnown ? result : nil
    }

    private typealias Word = (word: String, conversion: String)

    /// Go's reference time, Mon Jan 2 15:04:05 2006.
    private static let goWords: [Word] = [
        ("2006", "%Y"), ("January", "%B"), ("Monday", "%A"), ("Jan", "%b"), ("Mon", "%a"), ("01", "%m"),
        ("02", "%d"),
        ("15", "%H"), ("03", "%I"), ("04", "%M"), ("05", "%S"), ("06", "%y"), ("PM", "%p"),
    ]

    /// - Parameter hasHours: whether lower-case `mm` means minutes; without hours it means months.
    private static func letterWords(hasHours: Bool) -> [Word] {
        [
            ("yyyy", "%Y"), ("YYYY", "%Y"), ("yy", "%y"), ("YY", "%y"), ("MMMM", "%B"), ("MMM", "%b"),
            ("MM", "%m"),
            ("DDDD", "%j"), ("dddd", "%A"), ("dd", "%d"), ("DD", "%d"), ("HH", "%H"), ("hh", "%I"),
            ("mm", hasHours ? "%M" : "%m"), ("ss", "%S"), ("SS", "%S"),
        ]
    }
}
