package import ByteIO

/// What a `ValueSplitter` is asked to do.
package struct SplitOptions: Sendable {
    /// How many arrays and objects may be open at once.
    package var maximumDepth = 1024
    /// How many bytes a value may have, white space inside it counted.
    package var maximumLength = 64 << 20
    /// Where arrays are replaced by their elements; nil: nowhere.
    package var unwrapPath: FieldPath?

    package init() {}
}

/// Bytes that are no value.
package struct InvalidValue: Error, Equatable, Sendable {
    /// The offending byte's place.
    package let position: SourcePosition
    /// Which value of the input it is, counted from 1.
    package let number: Int
    package let reason: JSONSyntaxError
    /// The value's bytes up to and with the offending one, the last of them if there are many.
    package let excerpt: [UInt8]
    /// Where the array opened whose elements are being taken out.
    package let array: SourcePosition?
}

extension InvalidValue: CustomStringConvertible {
    /// `LINE:COLUMN (byte N, value M): expected X, found Y near 'EXCERPT'`.
    package var description: String {
        let opened = array.map { "; the array opened at \($0)" } ?? ""
        let near = excerpt.isEmpty ? "" : " near '" + Diagnostics.printable(excerpt) + "'"
        return
            "\(position.line):\(position.column) (byte \(position.byte), value \(number)): \(reason)\(near)\(opened)"
    }
}

