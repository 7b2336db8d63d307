package import ByteIO

/// What a `ValueSplitter` is asked to do.
package struct SplitOptions: Sendable {
    /// How many arrays and objects may be open at once.
    package var maximumDepth = 1024
    /// How many bytes a value may have, white space inside it counted.
    package var maximumLength = 64 << 20
    /// Where arrays are replaced by their elements; nil: nowhere.
    package var unwrapPath: FieldPath?
    /// True if each line holds one value or none, and no array is unwrapped.
    package var isLineWise = false

    package init() {}
}

/// A stream of JSON texts as whole lines: one compact value each, in bounded memory and without I/O.
///
/// The caller keeps the bytes that were not consumed and lends them again, with more after them, at each
/// step. A value's bytes stay there until all of it was validated.
///
///     unread   ··{"a": [1,␣␣
///                ^valueStart  ^scanned        `partial` holds {"a":[1,
package struct ValueSplitter: ~Copyable {
    /// What is after the bytes that a step is lent.
    package enum Supply: Equatable, Sendable {
        /// More, at once.
        case flowing
        /// More, after a wait: what can be said now has to be said.
        case pausing
        /// Nothing.
        case ended
    }

    /// What a step found out about the first bytes it was lent.
    package enum Outcome: Equatable, Sendable {
        /// They are whole lines of output as they stand.
        case verbatim
        /// `lines` holds what stands for them, which may be nothing.
        case compacted
        /// They were skipped as part of an invalid value.
        case skipped
        /// The first value is invalid. Then the run ends, or `skipInvalid` is called.
        case invalid(InvalidValue)
        /// Nothing: more bytes are needed.
        case starved
        /// Nothing: the input was handled to its end.
        case finished
    }

    /// The result of a step.
    package struct Step: Equatable, Sendable {
        package let outcome: Outcome
        /// How many of the bytes lent the outcome is about; they are done with.
        package let consumed: Int
        /// How many bytes of `lines` stand for them, if the outcome is `compacted`.
        package var written = 0
    }

    /// Lines, each with its LF, that are handed on at once.
    private static let batchSize = 1 << 16
    /// How much of a value a message shows.
    private static let excerptSize = 40

    /// What the last step's outcome `compacted` is about: whole lines, as many bytes as the step says. After
    /// them may be the head of a line that is not finished.
    package private(set) var lines = ByteBuffer()
    private var writtenBefore = 0
    /// The place of the first byte not consumed.
    package private(set) var position = SourcePosition()
    /// How many values were valid, and how many were not.
    package private(set) var validCount = 0
    package private(set) var invalidCount = 0

    private let options: SplitOptions
    /// Does all the work where lines tell values apart.
    private var byLine: LineSplitter?
    private var vectorPath: VectorPath
    private var scanner: JSONScanner
    private var tracker: UnwrapTracker?

    /// How many of the bytes not consumed the scanner has used.
    private var scanned = 0
    /// Where the present value, or the bytes that are none, starts.
    private var valueStart = 0
    /// Up to where the value's bytes are in `partial`.
    private var copied = 0
    /// The present value's bytes, without white space, up to the last white space.
    private var partial = ByteBuffer()
    /// How many bytes of `partial` belong to the failed value around the present one.
    private var partialStart = 0
    /// True if the present value is an array or object.
    private var isContainer = false
    /// Where the member name that is scanned starts, if it may be one of the path's.
    private var nameStart: Int?
    /// What the scanner, or a limit, refused; it is told once the lines before it were.
    private var failure: JSONSyntaxError?
    /// How many bytes the scanner has used after the place of the failure: one after a limit of length.
    private var overshoot = 0
    /// The failed value around the bytes that are scanned, unless `resumesInside` is false, and its `partial`.
    private var failed: FailedValue?
    private var failedPartial = ByteBuffer()
    private let resumesInside: Bool
    /// True after an unwrapped array: what is left of the text around it is checked, not written.
    private var isDiscarding = false
    /// Where that array ended.
    private var discardStart = 0
    /// Where the array opened whose elements are being taken out.
    private var arrayStart: SourcePosition?
    /// What looks for the next value after an invalid one.
    private var resynchronizer: Resynchronizer?
    /// True while the input has held no valid array and no valid object.
    private var holdsOnlyScalars = true
    /// True if the input's first value is invalid and begins as an array or object.
    private var beginsWithBrokenContainer = false
    /// True if RS stood before a value that a limit made invalid at its very end.
    private var endedBehindSeparator = false
    /// The first bytes of the input: they tell what it is if it is no JSON.
    private var head: [UInt8] = []
    /// True once the first bytes were looked at for a byte order mark.
    private var isStarted = false

    /// - Parameters:
    ///   - kernel: what finds valid values faster than the scanner; nil: nothing does.
    ///   - resumesInside: makes use of what is known of a failed value. Else the values inside it are scanned
    ///     again, with the same result: what tests compare with.
    package init(_ options: SplitOptions, kernel: VectorKernel? = .best, resumesInside: Bool = true) {
        self.options = options
        self.resumesInside = resumesInside && options.unwrapPath == nil
        vectorPath = VectorPath(kernel)
        byLine = options.isLineWise ? LineSplitter(options, kernel: kernel) : nil
        tracker = options.unwrapPath.map { UnwrapTracker($0) }
        scanner = JSONScanner(
            maximumDepth: options.maximumDepth, watchedDepth: tracker?.watchedDepth ?? -1)
    }

    /// Looks at `unread`, the bytes that were not consumed yet.
    package mutating func step(_ unread: RawSpan, _ supply: Supply) -> Step {
        lines.removeFirst(writtenBefore)
        writtenBefore = 0
        if head.count < ForeignEncoding.longestMark { keepHead(unread) }
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

    private mutating func keepHead(_ unread: RawSpan) {
        let known = head.count - position.byte
        let end = min(unread.byteCount, ForeignEncoding.longestMark - position.byte)
        if known >= 0, known < end { head += unread.extracting(known..<end).array }
    }

    private mutating func stepByLine(_ unread: RawSpan, _ supply: Supply) -> Step {
        // A byte order mark was passed, and is no part of a line.
        let mark = scanned
        scanned = 0
        guard mark == 0, var splitter = byLine.take() else {
            position.advance(over: unread.extracting(first: mark))
            return Step(outcome: .compacted, consumed: mark)
        }
        var step = splitter.step(unread, supply, at: position, into: &lines)
        if case .invalid(let invalid) = step.outcome {
            let place = invalid.position.byte - position.byte
            guard !mayTellMore(of: invalid.reason, at: place, unread, supply) else {
                return Step(outcome: .starved, consumed: 0)
            }
            let told = invalid.withReason(explained(invalid.reason, at: place, unread))
            step = Step(outcome: .invalid(told), consumed: 0)
        }
        position.advance(over: unread.extracting(first: step.consumed))
        validCount = splitter.validCount
        writtenBefore = step.written
        byLine = splitter
        return step
    }

    /// Goes on after the invalid value that the last step found.
    package mutating func skipInvalid() {
        byLine?.skipInvalid()
        // Of the first value, when it is an array or object, no other line can be told from its own.
        if validCount == 0, invalidCount == 0 { beginsWithBrokenContainer = isContainer }
        let acceptsAnyLine = holdsOnlyScalars && (validCount > 0 || !beginsWithBrokenContainer)
        invalidCount += 1
        failure = nil
        endedBehindSeparator = false
        resynchronizer = Resynchronizer(acceptsAnyLine: acceptsAnyLine)
    }

    /// True while the rest of an invalid value is skipped.
    package var isSkipping: Bool { byLine?.isSkipping ?? (resynchronizer != nil) }

    /// True if RS stood before the invalid value that the last step found.
    package var followsSeparator: Bool { endedBehindSeparator || scanner.followsSeparator }

    /// Passes a byte order mark; RFC 8259, section 8.1 allows to ignore one at the start.
    ///
    /// - Returns: false if that cannot be told yet.
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

    /// The compact bytes of the one value that `text` holds, or nil if it does not hold exactly one.
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

    /// Hands whole values to the kernel, where they may start.
    ///
    /// - Returns: nil if the scanner has to look at the next value.
    private mutating func scanFast(_ unread: RawSpan, _ supply: Supply) -> Step? {
        guard failure == nil, failed == nil, scanned == 0, unread.byteCount > 0,
            vectorPath.isDue(afterValues: 0),
            let place = vectorPlace
        else { return nil }
        let white =
            place == .texts && vectorPath.isAtStart ? unread.prefixLength(where: JSONScanner.isWhiteSpace) : 0
        if white > 0 {
            // The LF after a text that the scanner took would not look compact.
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

    /// Where the next byte stands, if the kernel knows such places.
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
                guard !mayTellMore(of: reason, at: scanned, unread, supply) else {
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

    /// The scanner's next event, or the failure that a limit makes of it.
    private mutating func nextEvent(_ unread: RawSpan, _ supply: Supply) -> JSONScanner.Event {
        if let failure { return .failed(failure) }
        let isBuffered = !scanner.isBetweenValues && !isDiscarding
        overshoot = 0
        // One byte after the limit shows that the value goes on.
        let isLimited = isBuffered && unread.byteCount - valueStart > options.maximumLength
        let end = isLimited ? valueStart + options.maximumLength + 1 : unread.byteCount
        let followsSeparator = scanner.followsSeparator
        var event = scanner.next(unread.extracting(first: end), at: &scanned)
        if isLimited, scanned == end {
            overshoot = 1
            if case .whiteSpace(let start) = event { passWhiteSpace(unread, from: start) }
            if event == .ended { endedBehindSeparator = followsSeparator }
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

    /// Stops keeping a name that is too long to be one of the path's.
    private mutating func dropLongName() {
        guard isDiscarding, let start = nameStart, let tracker, scanned - start > tracker.longestName + 2
        else { return }
        nameStart = nil
    }

    /// The first byte that has to be lent again. What is discarded is kept as far as a message shows it.
    private var firstNeeded: Int {
        if failure != nil { return valueStart }
        if scanner.isBetweenValues { return scanned }
        guard isDiscarding else { return valueStart }
        return min(nameStart ?? scanned, max(discardStart, scanned - Self.excerptSize))
    }

    /// Gives the lines of this step away, and the bytes that are no longer needed.
    private func handOver() -> Step {
        Step(outcome: .compacted, consumed: firstNeeded, written: lines.count)
    }

    /// True if the next bytes may tell what a byte is that is not allowed.
    private func mayTellMore(
        of reason: JSONSyntaxError, at place: Int, _ unread: RawSpan, _ supply: Supply
    ) -> Bool {
        guard supply != .ended, case .byte(let byte) = reason.found else { return false }
        if byte == 0xEF { return unread.byteCount < place + 3 }
        return position.byte + place <= ForeignEncoding.lastPlace && head.count < ForeignEncoding.longestMark
            && ForeignEncoding.mayShow(byte)
    }

    /// The same failure, where the bytes around it are known for what they are.
    private func explained(_ reason: JSONSyntaxError, at place: Int, _ unread: RawSpan) -> JSONSyntaxError {
        guard case .byte(let byte) = reason.found else { return reason }
        if byte == 0xEF, place + 3 <= unread.byteCount, unread[place + 1] == 0xBB, unread[place + 2] == 0xBF {
            return JSONSyntaxError(expected: reason.expected, found: .byteOrderMark)
        }
        guard position.byte + place <= ForeignEncoding.lastPlace, ForeignEncoding.mayShow(byte),
            let encoding = ForeignEncoding(head)
        else { return reason }
        return JSONSyntaxError(expected: reason.expected, found: .encoding(encoding))
    }

    private func fail(_ unread: RawSpan, _ failure: JSONSyntaxError) -> Step {
        let reason = explained(failure, at: scanned - overshoot, unread)
        let isTruncated = reason.found == .endOfInput || reason.found == .byte(0x1E)
        let place = scanned - overshoot
        let end = reason.found == .endOfInput ? place : place + 1
        let invalid = InvalidValue(
            position: failurePosition(unread),
            number: validCount + invalidCount + 1, reason: reason,
            excerpt: unread.extracting(max(valueStart, end - Self.excerptSize)..<end).array,
            array: isTruncated ? arrayStart : nil)
        return Step(outcome: .invalid(invalid), consumed: valueStart)
    }

    // MARK: - Invalid values

    /// The place of the failure, counted from that of the last one where the present value goes on from it.
    private func failurePosition(_ unread: RawSpan) -> SourcePosition {
        let place = scanned - overshoot
        guard let failed, failed.isResumed else {
            return position.advanced(over: unread.extracting(first: place))
        }
        return failed.place.advanced(over: unread.extracting(failed.place.byte - position.byte..<place))
    }

    /// Keeps what is known of the value that failed and starts at the first byte, or of the one around it.
    private mutating func keepFailed(_ unread: RawSpan) {
        let place = failurePosition(unread)
        // Inside the failed value, what is whole in itself is scanned; its failures tell nothing new.
        if let failed, !failed.isResumed, place.byte < failed.place.byte { return }
        var openers = OpenContainers()
        var passed = 0
        if var around = failed.take(), around.isResumed {
            // Swapped, as appending to a shared array would copy it.
            swap(&openers, &around.openers)
            passed = around.scanned - position.byte
        }
        guard resumesInside, isContainer, scanner.depth > 0 else { return }
        openers.pass(unread.extracting(passed..<scanned), from: position.byte + passed)
        failed = FailedValue(
            place: place, scanner: scanner, scanned: position.byte + scanned,
            copied: position.byte + copied, openers: openers)
        swap(&partial, &failedPartial)
    }

    /// Goes on at the place of the failure if the value that has just begun is open there.
    private mutating func resume() {
        guard var around = failed.take() else { return }
        let start = position.byte + scanned
        guard start < around.place.byte else { return }
        let (count, compact) = around.openers.dropOpened(before: start)
        around.scanner.dropOutermost(count, as: scanner)
        if let compact {
            swap(&scanner, &around.scanner)
            swap(&partial, &failedPartial)
            partialStart = min(compact, partial.count)
            // Bytes move only as far as as many were dropped since the last time.
            if partialStart > partial.count / 2 {
                partial.removeFirst(partialStart)
                around.openers.dropCompact(partialStart)
                partialStart = 0
            }
            copied = max(scanned, around.copied - position.byte)
            scanned = around.scanned - position.byte
            around.isResumed = true
        }
        failed = around
    }

    private mutating func skip(_ unread: RawSpan, _ supply: Supply) -> Step {
        guard var search = resynchronizer else { return Step(outcome: .starved, consumed: 0) }
        if search.isAtStart { keepFailed(unread) }
        let (count, isFound) = search.search(unread)
        resynchronizer = search
        if isFound || supply == .ended {
            resynchronizer = nil
            scanner.restart()
            tracker?.restart()
            arrayStart = nil
            isDiscarding = false
            nameStart = nil
        }
        scanned = count
        return Step(outcome: resynchronizer == nil || count > 0 ? .skipped : .starved, consumed: count)
    }
}
