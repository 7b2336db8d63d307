import ByteIO
package import S3Core

/// An object to fetch.
package struct RequestedObject: Equatable, Sendable {
    /// Unescaped, relative to the location.
    package let key: [UInt8]
    /// The full key.
    package let objectKey: [UInt8]
    /// The properties in the listing, if there is one; the object may have changed since.
    package var known: KnownObject?
}

/// Converts lines, operands and listed objects into objects to fetch.
package struct KeySelection: Sendable {
    private let location: Location
    private let shard: Shard
    private let readsURLKeys: Bool

    /// Whether all keys belong to this machine.
    var takesAll: Bool { shard.count == 1 }

    /// The maximum length of a key field in bytes: two bytes for each byte of a key, or three if
    /// percent-encoded.
    package let longestField: Int
    /// The maximum length of an escaped key field.
    package static let longestEscapedField = 2 * ObjectKey.maximumLength

    /// - Parameter readsURLKeys: whether keys are percent-encoded, with `+` for a space, instead of escaped.
    package init(_ location: Location, shard: Shard = Shard(), readsURLKeys: Bool = false) {
        longestField = readsURLKeys ? 3 * ObjectKey.maximumLength : Self.longestEscapedField
        self.location = location
        self.shard = shard
        self.readsURLKeys = readsURLKeys
    }

    /// The object of a line, identified by the field before the first TAB. The line may be from a key list,
    /// from receipts or from records.
    ///
    /// - Parameters:
    ///   - line: the whole line, or more than its first `longestField` bytes.
    ///   - place: the position of the line for messages, such as `line 3`.
    /// - Returns: nil if the key belongs to another machine.
    /// - Throws: `malformed` if the field is not a valid key.
    package func object(line: RawSpan, place: @autoclosure () -> String) throws(StopReason)
        -> RequestedObject?
    {
        let field = line.extracting(first: line.firstIndex(of: UInt8(ascii: "\t")) ?? line.byteCount)
        guard field.byteCount <= longestField else {
            throw .malformed(
                "\(place()): expected a key, then a TAB or the end of the line, found more than \(longestField) bytes; "
                    + "a key has at most \(ObjectKey.maximumLength)")
        }
        return try object(field: field, place: place())
    }

    /// The object of an encoded key.
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

    /// The object of a listed key; nil if the key belongs to another machine.
    package func object(listed: ListObjectsV2.Object) throws(StopReason) -> RequestedObject? {
        let key: [UInt8]
        do { key = try location.relativeKey(listed: listed.key) } catch {
            throw .service(error, context: location.description)
        }
        let etag = listed.details.flatMap { $0.etag.isEmpty ? nil : $0.etag }
        let known = KnownObject(size: listed.size, etag: etag)
        return shard.takes(key) ? RequestedObject(key: key, objectKey: listed.key, known: known) : nil
    }
}

extension Location {
    /// A listed key, relative to this location.
    ///
    /// - Throws: `notS3` for a key that was not requested.
    func relativeKey(listed key: [UInt8]) throws(S3Error) -> [UInt8] {
        if let relative = relativeKey(key) { return relative }
        throw S3Error(.notS3, "the list has a key outside the requested prefix")
    }
}

/// The source of the keys.
package enum KeyOrigin: Sendable {
    /// Operands, escaped.
    case operands([[UInt8]])
    /// Lines of standard input.
    case input
    /// A listing of the keys under the location.
    case listing(ListedKeyRange)
}

/// The range of keys to list, and how. Keys are unescaped and relative to the location.
package struct ListedKeyRange: Sendable {
    /// The listing starts after this key.
    package var startAfter: [UInt8]?
    /// The listing ends before this key.
    package var endBefore: [UInt8]?
    /// Matches the prefixes that are listed separately; nil lists the location as a whole. With a pattern,
    /// `startAfter` and `endBefore` are nil.
    package var pattern: PrefixPattern?
    /// The places where the previous run stopped; they replace `startAfter`.
    package var places: ReadCursors.Places = [:]
    /// How to follow the listing or to list keys again; nil does neither.
    package var following: Following?

    package init() {}
}

/// The result of asking for the next key.
package enum KeyArrival: Equatable, Sendable {
    case object(RequestedObject)
    /// A listed key that no object can be addressed by, with a message. More keys may follow.
    case malformed(String)
    /// No key is available yet.
    case later
    /// No more keys follow; the reason is nil if all were returned.
    case end(StopReason?)
}
