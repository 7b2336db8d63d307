import ByteIO

/// One object, from its first record to its receipt.
final class PutDraft {
    /// Relative to the location; what messages and receipts name.
    let key: [UInt8]
    /// The whole key.
    let objectKey: [UInt8]
    /// Where it begins in the input, counted from 1.
    let firstLine: Int
    var lines = 0
    /// Bytes of it that no request has taken yet.
    var body: ByteBlock
    /// Bytes as they are or will be stored.
    var size = 0
    /// What it takes of the memory.
    var charge = 0
    /// The number of its receipt; nil while it is open.
    var receipt: Int?

    /// What surrounds a body: the draft, the call, its headers, the receipt.
    static let overhead = 1024

    init(key: [UInt8], objectKey: [UInt8], firstLine: Int, capacity: Int) {
        self.key = key
        self.objectKey = objectKey
        self.firstLine = firstLine
        body = ByteBlock(capacity: capacity)
    }

    /// `KEY: 3 lines from line 7`
    var label: String {
        Diagnostics.printable(key) + ": \(lines) line\(lines == 1 ? "" : "s") from line \(firstLine)"
    }
}
