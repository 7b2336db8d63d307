import ByteIO

/// Holds back the end of a byte stream until it is known whether the last line is the commit line, with which
/// the producer says that it finished. A plain state machine.
package struct PutCommitTail {
    private let line: [UInt8]
    private var held: [UInt8] = []
    /// The byte before the held bytes; a newline at the start of the input.
    private var previous: UInt8 = 0x0A

    /// - Parameter line: without its newline.
    package init(line: [UInt8]) { self.line = line }

    /// Takes the next bytes and delivers those that cannot belong to a final commit line.
    package mutating func take(_ bytes: RawSpan, _ deliver: (RawSpan) -> Void) {
        let excess = held.count + bytes.byteCount - (line.count + 1)
        if excess > 0 {
            let fromHeld = min(excess, held.count)
            let head = Array(held[..<fromHeld])
            pass(head.bytes, deliver)
            held.removeFirst(fromHeld)
            pass(bytes.extracting(first: excess - fromHeld), deliver)
            held += bytes.extracting(droppingFirst: excess - fromHeld).array
        } else {
            held += bytes.array
        }
    }

    /// Ends the input. Delivers the remaining data.
    ///
    /// - Returns: whether the last line was `line`.
    package mutating func end(_ deliver: (RawSpan) -> Void) -> Bool {
        let text = held.last == 0x0A ? held.dropLast() : held[...]
        let before = text.dropLast(line.count)
        guard !held.isEmpty, text.count >= line.count, text.suffix(line.count).elementsEqual(line),
            (before.last ?? previous) == 0x0A
        else {
            let rest = held
            pass(rest.bytes, deliver)
            return false
        }
        let data = Array(before)
        pass(data.bytes, deliver)
        return true
    }

    private mutating func pass(_ bytes: RawSpan, _ deliver: (RawSpan) -> Void) {
        guard bytes.byteCount > 0 else { return }
        previous = bytes[bytes.byteCount - 1]
        deliver(bytes)
    }
}
