import Codec

/// What is known of an object before it is asked for: what a list said, or an earlier answer.
package struct KnownObject: Equatable, Sendable {
    /// In bytes.
    package let size: Int
    /// Nil if it is not known which version has that size.
    package let etag: [UInt8]?

    package init(size: Int, etag: [UInt8]?) {
        self.size = size
        self.etag = etag
    }
}

/// Whether the bytes of an answer are the object's as it is stored. Something on the way may have compressed them,
/// although it was asked not to, and says so in the same field as an object that was stored compressed. Or it has
/// decompressed what was stored so, and says nothing; but then it knows no length, and makes the tag a weak one.
enum BodyCoding: Equatable {
    /// They are the object's.
    case stored
    /// They have to be decompressed.
    case compressed(CompressedFormat)
    /// Only another answer can tell: `AskForObject`.
    case unknown
    /// They are of no use; in words.
    case unusable(String)

    /// - Parameters:
    ///   - answer: the answer's head.
    ///   - known: what is known of the object.
    ///   - stored: what `AskForObject` brought, once it was asked.
    ///   - isDirect: whether nothing but the service itself answers, so that a length is that of what is stored.
    init(of answer: ObjectHead, known: KnownObject?, stored: ObjectHead?, isDirect: Bool = false) {
        let codings = answer.contentCodings
        // A part is one of what is stored: there are no ranges of what is made on the way.
        guard !answer.isPartial, !codings.isEmpty || answer.contentLength == nil && answer.hasWeakTag else {
            self = .stored
            return
        }
        if codings.isEmpty {
            self.init(stored: stored, isSized: known != nil)
        } else if let stored {
            self.init(codings: codings, stored: stored.contentCodings)
        } else if let length = answer.contentLength, isDirect || length == known?.size {
            self = .stored
        } else {
            self = .unknown
        }
    }

    private init(stored: ObjectHead?, isSized: Bool) {
        if let stored {
            let name = stored.contentCodings.joined(separator: ", ")
            self =
                name.isEmpty
                ? .stored : .unusable("the object is stored as \(name), and was decompressed in transit")
        } else {
            // A size that is known is compared with what comes.
            self = isSized ? .stored : .unknown
        }
    }

    private init(codings: [String], stored: [String]) {
        let name = codings.joined(separator: ", ")
        if codings == stored {
            self = .stored
        } else if codings.dropLast() == stored[...], let format = Self.formats[codings.last ?? ""] {
            self = .compressed(format)
        } else {
            self = .unusable(
                "the response was compressed in transit (\(name)), although the stored bytes were requested")
        }
    }

    private static let formats: [String: CompressedFormat] = ["gzip": .gzip, "zstd": .zstd]
}
