import ByteIO

/// The grammar of RFC 8259 as a state machine: takes a stream of JSON texts, split at any byte, and returns
/// events.
///
/// It alone decides what json-sep accepts: every rule and every message is defined here. The vector kernel
/// only accepts, faster, a part of what this accepts. The scanner does no I/O, keeps no bytes and does not
/// recurse. Texts may be separated by white space or RS (RFC 7464), or follow each other directly.
///
///     bytes      ·{"a": 1}·[2]·        (· is white space)
///     events      began  whiteSpace(from: 5)  ended  began  ended
///
/// After a failure the state is that before the invalid byte, so the next call fails again.
package struct JSONScanner: Sendable {
    /// The result of a call of `next`. Every event refers to the position of the offset after the call.
    package enum Event: Equatable, Sendable {
        /// All bytes were read; more are needed for the next event.
        case needsBytes
        /// A value starts here; its first byte was not read yet.
        case began
        /// The value ended before this position.
        case ended
        /// The bytes from this offset up to here are white space inside a value. A run of white space that is
        /// split between two calls gives two events.
        case whiteSpace(from: Int)
        /// The next byte is the opening quote of a member name; only down to `watchedDepth`.
        case nameBegan
        /// The previous byte is the closing quote of a member name; only down to `watchedDepth`.
        case nameEnded
        /// The previous byte opened an object or array; only down to `watchedDepth`.
        case opened(isObject: Bool)
        /// The previous byte closed an object or array; only down to `watchedDepth`.
        case closed
        /// The previous byte is a comma between array elements; only in the unwrapped array and down to
        /// `watchedDepth`.
        case nextElement
        /// The previous byte closed the array for which `unwrapArray` was called.
        case unwrappedArrayEnded
        /// The next byte, or the end of the input, is not allowed here.
        case failed(JSONSyntaxError)
    }

    /// The token that may follow, or the token that is incomplete.
    private enum State: Equatable {
        case text, element, elementOrEnd, member, memberOrEnd, colon, memberValue, commaOrEnd
        case string(StringToken)
        case number(NumberToken)
        case literal(LiteralToken)
    }

    private var state = State.text
    /// Whether the current string is a member's name.
    private var isName = false

    private var containers = ContainerStack()
    private let maximumDepth: Int
    /// Events for containers, names and commas are returned down to this depth; the text itself is at depth
    /// 0. Negative for none.
    private let watchedDepth: Int
    /// The number of containers around the values that are reported: 0, or those around unwrapped elements.
    private var valueDepth = 0
    private var isInValue = false
    /// Whether the input has contained an RS between texts.
    private var isFramed = false
    /// Whether RS precedes the current text or the invalid bytes.
    private(set) var followsSeparator = false

    /// - Parameters:
    ///   - maximumDepth: the maximum of open arrays and objects.
    ///   - watchedDepth: see `Event`; none by default.
    package init(maximumDepth: Int, watchedDepth: Int = -1) {
        self.maximumDepth = maximumDepth
        self.watchedDepth = watchedDepth
    }

    /// The number of open arrays and objects.
    package var depth: Int { containers.depth }

    /// True if a value or an element of the unwrapped array may start here, and white space is insignificant.
    package var isBetweenValues: Bool { !isInValue }

    /// True if a text may start here, and white space is insignificant.
    package var expectsText: Bool { state == .text && !isInValue }

    /// True if an element of the unwrapped array may or must start here.
    package var expectsElement: Bool {
        !isInValue && valueDepth > 0 && (state == .element || state == .elementOrEnd)
    }

    /// Reports the elements of the array that has just opened as separate values.
    package mutating func unwrapArray() {
        valueDepth = containers.depth
        isInValue = false
    }

    /// Skips elements, each with its comma, that were validated by the vector kernel.
    package mutating func passElements() { state = .element }

    /// Skips texts that were validated by the vector kernel.
    mutating func passTexts() { followsSeparator = false }

    /// Discards the failed value; the next byte starts a new text.
    package mutating func restart() {
        let framed = isFramed
        self = JSONScanner(maximumDepth: maximumDepth, watchedDepth: watchedDepth)
        isFramed = framed
    }

    /// Discards the outermost `count` containers, so that the value starts inside them.
    ///
    /// - Parameter beginning: the scanner at the first byte of that value.
    mutating func dropOutermost(_ count: Int, as beginning: borrowing JSONScanner) {
        containers.dropOutermost(count)
        followsSeparator = beginning.followsSeparator
    }

    /// Reads `bytes` from `offset` to the next event.
    package mutating func next(_ bytes: RawSpan, at offset: inout Int) -> Event {
        while offset < bytes.byteCount {
            let event =
                switch state {
                case .text, .element, .elementOrEnd, .member, .memberOrEnd, .colon, .memberValue, .commaOrEnd:
                    scanStructure(bytes, at: &offset)
                case .string(let token): scanString(token, bytes, at: &offset)
                case .number(let token): scanScalar(token, bytes, at: &offset, State.number)
                case .literal(let token): scanScalar(token, bytes, at: &offset, State.literal)
                }
            if let event { return event }
        }
        return .needsBytes
    }

    /// Handles the end of the input: `ended`, `failed`, or `needsBytes` if nothing is missing.
    package mutating func finish() -> Event {
        if state == .text { return .needsBytes }
        guard isScalarComplete else { return fail(expectation, .endOfInput) }
        guard depth == 0 else { return fail(commaOrEnd, .endOfInput) }
        return isFramed ? fail(.whiteSpaceInFramedInput, .endOfInput) : valueEnded() ?? .needsBytes
    }

    /// Whether a number or literal may end here.
    private var isScalarComplete: Bool {
        switch state {
        case .number(let token): token.isComplete
        case .literal(let token): token.isComplete
        default: false
        }
    }

    // MARK: - Between tokens

    private mutating func scanStructure(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        let byte = bytes[offset]
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            let start = offset
            repeat { offset += 1 } while offset < bytes.byteCount && JSONToken.isWhiteSpace(bytes[offset])
            return isInValue ? .whiteSpace(from: start) : nil
        case 0x1E where state == .text:
            isFramed = true
            followsSeparator = true
            offset += 1
            return nil
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            return scanPunctuation(byte, at: &offset)
        default:
            return scanFirstByte(byte, at: &offset)
        }
    }

    private mutating func scanPunctuation(_ byte: UInt8, at offset: inout Int) -> Event? {
        let isInObject = containers.isInObject
        switch (state, byte) {
        case (.colon, UInt8(ascii: ":")):
            state = .memberValue
            offset += 1
            return nil
        case (.commaOrEnd, UInt8(ascii: ",")):
            state = isInObject ? .member : .element
            offset += 1
            return !isInObject && (depth == valueDepth || depth <= watchedDepth) ? .nextElement : nil
        case (.commaOrEnd, UInt8(ascii: "}")) where isInObject, (.memberOrEnd, UInt8(ascii: "}")),
            (.commaOrEnd, UInt8(ascii: "]")) where !isInObject, (.elementOrEnd, UInt8(ascii: "]")):
            offset += 1
            containers.pop()
            return containerEnded()
        default:
            return fail(expectation, .byte(byte))
        }
    }

    /// Starts a token: a member's name or a value.
    private mutating func scanFirstByte(_ byte: UInt8, at offset: inout Int) -> Event? {
        guard byte == UInt8(ascii: "\""), state == .member || state == .memberOrEnd else {
            return scanValueStart(byte, at: &offset)
        }
        let isReported = isName
        isName = true
        if depth <= watchedDepth, !isReported { return .nameBegan }
        state = .string(.characters)
        offset += 1
        return nil
    }

    private mutating func scanValueStart(_ byte: UInt8, at offset: inout Int) -> Event? {
        let mayBeValue =
            state == .text || state == .element || state == .elementOrEnd || state == .memberValue
        guard mayBeValue, let start = JSONToken.Start(byte) else { return fail(expectation, .byte(byte)) }
        if !isInValue {
            isInValue = true
            return .began
        }
        isName = false
        switch start {
        case .object: return open(isObject: true, byte, at: &offset)
        case .array: return open(isObject: false, byte, at: &offset)
        case .string: state = .string(.characters)
        case .number(let token): state = .number(token)
        case .literal(let token): state = .literal(token)
        }
        offset += 1
        return nil
    }

    private mutating func open(isObject: Bool, _ byte: UInt8, at offset: inout Int) -> Event? {
        guard depth < maximumDepth else { return fail(.nesting(atMost: maximumDepth), .byte(byte)) }
        offset += 1
        state = isObject ? .memberOrEnd : .elementOrEnd
        containers.push(isObject: isObject)
        return depth - 1 <= watchedDepth ? .opened(isObject: isObject) : nil
    }

    // MARK: - In tokens

    private mutating func scanString(_ begun: StringToken, _ bytes: RawSpan, at offset: inout Int) -> Event? {
        var token = begun
        let end = token.scan(bytes, at: &offset)
        if end == .ended { return stringEnded() }
        state = .string(token)
        return end == .failed ? fail(token.expectation(insteadOf: bytes[offset]), .byte(bytes[offset])) : nil
    }

    private mutating func scanScalar<Token: JSONToken.Scalar>(
        _ begun: Token, _ bytes: RawSpan, at offset: inout Int, _ state: (Token) -> State
    ) -> Event? {
        var token = begun
        let end = token.scan(bytes, at: &offset)
        self.state = state(token)
        return end == .needsBytes ? nil : scalarEnded(end, before: bytes[offset])
    }

    // MARK: - After tokens

    /// Updates the state after the last byte of a value.
    private mutating func valueEnded() -> Event? {
        state = depth == 0 ? .text : .commaOrEnd
        guard depth == valueDepth else { return nil }
        isInValue = false
        followsSeparator = false
        return .ended
    }

    /// Updates the state after a closing bracket.
    private mutating func containerEnded() -> Event? {
        guard depth < valueDepth else { return valueEnded() ?? (depth <= watchedDepth ? .closed : nil) }
        valueDepth = 0
        isInValue = depth > 0
        state = depth > 0 ? .commaOrEnd : .text
        return .unwrappedArrayEnded
    }

    /// Updates the state after the closing quote of a string.
    private mutating func stringEnded() -> Event? {
        guard isName else { return valueEnded() }
        isName = false
        state = .colon
        return depth <= watchedDepth ? .nameEnded : nil
    }

    /// Updates the state after a number or literal that ends before `byte`.
    private mutating func scalarEnded(_ end: JSONToken.End, before byte: UInt8) -> Event? {
        guard end == .ended else { return fail(expectation, .byte(byte)) }
        guard depth == 0 else { return byte == 0x1E ? fail(commaOrEnd, .byte(byte)) : valueEnded() }
        if byte == 0x1E || isFramed && !JSONToken.isWhiteSpace(byte) {
            return fail(.whiteSpaceInFramedInput, .byte(byte))
        }
        return valueEnded()
    }

    private func fail(_ expected: JSONSyntaxError.Expectation, _ found: JSONSyntaxError.Found) -> Event {
        .failed(JSONSyntaxError(expected: expected, found: found))
    }

    /// What is allowed in the current state.
    private var expectation: JSONSyntaxError.Expectation {
        switch state {
        case .text: .text
        case .element, .memberValue: .value
        case .elementOrEnd: .valueOrArrayEnd
        case .member: .memberName
        case .memberOrEnd: .memberNameOrObjectEnd
        case .colon: .colon
        case .commaOrEnd: commaOrEnd
        case .string(let token): token.expectation()
        case .number(let token): token.expectation
        case .literal(let token): token.expectation
        }
    }

    /// What is allowed after a value in the innermost container.
    private var commaOrEnd: JSONSyntaxError.Expectation {
        containers.isInObject ? .commaOrObjectEnd : .commaOrArrayEnd
    }
}
