import ByteIO
import Codec

/// One object, from its first record to its receipt.
final class PutDraft {
    /// Whether more records are to come.
    enum Records {
        case open
        /// No more belong to it; the number of its receipt.
        case complete(receipt: Int)
    }

    /// Where its bytes are.
    enum State {
        /// Here: none was sent.
        case gathered
        /// On their way in one request.
        case sent
        /// On their way in parts, as far as they are not gathered.
        case inParts(PutTransfer)
        /// The same once more, from the spool, of which so many bytes were taken.
        case again(PutTransfer, taken: Int)
        /// It will not be stored. What comes of it is gathered to be rejected.
        case failed
    }

    /// Copies of its parts, for the file of rejected records.
    enum Copy {
        case none
        case spool(PutSpool)
        /// Bytes of it could not be kept, so that its records cannot be rejected.
        case lost
    }

    /// Relative to the location; what messages and receipts name.
    let key: [UInt8]
    /// The whole key.
    let objectKey: [UInt8]
    /// Where it begins in the input, counted from 1.
    let firstLine: Int
    var records = Records.open
    var state = State.gathered
    var copy = Copy.none
    /// What its bytes go through before they are gathered; nil if they are stored as they come.
    var encoder: ObjectCompressor?
    /// The command that they go through before; nil if there is none, or it is over.
    var filter: PutFilter?
    /// What came and is not in the copy, where a command makes something else of it and it may be rejected.
    var source: ByteBlock?

    var lines = 0
    /// Bytes of whole records as they came.
    var recordBytes = 0
    /// Bytes of a record that has not ended.
    var openRecordBytes = 0
    /// Bytes as they are or will be stored that no request has taken yet.
    var body: ByteBlock
    /// Bytes as they are or will be stored, those of parts included.
    var size = 0
    /// The size of the part that is being filled; 0 if there can be no more.
    var partSize: Int
    /// What its body takes of the memory; parts on their way have charges of their own.
    var charge = 0

    /// What surrounds a body: the draft, the call, its headers, the receipt.
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

    /// Its parts, if it is sent so.
    var transfer: PutTransfer? {
        switch state {
        case .inParts(let transfer), .again(let transfer, _): transfer
        case .gathered, .sent, .failed: nil
        }
    }

    /// Whether what was sent in parts is in the copy.
    var canBeReadAgain: Bool { if case .spool = copy { source == nil } else { false } }

    /// `KEY: 3 lines from line 7`
    var label: String {
        Diagnostics.printable(key) + ": \(lines) line\(lines == 1 ? "" : "s") from line \(firstLine)"
    }

    /// Forgets its records, which were rejected: those that follow are gathered as they come.
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
