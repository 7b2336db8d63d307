package import ByteIO
package import S3Core

/// The files of `--cursor`: FILE, and next to it `FILE.lookback` with the keys that may be listed again.
package struct CursorFile: Sendable {
    /// Why a run cannot resume where the previous one stopped.
    package enum Problem: Error, Equatable, Sendable {
        /// The content cannot be used; the text says what to do.
        case unusable(String)
        case system(SystemError)
    }

    private let text: CursorText
    private let place: String
    private let file: FileReplacement
    private let recentFile: FileReplacement?

    /// A larger file was not written by a run; in bytes.
    private static let maximumSize = 1 << 30

    /// - Parameters:
    ///   - pattern: matches the prefixes that have a place each.
    ///   - looksBack: whether keys are listed again.
    package init(
        _ path: String, for location: Location, pattern: PrefixPattern? = nil, looksBack: Bool
    ) {
        text = CursorText(location, pattern: pattern)
        place = "\(location)" + (pattern == nil ? "" : " with the pattern of --per")
        file = FileReplacement(path)
        recentFile = looksBack ? FileReplacement(path + ".lookback") : nil
    }

    /// The places where the previous run stopped; empty if there is no file.
    package func places() throws(Problem) -> ReadCursors.Places {
        guard let content = try contents(of: file) else { return [:] }
        var places: ReadCursors.Places
        do { places = try text.places(content) } catch {
            throw problem(
                error, file,
                "to start from the beginning, remove it; to start after a key, write `LOCATION TAB KEY` and a newline"
            )
        }
        if let recentFile, let content = try contents(of: recentFile) {
            do { try text.add(content, to: &places) } catch {
                throw problem(
                    error, recentFile,
                    "remove it to continue without the keys that appeared late before the cursor")
            }
        }
        return places
    }

    private func contents(of file: FileReplacement) throws(Problem) -> [UInt8]? {
        guard !file.isSomethingElse else {
            throw .unusable("\(file.path): it is not a regular file, and a cursor is replaced as a whole")
        }
        do { return try file.contents(limit: Self.maximumSize) } catch { throw .system(error) }
    }

    private func problem(_ problem: CursorText.Problem, _ file: FileReplacement, _ way: String) -> Problem {
        switch problem {
        case .malformed(let line):
            .unusable("\(file.path): line \(line) is torn or does not belong to a cursor; \(way)")
        case .elsewhere(let line, let other):
            .unusable(
                "\(file.path): line \(line) is for \(other), not for \(place); use another --cursor FILE, or remove it "
                    + "to start from the beginning")
        }
    }

    /// Writes the places. The lookback file is written first: keys after the cursor are ignored when it is
    /// read.
    package func keep(_ places: ReadCursors.Places) throws(SystemError) {
        if let recentFile { try recentFile.replace(by: text.recentKeys(places)) }
        try file.replace(by: text.cursor(places))
    }
}
