import ByteIO

/// A stream of lines with one JSON value each: `ValueSplitter`'s work where `--lines` is asked for.
///
/// The end of a line ends everything: a value, and what is wrong. So one that is no value costs itself alone, whatever
/// stands in it, and the search for the next value needs no guess.
struct LineSplitter {
    /// Lines, each with its LF, that are handed on at once.
    private static let batchSize = 1 << 16
    /// How much of a line a message shows.
    private static let excerptSize = 40
    private static let newline: UInt8 = 0x0A

    private let options: SplitOptions
    private var vectorPath: VectorPath
    /// So many of the bytes not consumed hold no LF.
    private var searched = 0
    /// True from an invalid line's message to its end.
    private(set) var isSkipping = false
    private(set) var validCount = 0
    private var invalidCount = 0

    init(_ options: SplitOptions, kernel: VectorKernel?) {
        self.options = options
        vectorPath = VectorPath(kernel)
    }

    /// Goes on after the invalid line that the last step found.
    mutating func skipInvalid() {
        invalidCount += 1
        isSkipping = true
    }

    /// The same as `ValueSplitter.step`.
    ///
    /// - Parameters:
    ///   - position: the place of the first byte.
    ///   - lines: empty; takes what stands for the bytes.
    mutating func step(
        _ unread: RawSpan, _ supply: ValueSplitter.Supply, at position: SourcePosition,
        into lines: inout ByteBuffer
    ) -> ValueSplitter.Step {
        let step =
            isSkipping
            ? skip(unread, supply)
            : passCompact(unread, supply, into: &lines) ?? scan(unread, supply, at: position, into: &lines)
        searched = max(0, searched - step.consumed)
        return step
    }

    private mutating func skip(_ unread: RawSpan, _ supply: ValueSplitter.Supply) -> ValueSplitter.Step {
        let newline = unread.firstIndex(of: Self.newline)
        isSkipping = newline == nil && supply != .ended
        searched = 0
        let count = newline.map { $0 + 1 } ?? unread.byteCount
        return ValueSplitter.Step(outcome: count > 0 || !isSkipping ? .skipped : .starved, consumed: count)
    }

    /// Lets the kernel look at lines that are as they have to be.
    ///
    /// - Returns: nil if the scanner has to look at the next line.
    private mutating func passCompact(
        _ unread: RawSpan, _ supply: ValueSplitter.Supply, into lines: inout ByteBuffer
    ) -> ValueSplitter.Step? {
        guard unread.byteCount > 0, vectorPath.isDue(afterValues: 0) else { return nil }
        let limits = VectorPath.Limits(
            depth: options.maximumDepth, length: options.maximumLength, takesArrays: true)
        let found = vectorPath.runVerbatim(unread, limits, into: &lines)
        if found.consumed > 0 {
            validCount += found.values
            return ValueSplitter.Step(outcome: .verbatim, consumed: found.consumed)
        }
        if !found.isRefused, supply == .flowing, unread.byteCount <= options.maximumLength {
            return ValueSplitter.Step(outcome: .starved, consumed: 0)
        }
        vectorPath.giveUp()
        return nil
    }

    private mutating func scan(
        _ unread: RawSpan, _ supply: ValueSplitter.Supply, at position: SourcePosition,
        into lines: inout ByteBuffer
    ) -> ValueSplitter.Step {
        var start = 0
        while lines.count < Self.batchSize, start < unread.byteCount {
            let newline = unread.firstIndex(of: Self.newline, from: max(start, searched))
            let end = newline ?? unread.byteCount
            searched = end
            // Of a line that is too long its end need not be known.
            let isWhole = newline != nil || supply == .ended
            guard isWhole || end - start > options.maximumLength else { break }
            guard isWhole || Self.isInValue(unread, start..<end, options) else { break }
            if let failure = Self.scan(
                unread, start..<end, hasLF: newline != nil, isWhole: isWhole, options, into: &lines)
            {
                searched = start
                if start > 0 { break }
                return fail(failure, unread, at: position)
            }
            start = newline == nil ? end : end + 1
            if vectorPath.isDue(afterValues: 1) { break }
        }
        validCount += lines.bytes.count(of: Self.newline)
        guard start == 0 else {
            return ValueSplitter.Step(outcome: .compacted, consumed: start, written: lines.count)
        }
        let isFinished = supply == .ended && unread.byteCount == 0
        return ValueSplitter.Step(outcome: isFinished ? .finished : .starved, consumed: 0)
    }

