package import ByteIO

/// Splits a stream of JSON texts into lines with one compact value each, in bounded memory and without I/O.
///
/// The caller keeps the unconsumed bytes and passes them again, with more bytes after them, to each step. The
/// bytes of a value stay there until the whole value was validated.
///
///     unread   ··{"a": [1,␣␣
///                ^valueStart  ^scanned        `partial` holds {"a":[1,
package struct ValueSplitter: ~Copyable {
    /// The size of the output per step, in bytes: complete lines with their LF.
    private static let batchSize = 1 << 16
    /// The number of bytes of a value that a message shows.
    static let excerptSize = 40

    /// The output of the last step, if its outcome was `compacted`: complete lines of `written` bytes. The
    /// start of an incomplete line may follow them.
    package private(set) var lines = ByteBuffer()
    private var writtenBefore = 0
    /// The position of the first unconsumed byte.
    package private(set) var position = SourcePosition()
    /// The number of valid and of invalid values.
    package private(set) var validCount = 0
    package internal(set) var invalidCount = 0

    private let options: SplitOptions
    /// Does all the work if there is one value per line.
    var byLine: LineSplitter?
    private var vectorPath: VectorPath
    var scanner: JSONScanner
    var tracker: UnwrapTracker?

    /// The number of unconsumed bytes that the scanner has read.
    var scanned = 0
    /// The start of the current value or of the invalid bytes.
    var valueStart = 0
    /// The end of the value's bytes that are in `partial`.
    var copied = 0
    /// The current value's bytes without white space, up to the last white space.
    var partial = ByteBuffer()
    /// The number of bytes in `partial` that belong to the failed value around the current one.
    var partialStart = 0
    /// Whether the current value is an array or object.
    var isContainer = false
    /// The start of the current member name, if it may be on the path.
    var nameStart: Int?
    /// The error found by the scanner or by a limit; it is returned after the lines before it.
    var failure: JSONSyntaxError?
    /// The number of bytes that the scanner has read after the failure: one for the length limit.
    var overshoot = 0
    /// The failed value around the current bytes, unless `resumesInside` is false, and its `partial`.
    var failed: FailedValue?
    var failedPartial = ByteBuffer()
    let resumesInside: Bool
    /// Whether the rest of a text after its unwrapped array is validated but not written.
    var isDiscarding = false
    /// The end of that array.
    private var discardStart = 0
    /// The position of the array that is being unwrapped.
    var arrayStart: SourcePosition?
    /// Searches for the next value after an invalid one.
    var resynchronizer: Resynchronizer?
    /// Whether the input so far contains no valid array or object.
    private(set) var holdsOnlyScalars = true
    /// Whether the first value of the input is invalid and starts as an array or object.
    var beginsWithBrokenContainer = false
    /// Whether RS preceded a value that ended just beyond the length limit.
    var endedAfterSeparator = false
    /// The first bytes of the input, which show its format if it is not JSON.
    private(set) var head = InputHead()
    /// Whether the input was checked for a byte order mark.
    private var isStarted = false

    /// - Parameters:
    ///   - kernel: passes valid values faster than the scanner; nil for none.
    ///   - resumesInside: whether to use the state of a failed value. If not, the values inside it are
    ///     scanned again with the same result, which tests compare.
    package init(_ options: SplitOptions, kernel: VectorKernel? = .best, resumesInside: Bool = true) {
        self.options = options
        self.resumesInside = resumesInside && options.unwrapPath == nil
        vectorPath = VectorPath(kernel)
        byLine = options.isLineWise ? LineSplitter(options, kernel: kernel) : nil
        tracker = options.unwrapPath.map { UnwrapTracker($0) }
        scanner = JSONScanner(
            maximumDepth: options.maximumDepth, watchedDepth: tracker?.watchedDepth ?? -1)
    }

    /// Processes `unread`, the unconsumed bytes.
    package mutating func step(_ unread: RawSpan, _ supply: Supply) -> Step {
        lines.removeFirst(writtenBefore)
        writtenBefore = 0
        head.keep(unread, from: position.byte)
        guard isStarted || start(unread, supply) else { return Step(outcome: .starved, consumed: 0) }
        guard byLine == nil else { return stepByLine(unread, supply) }
        let step =
            resynchronizer != nil ? skip(unread, supply) : scanFast(unread, supply) ?? scan(unread, supply)
        writtenBefore = step.written
        if step.outcome != .verbatim { position.advance(over: unread.extracting(first: step.consumed)) }
        scanned -= step.consumed
        valueStart -= step.consumed
        copied -= step.consumed
        discardStart -= step.consumed
        if let start = nameStart { nameStart = start - step.consumed }
        return step
    }

    private mutating func stepByLine(_ unread: RawSpan, _ supply: Supply) -> Step {
        // A byte order mark was skipped; it is not part of a line.
        let mark = scanned
        scanned = 0
        guard mark == 0, var splitter = byLine.take() else {
            position.advance(over: unread.extracting(first: mark))
            return Step(outcome: .compacted, consumed: mark)
        }
        var step = splitter.step(unread, supply, at: position, into: &lines)
        if case .invalid(let invalid) = step.outcome {
            let place = invalid.position.byte - position.byte
            guard !head.mayTellMore(of: invalid.reason, at: place, of: unread, from: position.byte, supply)
            else {
                return Step(outcome: .starved, consumed: 0)
            }
            let told = invalid.withReason(
                head.explained(invalid.reason, at: place, of: unread, from: position.byte))
            step = Step(outcome: .invalid(told), consumed: 0)
        }
        position.advance(over: unread.extracting(first: step.consumed))
        validCount = splitter.validCount
        writtenBefore = step.written
        byLine = splitter
        return step
    }

    /// Skips a byte order mark; RFC 8259, section 8.1 allows ignoring one at the start.
    ///
    /// - Returns: false if more bytes are needed.
    private mutating func start(_ unread: RawSpan, _ supply: Supply) -> Bool {
        let mark: InlineArray<3, UInt8> = [0xEF, 0xBB, 0xBF]
        let count = min(unread.byteCount, mark.count)
        for index in 0..<count where unread[index] != mark[index] {
            isStarted = true
            return true
        }
        guard count == mark.count || supply == .ended else { return false }
        isStarted = true
        scanned = count == mark.count ? count : 0
        return true
    }

    /// The compact form of `text`, or nil if it does not contain exactly one value.
    package static func compact(_ text: String) -> [UInt8]? {
        var options = SplitOptions()
        options.maximumLength = .max
        options.maximumDepth = .max
        var splitter = ValueSplitter(options, kernel: nil)
        let bytes = [UInt8](text.utf8)
        let step = splitter.step(bytes.bytes, .ended)
        guard step.outcome == .compacted, step.consumed == bytes.count, splitter.validCount == 1
        else { return nil }
        return splitter.lines.bytes.extracting(first: step.written - 1).array
    }

    // MARK: - Values

    /// Lets the kernel process complete values at a position where values may start.
    ///
    /// - Returns: nil if the scanner has to handle the next value.
    private mutating func scanFast(_ unread: RawSpan, _ supply: Supply) -> Step? {
        guard failure == nil, failed == nil, scanned == 0, unread.byteCount > 0,
            vectorPath.isDue(afterValues: 0),
            let place = vectorPlace
        else { return nil }
        let white =
            place == .texts && vectorPath.isAtStart ? unread.prefixLength(where: JSONToken.isWhiteSpace) : 0
        if white > 0 {
            // The LF after a text that the scanner handled would not look compact.
            scanned = white
            return Step(outcome: .compacted, consumed: white)
        }
        let limits = VectorPath.Limits(
            depth: options.maximumDepth - scanner.depth, length: options.maximumLength,
            takesArrays: tracker == nil)
        let found = vectorPath.run(unread, place, limits, into: &lines)
        guard found.consumed > 0 else {
            let mayWait = !found.isRefused && supply == .flowing && unread.byteCount <= options.maximumLength
            if mayWait { return Step(outcome: .starved, consumed: 0) }
            vectorPath.giveUp()
            lines.removeAll()
            return nil
        }
        scanned = found.consumed
        validCount += found.values
        holdsOnlyScalars = false
        if place == .elements { scanner.passElements() } else { scanner.passTexts() }
        guard found.isVerbatim else {
            return Step(outcome: .compacted, consumed: found.consumed, written: found.written)
        }
        position.advance(lines: found.values, bytes: found.consumed)
        return Step(outcome: .verbatim, consumed: found.consumed)
    }

    /// The kernel's mode for the next byte; nil if it has none.
    private var vectorPlace: VectorPath.Place? {
        if scanner.expectsElement { return .elements }
        return scanner.expectsText && (tracker?.watchedDepth ?? 0) == 0 ? .texts : nil
    }

    private mutating func scan(_ unread: RawSpan, _ supply: Supply) -> Step {
        while lines.count < Self.batchSize {
            switch nextEvent(unread, supply) {
            case .began:
                valueStart = scanned
                copied = scanned
                partial.removeAll()
                partialStart = 0
                isContainer = unread[scanned] == UInt8(ascii: "{") || unread[scanned] == UInt8(ascii: "[")
                if failed != nil { resume() }
            case .whiteSpace(let start):
                passWhiteSpace(unread, from: start)
            case .ended:
                endValue(unread)
                if vectorPath.isDue(afterValues: 1) { return handOver() }
            case .needsBytes:
                if lines.count > 0 { return handOver() }
                dropLongName()
                return Step(outcome: supply == .ended ? .finished : .starved, consumed: firstNeeded)
            case .failed(let reason):
                if lines.count > 0 { return handOver() }
                guard !head.mayTellMore(of: reason, at: scanned, of: unread, from: position.byte, supply)
                else {
                    return Step(outcome: .starved, consumed: 0)
                }
                return fail(unread, reason)
            case .opened(let isObject):
                guard tracker?.opened(isObject: isObject, at: scanner.depth - 1) == true else { continue }
                scanner.unwrapArray()
                isDiscarding = false
                holdsOnlyScalars = false
                arrayStart = position.advanced(over: unread.extracting(first: scanned - 1))
                return handOver()
            case .unwrappedArrayEnded:
                arrayStart = nil
                isDiscarding = scanner.depth > 0
                discardStart = scanned - 1
                closeContainer()
            case .closed:
                closeContainer()
            case .nextElement:
                tracker?.nextElement(at: scanner.depth)
                if scanner.expectsElement, vectorPath.isDue(afterValues: 0) { return handOver() }
            case .nameBegan:
                nameStart = scanned
            case .nameEnded:
                endName(unread)
            }
        }
        return handOver()
    }

    /// The next event of the scanner, replaced by a failure if a limit is exceeded.
    private mutating func nextEvent(_ unread: RawSpan, _ supply: Supply) -> JSONScanner.Event {
        if let failure { return .failed(failure) }
        let isBuffered = !scanner.isBetweenValues && !isDiscarding
        overshoot = 0
        // One byte beyond the limit proves that the value is longer.
        let isLimited = isBuffered && unread.byteCount - valueStart > options.maximumLength
        let end = isLimited ? valueStart + options.maximumLength + 1 : unread.byteCount
        let followsSeparator = scanner.followsSeparator
        var event = scanner.next(unread.extracting(first: end), at: &scanned)
        if isLimited, scanned == end {
            overshoot = 1
            if case .whiteSpace(let start) = event { passWhiteSpace(unread, from: start) }
            if event == .ended { endedAfterSeparator = followsSeparator }
            event = .failed(JSONSyntaxError(expected: .length(atMost: options.maximumLength), found: .more))
        } else if event == .needsBytes, supply == .ended {
            event = scanner.finish()
        }
        guard case .failed(let reason) = event else { return event }
        failure = reason
        guard !isBuffered else { return event }
        isContainer = false
        valueStart = isDiscarding ? max(discardStart, scanned + 1 - Self.excerptSize) : scanned
        return event
    }

    private mutating func passWhiteSpace(_ unread: RawSpan, from start: Int) {
        if !isDiscarding { partial.append(unread.extracting(copied..<start)) }
        copied = scanned
    }

    private mutating func endValue(_ unread: RawSpan) {
        if isDiscarding {
            isDiscarding = false
        } else {
            if isContainer { holdsOnlyScalars = false }
            if failed?.isResumed == true { failed = nil }
            Self.append(partial, from: partialStart, to: &lines)
            lines.append(unread.extracting(copied..<scanned))
            lines.append(0x0A)
            validCount += 1
        }
        if scanner.depth == 0 { tracker?.restart() }
    }

    private static func append(
        _ bytes: borrowing ByteBuffer, from start: Int, to lines: inout ByteBuffer
    ) {
        lines.append(bytes.bytes.extracting(start..<bytes.count))
    }

    private mutating func closeContainer() {
        if scanner.depth == 0 { tracker?.restart() } else { tracker?.closed(at: scanner.depth) }
    }

    private mutating func endName(_ unread: RawSpan) {
        guard let start = nameStart else {
            tracker?.namedOther(at: scanner.depth)
            return
        }
        nameStart = nil
        tracker?.named(unread.extracting(start + 1..<scanned - 1), at: scanner.depth)
    }

    /// Drops a name that is too long for the path.
    private mutating func dropLongName() {
        guard isDiscarding, let start = nameStart, let tracker, scanned - start > tracker.longestName + 2
        else { return }
        nameStart = nil
    }

    /// The first byte that is still needed. Discarded bytes are kept as far as a message shows them.
    private var firstNeeded: Int {
        if failure != nil { return valueStart }
        if scanner.isBetweenValues { return scanned }
        guard isDiscarding else { return valueStart }
        return min(nameStart ?? scanned, max(discardStart, scanned - Self.excerptSize))
    }

    /// Returns the lines of this step, and consumes the bytes that are no longer needed.
    private func handOver() -> Step {
        Step(outcome: .compacted, consumed: firstNeeded, written: lines.count)
    }
}
