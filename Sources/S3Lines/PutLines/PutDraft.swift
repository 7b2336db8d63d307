import ByteIO
import Codec

/// One object, from its first record to its receipt.
final class PutDraft {
    /// Whether more records may follow.
    enum Records {
        case open
        /// All records are known; the number of the object's receipt.
        case complete(receipt: Int)
    }

    /// Where the object's bytes are.
    enum State {
        /// In memory: nothing has been sent.
        case gathered
        /// Being sent in one request.
        case sent
        /// Full parts are being sent; the rest is in `body`.
        case inParts(PutTransfer)
        /// The parts are being sent again from the spool, of which `taken` bytes have been read.
        case again(PutTransfer, taken: Int)
        /// The object will not be stored. Its further records are gathered to be rejected.
        case failed
    }

    /// The copy of its parts for the file of rejected records.
    enum Copy {
        case none
        case spool(PutSpool)
        /// The copy is incomplete, so the records cannot be rejected.
        case lost
    }

    /// The key relative to the location, used in messages and receipts.
    let key: [UInt8]
    /// The full key.
    let objectKey: [UInt8]
    /// The input line of its first record, from 1.
    let firstLine: Int
    var records = Records.open
    var state = State.gathered
    var copy = Copy.none
    /// Compresses the bytes before they are gathered; nil without compression.
    var encoder: ObjectCompressor?
    /// The command that filters the bytes before compression; nil without a command or after it ended.
    var filter: PutFilter?
    /// Input bytes that are not in the copy yet; set only if a command transforms them and they may be
    /// rejected.
    var source: ByteBlock?

    var lines = 0
    /// Bytes of complete records, as in the input.
    var recordBytes = 0
    /// Bytes of the last, incomplete record.
    var openRecordBytes = 0
    /// Bytes in stored form that no request has taken yet.
    var body: ByteBlock
    /// Total bytes in stored form, including those of sent parts.
    var size = 0
    /// The size of the current part in bytes; 0 if no further part is allowed.
    var partSize: Int
    /// The bytes that the draft counts against `--memory`; parts in flight are counted separately.
    var charge = 0

    /// The memory per object besides its body: the draft, the call, its headers, the receipt; in bytes.
    static let overhead = 1024

    init(key: [UInt8], objectKey: [UInt8], firstLine: Int, capacity: Int, partSize: Int) {
        self.key = key
        self.objectKey = objectKey
        self.firstLine = firstLine
        self.partSize = partSize
        body = ByteBlock(capacity: min(capacity, partSize))
    }

    var isOpen: Bool { if case .open = records { true } else { false } }
    var hasFailed: Bool { if case .failed = state { true } else { false } }

    /// The multipart transfer, if the object is sent in parts.
    var transfer: PutTransfer? {
        switch state {
        case .inParts(let transfer), .again(let transfer, _): transfer
        case .gathered, .sent, .failed: nil
        }
    }

    /// Whether the copy holds everything that was sent in parts.
    var canBeReadAgain: Bool { if case .spool = copy { source == nil } else { false } }

    /// `KEY: 3 lines from line 7`
    var label: String {
        Diagnostics.printable(key) + ": \(lines) line\(lines == 1 ? "" : "s") from line \(firstLine)"
    }

    /// Drops the rejected records. Later records are gathered without compression or filter.
    func startOver(partSize: Int) {
        copy = .none
        encoder = nil
        filter = nil
        source = nil
        body = ByteBlock(capacity: 0)
        self.partSize = partSize
        lines = 0
        recordBytes = 0
        openRecordBytes = 0
    }
}
