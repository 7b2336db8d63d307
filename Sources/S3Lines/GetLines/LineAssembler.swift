package import ByteIO

/// Cuts an object's bytes at their last newlines, so that only complete lines are passed on. A plain state
/// machine that copies nothing.
package struct LineAssembler {
    /// The start of a line whose newline has not arrived.
    private var carry: [ByteSlice] = []
    /// The number of bytes in `carry`.
    package private(set) var carried = 0
    /// Whether a part of an incomplete line was given out.
    package private(set) var isInsideLine = false
    /// The maximum of bytes to carry.
    private let limit: Int

    /// - Parameter limit: the longest line, in bytes, that is kept until its newline arrives.
    package init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and adds to `lines` what can be written: complete lines, a fragment of a line
    /// longer than the limit, or nothing.
    package mutating func append(_ slice: ByteSlice, to lines: inout [ByteSlice]) {
        guard slice.count > 0 else { return }
        guard let newline = slice.bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            carry.add(slice)
            carried += slice.count
            guard carried > limit || isInsideLine else { return }
            isInsideLine = true
            return giveCarry(&lines)
        }
        giveCarry(&lines)
        lines.add(slice.prefix(newline + 1))
        isInsideLine = false
        let rest = slice.dropFirst(newline + 1)
        if rest.count > 0 {
            carry.append(rest)
            carried = rest.count
        }
    }

    /// Ends the object: the remaining bytes are its last line, without a newline.
    package mutating func end(_ lines: inout [ByteSlice]) {
        isInsideLine = false
        giveCarry(&lines)
    }

    private mutating func giveCarry(_ lines: inout [ByteSlice]) {
        guard !carry.isEmpty else { return }
        lines += carry
        carry.removeAll()
        carried = 0
    }
}
