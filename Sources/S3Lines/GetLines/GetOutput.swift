import ByteIO

/// Writes the lines of objects, as far as there is room.
struct LineOutput {
    private let output: RunOutput

    init(_ output: RunOutput) { self.output = output }

    /// Writes the lines of `object` that are pending, each after its key if that is wanted. Stops after a
    /// line once there is no room; a line is never left half written for want of room.
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

    /// - Returns: how many bytes were written.
    private func append(_ slice: ByteSlice, of object: WindowObject, withKey: Bool) -> Int {
        let bytes = slice.bytes
        var start = 0
        while start < bytes.byteCount {
            guard !object.isAtLineStart || output.hasRoom else { break }
            if withKey && object.isAtLineStart { output.append(object.keyField.bytes) }
            // Without keys a slice goes as it is: it is no longer than a block.
            let newline = withKey ? bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) : nil
            let end = newline.map { $0 + 1 } ?? bytes.byteCount
            output.append(slice.dropFirst(start).prefix(end - start))
            object.wrote(end - start, last: bytes[end - 1])
            start = end
        }
        return start
    }
}