/// A stream of JSON texts as whole lines: one compact value each, in bounded memory and without I/O.
///
/// The caller keeps the bytes that were not consumed and lends them again, with more behind them, at each
/// step. A value's bytes stay there until all of it was validated.
///
///     unread   ··{"a": [1,␣␣
///                ^valueStart  ^scanned        `partial` holds {"a":[1,
package struct ValueSplitter: ~Copyable {
    /// What is behind the bytes that a step is lent.
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

    /// What the last step's outcome `compacted` is about: whole lines, as many bytes as the step says. Behind
    /// them may be the head of a line that is not finished.
    package private(set) var lines = ByteBuffer()
    private var writtenBefore = 0
    /// The place of the first byte not consumed.
    package private(set) var position = SourcePosition()
    /// How many values were valid, and how many were not.
    package private(set) var validCount = 0
    package private(set) var invalidCount = 0

    private let options: SplitOptions
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
    /// Where the member name that is scanned starts, if it may be one of the path's.
    private var nameStart: Int?
    /// What the scanner, or a limit, refused; it is told once the lines before it were.
    private var failure: JSONSyntaxError?
    /// True behind an unwrapped array: what is left of the text around it is checked, not written.
    private var isDiscarding = false
    /// Where the array opened whose elements are being taken out.
    private var arrayStart: SourcePosition?
    /// What looks for the next value behind an invalid one.
    private var resynchronizer: Resynchronizer?
    /// True while the input has held no array and no object.
    private var holdsOnlyScalars = true
    /// True once the first bytes were looked at for a byte order mark.
    private var isStarted = false

    /// - Parameter kernel: what finds valid values faster than the scanner; nil: nothing does.
    package init(_ options: SplitOptions, kernel: VectorKernel? = .best) {
        self.options = options
        vectorPath = VectorPath(kernel)
        tracker = options.unwrapPath.map { UnwrapTracker($0) }
        scanner = JSONScanner(
            maximumDepth: options.maximumDepth, watchedDepth: tracker?.watchedDepth ?? -1)
    }

    /// Looks at `unread`, the bytes that were not consumed yet.
    package mutating func step(_ unread: RawSpan, _ supply: Supply) -> Step {
        lines.removeFirst(writtenBefore)
        writtenBefore = 0
        guard isStarted || start(unread, supply) else { return Step(outcome: .starved, consumed: 0) }
        let step =
            resynchronizer != nil ? skip(unread, supply) : scanFast(unread, supply) ?? scan(unread, supply)
        writtenBefore = step.written
        if step.outcome != .verbatim { position.advance(over: unread.extracting(first: step.consumed)) }
        scanned -= step.consumed
        valueStart -= step.consumed
        copied -= step.consumed
        if let start = nameStart { nameStart = start - step.consumed }
        return step
    }

    /// Goes on behind the invalid value that the last step found.
    package mutating func skipInvalid() {
        invalidCount += 1
        failure = nil
        resynchronizer = Resynchronizer()
    }

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
        guard failure == nil, scanned == 0, unread.byteCount > 0, vectorPath.isDue(afterValues: 0),
            let place = vectorPlace
        else { return nil }
        let white =
            place == .texts && vectorPath.isAtStart ? unread.prefixLength(where: JSONScanner.isWhiteSpace) : 0
        if white > 0 {
            // The LF behind a text that the scanner took would not look compact.
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
        if place == .elements { scanner.passElements() }
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
                if unread[scanned] == UInt8(ascii: "{") || unread[scanned] == UInt8(ascii: "[") {
                    holdsOnlyScalars = false
                }
            case .whiteSpace(let start):
                if !isDiscarding { partial.append(unread.extracting(copied..<start)) }
                copied = scanned
            case .ended:
                endValue(unread)
                if vectorPath.isDue(afterValues: 1) { return handOver() }
            case .needsBytes:
                if lines.count > 0 { return handOver() }
                return Step(outcome: supply == .ended ? .finished : .starved, consumed: firstNeeded)
            case .failed(let reason):
                return lines.count > 0 ? handOver() : fail(unread, reason)
            case .opened(let isObject):
                guard tracker?.opened(isObject: isObject, at: scanner.depth - 1) == true else { continue }
                scanner.unwrapArray()
                isDiscarding = false
                arrayStart = position.advanced(over: unread.extracting(first: scanned - 1))
                return handOver()
            case .unwrappedArrayEnded:
                arrayStart = nil
                isDiscarding = scanner.depth > 0
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
        var event = scanner.next(unread, at: &scanned)
        if event == .needsBytes, supply == .ended { event = scanner.finish() }
        if isBuffered, scanned - valueStart > options.maximumLength {
            scanned = valueStart + options.maximumLength
            event = .failed(JSONSyntaxError(expected: .length(atMost: options.maximumLength), found: .more))
        }
        guard case .failed(let reason) = event else { return event }
        failure = reason
        if !isBuffered { valueStart = nameStart ?? scanned }
        return event
    }

    private mutating func endValue(_ unread: RawSpan) {
        if isDiscarding {
            isDiscarding = false
        } else {
            Self.append(partial, to: &lines)
            lines.append(unread.extracting(copied..<scanned))
            lines.append(0x0A)
            validCount += 1
        }
        if scanner.depth == 0 { tracker?.restart() }
    }

    private static func append(_ bytes: borrowing ByteBuffer, to lines: inout ByteBuffer) {
        lines.append(bytes.bytes)
    }

    private mutating func closeContainer() {
        if scanner.depth == 0 { tracker?.restart() } else { tracker?.closed(at: scanner.depth) }
    }

    private mutating func endName(_ unread: RawSpan) {
        guard let start = nameStart else { return }
        nameStart = nil
        tracker?.named(unread.extracting(start + 1..<scanned - 1), at: scanner.depth)
    }

    /// The first byte that has to be lent again.
    private var firstNeeded: Int {
        if failure != nil { return valueStart }
        return scanner.isBetweenValues ? scanned : isDiscarding ? nameStart ?? scanned : valueStart
    }

    /// Gives the lines of this step away, and the bytes that are no longer needed.
    private func handOver() -> Step {
        Step(outcome: .compacted, consumed: firstNeeded, written: lines.count)
    }

    private func fail(_ unread: RawSpan, _ reason: JSONSyntaxError) -> Step {
        let isTruncated = reason.found == .endOfInput || reason.found == .byte(0x1E)
        let end = reason.found == .endOfInput ? scanned : scanned + 1
        let invalid = InvalidValue(
            position: position.advanced(over: unread.extracting(first: scanned)),
            number: validCount + invalidCount + 1, reason: reason,
            excerpt: unread.extracting(max(valueStart, end - Self.excerptSize)..<end).array,
            array: isTruncated ? arrayStart : nil)
        return Step(outcome: .invalid(invalid), consumed: valueStart)
    }

    // MARK: - Invalid values

    private mutating func skip(_ unread: RawSpan, _ supply: Supply) -> Step {
        guard var search = resynchronizer else { return Step(outcome: .starved, consumed: 0) }
        let (count, isFound) = search.search(unread, acceptingAnyLine: holdsOnlyScalars)
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
