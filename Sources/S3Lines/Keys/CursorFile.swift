package import ByteIO
package import S3Core

/// The files of `--cursor`: FILE, and beside it `FILE.lookback` with what is looked at again.
package struct CursorFile: Sendable {
    /// Why a run cannot go on from where another one stopped.
    package enum Problem: Error, Equatable, Sendable {
        /// What it holds cannot be gone by; the text says what to do.
        case unusable(String)
        case system(SystemError)
    }

    private let text: CursorText
    private let location: Location
    private let file: FileReplacement
    private let recentFile: FileReplacement?

    /// No file of a run is larger, in bytes.
    private static let maximumSize = 1 << 30

    /// - Parameter looksBack: whether keys are looked at again.
    package init(_ path: String, for location: Location, looksBack: Bool) {
        text = CursorText(location)
        self.location = location
        file = FileReplacement(path)
        recentFile = looksBack ? FileReplacement(path + ".lookback") : nil
    }

    /// Where a run before this one stopped; nil if there is no file.
    package func place() throws(Problem) -> ReadCursor.Place? {
        guard let content = try contents(of: file) else { return nil }
        var place: ReadCursor.Place
        do { place = try text.place(content) } catch {
            throw problem(
                error, file,
                "to start from the beginning remove it, to start after a key write `LOCATION TAB KEY` and a newline"
            )
        }
        if let recentFile, let content = try contents(of: recentFile) {
            do { try text.add(content, to: &place) } catch {
                throw problem(
                    error, recentFile, "remove it to go on without what came late before the cursor")
            }
        }
        return place
    }

    private func contents(of file: FileReplacement) throws(Problem) -> [UInt8]? {
        guard !file.isSomethingElse else {
            throw .unusable("\(file.path): it is no regular file, and a cursor is replaced as a whole")
        }
        do { return try file.contents(limit: Self.maximumSize) } catch { throw .system(error) }
    }

    private func problem(_ problem: CursorText.Problem, _ file: FileReplacement, _ way: String) -> Problem {
        switch problem {
        case .malformed(let line):
            .unusable("\(file.path): line \(line) is torn or none of a cursor; \(way)")
        case .elsewhere(let line, let other):
            .unusable(
                "\(file.path): line \(line) is of \(other), not of \(location); give another --cursor FILE, or remove it to start from the beginning"
            )
        }
    }

    /// Keeps a place. What is looked at again comes first: of keys after the cursor nothing is taken from there.
    package func keep(_ place: ReadCursor.Place) throws(SystemError) {
        if let recentFile { try recentFile.replace(by: text.recentKeys(place)) }
        try file.replace(by: text.cursor(place))
    }
}