    /// What is wrong with a line, and the place of the byte that shows it.
    private struct Failure {
        let place: Int
        let reason: JSONSyntaxError
    }

    /// True if a line whose end is not here has a value that is not over, or white space without end: no more of it
    /// need be known.
    private static func isInValue(_ unread: RawSpan, _ line: Range<Int>, _ options: SplitOptions) -> Bool {
        var scanner = JSONScanner(maximumDepth: options.maximumDepth)
        var place = line.lowerBound
        let bytes = unread.extracting(first: line.upperBound)
        var event = scanner.next(bytes, at: &place)
        while event != .needsBytes {
            if case .failed = event { return true }
            event = scanner.next(bytes, at: &place)
        }
        return !scanner.isBetweenValues || line.count / 2 > options.maximumLength
    }

    /// Appends the value of a line, if it holds one, and an LF.
    ///
    /// - Parameters:
    ///   - hasLF: whether an LF follows.
    ///   - isWhole: whether nothing else follows.
    private static func scan(
        _ unread: RawSpan, _ line: Range<Int>, hasLF: Bool, isWhole: Bool, _ options: SplitOptions,
        into lines: inout ByteBuffer
    ) -> Failure? {
        let before = lines.count
        var scanner = JSONScanner(maximumDepth: options.maximumDepth)
        // RS would begin another text, which another line has to do.
        let bytes = unread.extracting(first: line.upperBound)
        let separator = bytes.firstIndex(of: 0x1E, from: line.lowerBound)
        let usable = bytes.extracting(first: separator ?? bytes.byteCount)
        var place = line.lowerBound
        var valueStart = place
        var copied = place
        var isThere = false
        var event = scanner.next(usable, at: &place)
        while true {
            if event == .needsBytes, separator == nil, isWhole { event = scanner.finish() }
            switch event {
            case .began where !isThere:
                isThere = true
                valueStart = place
                copied = place
            case .began:
                return fail(.init(expected: .lineEnd, found: .byte(usable[place])), place, before, &lines)
            case .whiteSpace(let start):
                lines.append(usable.extracting(copied..<start))
                copied = place
            case .ended where place - valueStart <= options.maximumLength:
                lines.append(usable.extracting(copied..<place))
                lines.append(newline)
                copied = place
            case .needsBytes where separator != nil:
                return fail(.init(expected: .textOfLines, found: .byte(0x1E)), place, before, &lines)
            case .needsBytes where isWhole: return nil
            case .ended, .needsBytes:
                return fail(
                    .init(expected: .length(atMost: options.maximumLength), found: .more),
                    valueStart + options.maximumLength, before, &lines)
            case .failed(let reason):
                let found = reason.found == .endOfInput && hasLF ? .endOfLine : reason.found
                // What could be another text is one too many.
                let expected = isThere && reason.expected == .text ? .lineEnd : reason.expected
                return fail(.init(expected: expected, found: found), place, before, &lines)
            default: break
            }
            event = scanner.next(usable, at: &place)
        }
    }

    private static func fail(
        _ reason: JSONSyntaxError, _ place: Int, _ before: Int, _ lines: inout ByteBuffer
    ) -> Failure {
        lines.truncate(to: before)
        return Failure(place: place, reason: reason)
    }

    private func fail(
        _ failure: Failure, _ unread: RawSpan, at position: SourcePosition
    ) -> ValueSplitter.Step {
        let end: Int
        switch failure.reason.found {
        case .endOfInput, .endOfLine: end = failure.place
        default: end = min(failure.place + 1, unread.byteCount)
        }
        let invalid = InvalidValue(
            position: position.advanced(over: unread.extracting(first: failure.place)),
            number: validCount + invalidCount + 1, reason: failure.reason,
            excerpt: unread.extracting(max(0, end - Self.excerptSize)..<end).array, array: nil)
        return ValueSplitter.Step(outcome: .invalid(invalid), consumed: 0)
    }
}
