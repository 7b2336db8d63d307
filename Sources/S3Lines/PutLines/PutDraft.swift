import ByteIO
import Codec
import S3Core

/// One object, from its first record to its receipt.
final class PutDraft {
    /// Relative to the location; what messages and receipts name.
    let key: [UInt8]
    /// The whole key.
    let objectKey: [UInt8]
    /// Where it begins in the input, counted from 1.
    let firstLine: Int
    var lines = 0
    /// Bytes as they are or will be stored that no request has taken yet.
    var body: ByteBlock
    /// Bytes as they are or will be stored, those of parts included.
    var size = 0
    /// Bytes of whole records as they came, before compression.
    var recordBytes = 0
    /// Bytes of a record that has not ended.
    var openRecordBytes = 0
    /// Compresses what is appended, from the first byte to the last output.
    var compressor: ObjectCompressor?
    /// How what is gathered is compressed; nil if it is not.
    var compression: Compression?
    /// A record is being taken: what is gathered is not all of it.
    var isTaking = false
    /// What comes out of the compressor is being gathered.
    var isDelivering = false
    /// No more records belong to it.
    var isClosed = false
    /// Bytes of it could not be kept, so that its records cannot be rejected.
    var isLost = false
    /// What its body takes of the memory; parts on their way have charges of their own.
    var charge = 0
    /// The number of its receipt; nil while it is open.
    var receipt: Int?
    /// Nil unless it is sent in parts.
    var upload: PutUpload?
    /// The size of the part that is being filled.
    var partSize: Int
    /// Parts that are on their way, and how they are cancelled; 0 is the upload's begin.
    var parts: [Int: ByteBlock] = [:]
    var cancels: [Int: PutCancel] = [:]
    /// Parts that are stored and kept; nil once any is not there any more.
    var kept: [Int: ByteBlock]?
    /// Copies of the parts, for the file of rejected records.
    var spool: PutSpool?
    /// How often it was sent once more, and how much of its spool was taken for that; nil while it is not.
    var replays = 0
    var replayedBytes: Int?
    /// Why it will not be stored.
    var failure: S3Error?

    /// What surrounds a body: the draft, the call, its headers, the receipt.
    static let overhead = 1024

    init(key: [UInt8], objectKey: [UInt8], firstLine: Int, capacity: Int, partSize: Int) {
        self.key = key
        self.objectKey = objectKey
        self.firstLine = firstLine
        self.partSize = partSize
        body = ByteBlock(capacity: min(capacity, partSize))
    }

    /// `KEY: 3 lines from line 7`
    var label: String {
        Diagnostics.printable(key) + ": \(lines) line\(lines == 1 ? "" : "s") from line \(firstLine)"
    }
}
