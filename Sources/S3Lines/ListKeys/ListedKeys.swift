import ByteIO
package import S3Core

/// Formats listed keys as lines. No I/O.
package struct ListedKeys {
    private let location: Location
    private let options: ListOptions
    /// The number of selected keys, and the total size of their objects.
    package private(set) var count = 0
    package private(set) var bytes = 0

    package init(_ location: Location, _ options: ListOptions) {
        self.location = location
        self.options = options
    }

    /// Appends the line of a listed key to `text`, if it is selected.
    ///
    /// - Returns: why no object can be addressed by the selected key; nil if the key is valid.
    /// - Throws: `notS3` for a key that was not requested, or for an object without a required time.
    package mutating func append(
        _ object: ListObjectsV2.Object, to text: inout [UInt8]
    ) throws(S3Error) -> String? {
        let key = try location.relativeKey(listed: object.key)
        guard options.filter.takes(key) else { return nil }
        if options.filter.needsTimes {
            guard let time = object.details.flatMap({ Timestamp($0.lastModified) }) else {
                throw S3Error(
                    .notS3, "the list does not say when '\(Diagnostics.printable(key))' was modified")
            }
            guard options.filter.takes(modified: time) else { return nil }
        }
        if let problem = ObjectKey.problem(of: object.key.bytes) {
            return "\(location): \(problem.description(of: key))"
        }
        count += 1
        bytes += object.size
        guard options.style != .summary else { return nil }
        KeyEscaping.escape(key.bytes, into: &text)
        if options.style == .long { appendColumns(object, to: &text) }
        text.append(UInt8(ascii: "\n"))
        return nil
    }

    private func appendColumns(_ object: ListObjectsV2.Object, to text: inout [UInt8]) {
        let tab = UInt8(ascii: "\t")
        text.append(tab)
        if !object.isCommonPrefix { text += String(object.size).utf8 }
        text.append(tab)
        if let time = object.details?.lastModified {
            // Services send UTC times; some with an offset of zero instead of `Z`.
            if time.last == UInt8(ascii: "Z") { text += time } else { text += Timestamp(time)?.text ?? time }
        }
        text.append(tab)
        text += object.details?.etag ?? []
    }

    /// `COUNT TAB BYTES`, and a newline.
    package var summary: [UInt8] { [UInt8]("\(count)\t\(bytes)\n".utf8) }
}

extension Timestamp {
    /// Parses a time in a listing.
    fileprivate init?(_ bytes: [UInt8]) { self.init(String(decoding: bytes, as: UTF8.self)) }

    /// `2013-05-24T00:00:00Z`
    fileprivate var text: [UInt8] {
        var text = basicFormat
        for (place, sign) in [(4, "-"), (7, "-"), (13, ":"), (16, ":")] {
            text.insert(contentsOf: sign.utf8, at: place)
        }
        return text
    }
}
