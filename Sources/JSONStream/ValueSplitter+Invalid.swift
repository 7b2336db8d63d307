import ByteIO

/// Invalid values: the error for one, the state kept of it, and the search for the next value.
extension ValueSplitter {
    /// Skips the invalid value found by the last step.
    package mutating func skipInvalid() {
        byLine?.skipInvalid()
        // If the first value is an array or object, other lines may belong to it.
        if validCount == 0, invalidCount == 0 { beginsWithBrokenContainer = isContainer }
        let acceptsAnyLine = holdsOnlyScalars && (validCount > 0 || !beginsWithBrokenContainer)
        invalidCount += 1
        failure = nil
        endedAfterSeparator = false
        resynchronizer = Resynchronizer(acceptsAnyLine: acceptsAnyLine)
    }

    /// Whether the rest of an invalid value is being skipped.
    package var isSkipping: Bool { byLine?.isSkipping ?? (resynchronizer != nil) }

    /// Whether RS precedes the invalid value found by the last step.
    package var followsSeparator: Bool { endedAfterSeparator || scanner.followsSeparator }

    func fail(_ unread: RawSpan, _ failure: JSONSyntaxError) -> Step {
        let reason = head.explained(failure, at: scanned - overshoot, of: unread, from: position.byte)
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

    /// The position of the failure. If the current value resumed from a failed value, it is computed from the
    /// position of that failure.
    private func failurePosition(_ unread: RawSpan) -> SourcePosition {
        let place = scanned - overshoot
        guard let failed, failed.isResumed else {
            return position.advanced(over: unread.extracting(first: place))
        }
        return failed.place.advanced(over: unread.extracting(failed.place.byte - position.byte..<place))
    }

    /// Keeps the state of the failed value that starts at the first byte, or of the value around it.
    private mutating func keepFailed(_ unread: RawSpan) {
        let place = failurePosition(unread)
        // Inside the failed value only complete values are scanned; their failures add nothing.
        if let failed, !failed.isResumed, place.byte < failed.place.byte { return }
        var openers = OpenContainers()
        var passed = 0
        if var around = failed.take(), around.isResumed {
            // Swapped, because appending to a shared array would copy it.
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

    /// Resumes at the failure if the value that has just started is open there.
    mutating func resume() {
        guard var around = failed.take() else { return }
        let start = position.byte + scanned
        guard start < around.place.byte else { return }
        let (count, compact) = around.openers.dropOpened(before: start)
        around.scanner.dropOutermost(count, as: scanner)
        if let compact {
            swap(&scanner, &around.scanner)
            swap(&partial, &failedPartial)
            partialStart = min(compact, partial.count)
            // Amortized: bytes are moved only after as many were dropped.
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

    mutating func skip(_ unread: RawSpan, _ supply: Supply) -> Step {
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
