import ByteIO

/// Writes the lines of objects while the output has room.
struct LineOutput {
    private let output: RunOutput

    init(_ output: RunOutput) { self.output = output }

    /// Writes the pending lines of `object`, each after its key if `withKey`. Stops after a line when there
    /// is no room; lack of room never splits a line.
    ///
    /// - Returns: true if all of them were written.
    func appendPending(of object: WindowObject, withKey: Bool) -> Bool {
        let pending = object.pending
        guard !pending.isEmpty else { return true }
        object.pending = []
        for (index, slice) in pending.enumerated() {
            let taken = append(slice, of: object, withKey: withKey)
            guard taken == slice.count else {
                object.pending = [slice.dropFirst(taken)] + pending[(index + 1)...]
                return false
            }
        }
        return true
    }

    /// - Returns: the number of bytes written.
    private func append(_ slice: ByteSlice, of object: WindowObject, withKey: Bool) -> Int {
        let bytes = slice.bytes
        var start = 0
        while start < bytes.byteCount {
            guard !object.isAtLineStart || output.hasRoom else { break }
            if withKey && object.isAtLineStart { output.append(object.keyField.bytes) }
            // Without keys a slice is written whole: it is no longer than a block.
            let newline = withKey ? bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) : nil
            let end = newline.map { $0 + 1 } ?? bytes.byteCount
            output.append(slice.dropFirst(start).prefix(end - start))
            object.wrote(end - start, last: bytes[end - 1])
            start = end
        }
        return start
    }
}
