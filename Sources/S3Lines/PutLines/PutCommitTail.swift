import ByteIO

/// Holds the end of a stream of bytes back until it is known whether it is the line that says that the
/// producer was done. A plain state machine.
package struct PutCommitTail {
    private let line: [UInt8]
    private var held: [UInt8] = []
    /// The byte before those held; a newline before the first.
    private var previous: UInt8 = 0x0A

    /// - Parameter line: without its newline.
    package init(line: [UInt8]) { self.line = line }

    /// Takes the next bytes, and hands out those that cannot belong to the last line if it is `line`.
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

    /// The input has ended. Hands out what is left and is data.
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
