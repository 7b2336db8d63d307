import ByteIO

/// Splits a stream with one JSON value per line: does the work of `ValueSplitter` for `--lines`.
///
/// Every value and every error ends with its line. So an invalid value affects only its own line, whatever it
/// contains, and the start of the next value is certain.
struct LineSplitter {
    /// The size of the output per step, in bytes: complete lines with their LF.
    private static let batchSize = 1 << 16
    /// The number of bytes of a line that a message shows.
    private static let excerptSize = 40
    private static let newline: UInt8 = 0x0A

    private let options: SplitOptions
    private var vectorPath: VectorPath
    /// The number of unconsumed bytes that are known to contain no LF.
    private var searched = 0
    /// Whether the rest of an invalid line is being skipped.
    private(set) var isSkipping = false
    private(set) var validCount = 0
    private var invalidCount = 0

    init(_ options: SplitOptions, kernel: VectorKernel?) {
        self.options = options
        vectorPath = VectorPath(kernel)
    }

    /// Skips the invalid line found by the last step.
    mutating func skipInvalid() {
        invalidCount += 1
        isSkipping = true
    }

    /// Does the same as `ValueSplitter.step`.
    ///
    /// - Parameters:
    ///   - position: the position of the first byte.
    ///   - lines: must be empty; receives the output.
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

    /// Lets the kernel pass lines that are already compact.
    ///
    /// - Returns: nil if the scanner has to handle the next line.
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
            // If a line is too long, its end need not be known.
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

    /// The error of a line, and the offset of the invalid byte.
    private struct Failure {
        let place: Int
        let reason: JSONSyntaxError
    }

    /// Whether a line without its end contains an unfinished value or endless white space, so that it is
    /// certainly too long.
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

    /// Appends the value of a line, if there is one, and an LF.
    ///
    /// - Parameters:
    ///   - hasLF: whether an LF follows the line.
    ///   - isWhole: whether the line is complete.
    private static func scan(
        _ unread: RawSpan, _ line: Range<Int>, hasLF: Bool, isWhole: Bool, _ options: SplitOptions,
        into lines: inout ByteBuffer
    ) -> Failure? {
        let before = lines.count
        var scanner = JSONScanner(maximumDepth: options.maximumDepth)
        // RS would start another text, which must be on another line.
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
                // A second text in the same line is not allowed.
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
