import ByteIO
package import S3Core

/// An object that is to be fetched.
package struct RequestedObject: Equatable, Sendable {
    /// Relative to the location, unescaped.
    package let key: [UInt8]
    /// The whole key.
    package let objectKey: [UInt8]
    /// What a list told, if one did; the object may have changed since.
    package var known: KnownObject?
}

/// Makes requests for objects of what names them.
package struct KeySelection: Sendable {
    private let location: Location
    private let shard: Shard
    private let readsURLKeys: Bool

    /// Whether no key is another machine's.
    var takesAll: Bool { shard.count == 1 }

    /// No key's field is longer, in bytes: each byte of a key is written with two at most, or three.
    package let longestField: Int
    /// The same where keys come escaped.
    package static let longestEscapedField = 2 * Location.maximumKeyLength

    /// - Parameter readsURLKeys: whether keys come percent-encoded, with `+` for a space, instead of escaped.
    package init(_ location: Location, shard: Shard = Shard(), readsURLKeys: Bool = false) {
        longestField = readsURLKeys ? 3 * Location.maximumKeyLength : Self.longestEscapedField
        self.location = location
        self.shard = shard
        self.readsURLKeys = readsURLKeys
    }

    /// The object that a line of a list of keys names: a key list, receipts or records alike, by the field
    /// up to the first TAB.
    ///
    /// - Parameters:
    ///   - line: all of it, or more of it than `longestField` bytes.
    ///   - place: where the line stands, for the message: `line 3`.
    /// - Returns: nil if the key is another machine's.
    /// - Throws: `malformed` if the field is no key, or cannot be an object's.
    package func object(line: RawSpan, place: @autoclosure () -> String) throws(StopReason)
        -> RequestedObject?
    {
        let field = line.extracting(first: line.firstIndex(of: UInt8(ascii: "\t")) ?? line.byteCount)
        guard field.byteCount <= longestField else {
            throw .malformed(
                "\(place()): expected a key, then a TAB or the end of the line, found more than \(longestField) bytes; "
                    + "a key has at most \(Location.maximumKeyLength)")
        }
        return try object(field: field, place: place())
    }

    /// The object of a key as operands and lists write it.
    package func object(field: RawSpan, place: @autoclosure () -> String) throws(StopReason)
        -> RequestedObject?
    {
        var key: [UInt8] = []
        if readsURLKeys {
            do { key = try PercentEncoding.decodeStrictly(field.array) } catch {
                throw .malformed(
                    "\(place()): expected two hexadecimal digits after the % at byte \(error.offset + 1)")
            }
        } else {
            do { try KeyEscaping.unescape(field, into: &key) } catch {
                throw .malformed("\(place()): \(error)")
            }
        }
        do {
            let objectKey = try location.objectKey(key)
            return shard.takes(key) ? RequestedObject(key: key, objectKey: objectKey) : nil
        } catch {
            throw .malformed("\(place()): \(error)")
        }
    }

    /// The object that a list of the bucket holds; nil if the key is another machine's.
    package func object(listed: ListObjectsV2.Object) throws(StopReason) -> RequestedObject? {
        guard let key = location.relativeKey(listed.key) else {
            throw .service(
                S3Error(.notS3, "the list has a key outside the requested prefix"),
                context: location.description)
        }
        let etag = listed.details.flatMap { $0.etag.isEmpty ? nil : $0.etag }
        let known = KnownObject(size: listed.size, etag: etag)
        return shard.takes(key) ? RequestedObject(key: key, objectKey: listed.key, known: known) : nil
    }
}

/// Where the keys come from.
package enum KeyOrigin: Sendable {
    /// Operands, escaped.
    case operands([[UInt8]])
    /// Lines of standard input.
    case input
    /// All keys under the location.
    case listing(ListedKeyRange)
}

/// Which keys under a location are listed, and how. Keys are unescaped and relative to the location.
package struct ListedKeyRange: Sendable {
    /// The list begins after this key.
    package var startAfter: [UInt8]?
    /// It ends before this key.
    package var endBefore: [UInt8]?
    /// Which prefixes are lists of their own; nil if the location is one. Then there is neither of these keys.
    package var pattern: PrefixPattern?
    /// How far a run before this one has read it; in place of `startAfter`.
    package var places: ReadCursors.Places = [:]
    /// How the list goes on, or looks at keys again, if it does.
    package var following: Following?

    package init() {}
}

/// What the next key is.
package enum KeyArrival: Equatable, Sendable {
    case object(RequestedObject)
    /// The list has one that cannot be an object's; this is why. Others follow.
    case malformed(String)
    /// None is there yet.
    case later
    /// There are no more; this is why, if it is not that all were given.
    case end(StopReason?)
}
