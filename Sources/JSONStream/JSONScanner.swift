import ByteIO

/// RFC 8259's grammar as a state machine: a stream of JSON texts in, cut at any byte, events out.
///
/// It is the authority on what json-sep takes: every rule and every message is decided here, the vector
/// kernel may only be quicker about what this accepts. It does no I/O, keeps no bytes and does not recurse.
/// Texts may stand one after the other with or without white space or RS (RFC 7464) between them.
///
///     bytes      ·{"a": 1}·[2]·        (· is white space)
///     events      began  whiteSpace(from: 5)  ended  began  ended
///
/// A failure leaves the scanner as it was before the offending byte, so asking again gives it again.
package struct JSONScanner: Sendable {
    /// What a call of `next` came upon. Every event is about the place where the offset then stands.
    package enum Event: Equatable, Sendable {
        /// All bytes were used; there is more to say once there are more.
        case needsBytes
        /// A value starts here; its first byte is not used yet.
        case began
        /// The value ended before this place.
        case ended
        /// The bytes from the given offset up to here are white space inside a value. A run that is cut
        /// between two calls is two events.
        case whiteSpace(from: Int)
        /// A member name's opening quote is the next byte; only down to `watchedDepth`.
        case nameBegan
        /// The byte before this place is a member name's closing quote; only down to `watchedDepth`.
        case nameEnded
        /// The byte before this place opened an object or array; only down to `watchedDepth`.
        case opened(isObject: Bool)
        /// The byte before this place closed an object or array; only down to `watchedDepth`.
        case closed
        /// The byte before this place is a comma between elements of an array; only of the unwrapped one and
        /// down to `watchedDepth`.
        case nextElement
        /// The byte before this place closed the array that `unwrapArray` was called for.
        case unwrappedArrayEnded
        /// The next byte, or the end of the input, is not allowed here.
        case failed(JSONSyntaxError)
    }

    enum State: UInt8 {
        case text, element, elementOrEnd, member, memberOrEnd, colon, memberValue, commaOrEnd
        case string, escape, hexadecimal, continuation
        case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
        case literal
    }

    var state = State.text
    /// True while the string that is scanned is a member's name.
    var isName = false
    /// Hexadecimal digits or continuation bytes still to come, or letters of the literal that were seen.
    var count = 0
    /// What the next continuation byte may be (Unicode, table 3-7).
    var continuation: ClosedRange<UInt8> = 0x80...0xBF
    var literal = Literal.null

    private var containers = ContainerStack()
    private let maximumDepth: Int
    /// Containers down to this depth are reported as they open and close, and the names and commas in them;
    /// the text itself is at depth 0. Less than 0: none.
    private let watchedDepth: Int
    /// How many containers are around the values that are reported: 0, or those around unwrapped elements.
    private var valueDepth = 0
    private var isInValue = false
    /// True once the input has held an RS between texts.
    private var isFramed = false
    /// True if RS stands before the present text, or before the bytes that are none.
    private(set) var followsSeparator = false

    /// - Parameters:
    ///   - maximumDepth: how many arrays and objects may be open at once.
    ///   - watchedDepth: see `Event`; none by default.
    package init(maximumDepth: Int, watchedDepth: Int = -1) {
        self.maximumDepth = maximumDepth
        self.watchedDepth = watchedDepth
    }

    /// How many arrays and objects are open.
    package var depth: Int { containers.depth }

    /// True where a value or an unwrapped array's element may start, and white space means nothing.
    package var isBetweenValues: Bool { !isInValue }

    /// True where a text may start, and white space means nothing.
    package var expectsText: Bool { state == .text && !isInValue }

    /// True in an unwrapped array where an element must or may come next.
    package var expectsElement: Bool {
        !isInValue && valueDepth > 0 && (state == .element || state == .elementOrEnd)
    }

    /// Reports from now on the elements of the array that has just opened as values of their own.
    package mutating func unwrapArray() {
        valueDepth = containers.depth
        isInValue = false
    }

    /// Takes note that elements, each with the comma after it, were found valid by other means.
    package mutating func passElements() { state = .element }

    /// Takes note that texts were found valid by other means.
    mutating func passTexts() { followsSeparator = false }

    /// Forgets the value that failed; the next byte starts a new text.
    package mutating func restart() {
        let framed = isFramed
        self = JSONScanner(maximumDepth: maximumDepth, watchedDepth: watchedDepth)
        isFramed = framed
    }

    /// Forgets the outermost `count` containers: the value is from now on what is inside them.
    ///
    /// - Parameter beginning: the scanner that came upon that value's first byte.
    mutating func dropOutermost(_ count: Int, as beginning: borrowing JSONScanner) {
        containers.dropOutermost(count)
        followsSeparator = beginning.followsSeparator
    }

    /// Uses `bytes` from `offset` on, up to the next event.
    package mutating func next(_ bytes: RawSpan, at offset: inout Int) -> Event {
        while offset < bytes.byteCount {
            let event =
                switch state {
                case .text, .element, .elementOrEnd, .member, .memberOrEnd, .colon, .memberValue, .commaOrEnd:
                    scanStructure(bytes, at: &offset)
                case .string, .escape, .hexadecimal, .continuation:
                    scanString(bytes, at: &offset)
                case .minus, .zero, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
                    scanNumber(bytes, at: &offset)
                case .literal:
                    scanLiteral(bytes, at: &offset)
                }
            if let event { return event }
        }
        return .needsBytes
    }

    /// Says what the end of the input means here: `ended`, `failed`, or `needsBytes` if nothing is missing.
    package mutating func finish() -> Event {
        if state == .text { return .needsBytes }
        guard isScalarComplete else { return fail(expectation, .endOfInput) }
        guard depth == 0 else { return fail(commaOrEnd, .endOfInput) }
        return isFramed ? fail(.whiteSpaceInFramedInput, .endOfInput) : valueEnded() ?? .needsBytes
    }

    /// True after a number or literal that could end here.
    private var isScalarComplete: Bool {
        switch state {
        case .zero, .integer, .fraction, .exponentDigits: true
        case .literal: count == literal.length
        default: false
        }
    }

    // MARK: - Between tokens

    private mutating func scanStructure(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        let byte = bytes[offset]
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            let start = offset
            repeat { offset += 1 } while offset < bytes.byteCount && Self.isWhiteSpace(bytes[offset])
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
        let mayBeValue =
            state == .text || state == .element || state == .elementOrEnd || state == .memberValue
        guard byte == UInt8(ascii: "\""), state == .member || state == .memberOrEnd else {
            guard mayBeValue, let first = Self.state(startedBy: byte) else {
                return fail(expectation, .byte(byte))
            }
            if !isInValue {
                isInValue = true
                return .began
            }
            if first == .elementOrEnd || first == .memberOrEnd {
                guard depth < maximumDepth else { return fail(.nesting(atMost: maximumDepth), .byte(byte)) }
                offset += 1
                state = first
                containers.push(isObject: first == .memberOrEnd)
                return depth - 1 <= watchedDepth ? .opened(isObject: first == .memberOrEnd) : nil
            }
            isName = false
            if first == .literal { literal = Literal(firstLetter: byte) }
            state = first
            count = 1
            offset += 1
            return nil
        }
        let isReported = isName
        isName = true
        if depth <= watchedDepth, !isReported { return .nameBegan }
        state = .string
        offset += 1
        return nil
    }

    /// The state after a value's first byte, nil for a byte that starts none.
    private static func state(startedBy byte: UInt8) -> State? {
        switch byte {
        case UInt8(ascii: "{"): .memberOrEnd
        case UInt8(ascii: "["): .elementOrEnd
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "-"): .minus
        case UInt8(ascii: "0"): .zero
        case UInt8(ascii: "1")...UInt8(ascii: "9"): .integer
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): .literal
        default: nil
        }
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    // MARK: - After tokens

    /// Moves on after a value's last byte.
    mutating func valueEnded() -> Event? {
        state = depth == 0 ? .text : .commaOrEnd
        guard depth == valueDepth else { return nil }
        isInValue = false
        followsSeparator = false
        return .ended
    }

    /// Moves on after a closing bracket.
    private mutating func containerEnded() -> Event? {
        guard depth < valueDepth else { return valueEnded() ?? (depth <= watchedDepth ? .closed : nil) }
        valueDepth = 0
        isInValue = depth > 0
        state = depth > 0 ? .commaOrEnd : .text
        return .unwrappedArrayEnded
    }

    /// Moves on after a string's closing quote.
    mutating func stringEnded() -> Event? {
        guard isName else { return valueEnded() }
        isName = false
        state = .colon
        return depth <= watchedDepth ? .nameEnded : nil
    }

    /// Moves on after a number or literal, of which `byte` is no part.
    mutating func scalarEnded(before byte: UInt8) -> Event? {
        guard depth == 0 else { return byte == 0x1E ? fail(commaOrEnd, .byte(byte)) : valueEnded() }
        if byte == 0x1E || isFramed && !Self.isWhiteSpace(byte) {
            return fail(.whiteSpaceInFramedInput, .byte(byte))
        }
        return valueEnded()
    }

    func fail(_ expected: JSONSyntaxError.Expectation, _ found: JSONSyntaxError.Found) -> Event {
        .failed(JSONSyntaxError(expected: expected, found: found))
    }

    /// What could stand in the present state.
    var expectation: JSONSyntaxError.Expectation {
        switch state {
        case .text: .text
        case .element, .memberValue: .value
        case .elementOrEnd: .valueOrArrayEnd
        case .member: .memberName
        case .memberOrEnd: .memberNameOrObjectEnd
        case .colon: .colon
        case .commaOrEnd: commaOrEnd
        case .string: .stringCharacter
        case .escape: .escapeCharacter
        case .hexadecimal: .hexadecimalDigit
        case .continuation: .wellFormedUTF8
        case .minus, .point, .exponentSign: .digit
        case .exponent: .digitOrSign
        case .zero: .fractionOrEnd
        case .integer: .integerOrEnd
        case .fraction: .fractionDigitOrEnd
        case .exponentDigits: .exponentDigitOrEnd
        case .literal: .literal(literal, isComplete: count == literal.length)
        }
    }

    /// What could stand after a value of the innermost container.
    private var commaOrEnd: JSONSyntaxError.Expectation {
        containers.isInObject ? .commaOrObjectEnd : .commaOrArrayEnd
    }
}
