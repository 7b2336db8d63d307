import Codec

/// Size and ETag of an object before it is requested, from a listing or an earlier response.
package struct KnownObject: Equatable, Sendable {
    /// In bytes.
    package let size: Int
    /// Nil if it is not known which version has this size.
    package let etag: [UInt8]?

    package init(size: Int, etag: [UInt8]?) {
        self.size = size
        self.etag = etag
    }
}

/// Whether the bytes of a response are those of the object as stored. An intermediary may have compressed
/// them although the request does not allow it; the Content-Encoding is then the same as for an object that
/// was stored compressed. Or it may have decompressed a compressed object and removed Content-Encoding; then
/// it sends no length and a weak ETag.
enum BodyCoding: Equatable {
    /// The bytes are those of the object.
    case stored
    /// The bytes must be decompressed.
    case compressed(CompressedFormat)
    /// Another request has to find out: `ObjectProbe`.
    case unknown
    /// The bytes cannot be used; the text says why.
    case unusable(String)

    /// - Parameters:
    ///   - response: the response's head.
    ///   - known: the object's size and ETag, if known.
    ///   - stored: the result of `ObjectProbe`, if it was sent.
    ///   - isDirect: whether the response is from the service itself, so that its length is that of the
    ///     stored object.
    init(of response: ObjectHead, known: KnownObject?, stored: ObjectHead?, isDirect: Bool = false) {
        let codings = response.contentCodings
        // A partial response is a range of the stored bytes: intermediaries do not serve ranges of converted
        // responses.
        guard !response.isPartial, !codings.isEmpty || response.contentLength == nil && response.hasWeakTag
        else {
            self = .stored
            return
        }
        if codings.isEmpty {
            self.init(stored: stored, isSized: known != nil)
        } else if let stored {
            self.init(codings: codings, stored: stored.contentCodings)
        } else if let length = response.contentLength, isDirect || length == known?.size {
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
            // If the size is known, it is compared with that of the response.
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
