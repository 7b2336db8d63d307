import ByteIO

/// Objects of a prefetched page in compact form: each field is stored as its difference from that of the object before.
///
/// A key of 32 random digits takes about 30 bytes in this form and 130 bytes as an object. A key of 100 bytes that
/// shares most of them with the key before takes about 15 bytes.
struct PackedObjects {
    /// The number of objects.
    let count: Int
    /// For each object: the marks, then its fields.
    private let bytes: [UInt8]

    /// The approximate memory of the packed objects, in bytes.
    var size: Int { bytes.count + Self.overhead }
    private static let overhead = 96

    private static let hasDetails = 1
    private static let isCommonPrefix = 2

    init(_ objects: [ListObjectsV2.Object]) {
        var writer = Writer()
        writer.bytes.reserveCapacity(objects.count * 32)
        var key: [UInt8] = []
        var details = ListObjectsV2.Details(etag: [], lastModified: [])
        for object in objects {
            let marks =
                (object.details == nil ? 0 : Self.hasDetails)
                | (object.isCommonPrefix ? Self.isCommonPrefix : 0)
            writer.append(UInt(marks))
            writer.append(object.key, after: key)
            key = object.key
            writer.append(UInt(bitPattern: object.size))
            guard let its = object.details else { continue }
            writer.append(its.etag, after: details.etag)
            writer.append(its.lastModified, after: details.lastModified)
            details = its
        }
        count = objects.count
        // The copy has no unused capacity.
        bytes = writer.bytes.bytes.array
    }

    /// The objects that were packed.
    var objects: [ListObjectsV2.Object] {
        var objects: [ListObjectsV2.Object] = []
        objects.reserveCapacity(count)
        var reader = Reader(bytes: bytes)
        var key: [UInt8] = []
        var details = ListObjectsV2.Details(etag: [], lastModified: [])
        for _ in 0..<count {
            let marks = Int(reader.number())
            key = reader.field(after: key)
            let size = Int(bitPattern: reader.number())
            let hasDetails = marks & Self.hasDetails != 0
            if hasDetails {
                let etag = reader.field(after: details.etag)
                details = ListObjectsV2.Details(
                    etag: etag, lastModified: reader.field(after: details.lastModified))
            }
            objects.append(
                ListObjectsV2.Object(
                    key: key, size: size, details: hasDetails ? details : nil,
                    isCommonPrefix: marks & Self.isCommonPrefix != 0))
        }
        return objects
    }

    private struct Writer {
        var bytes: [UInt8] = []

        /// Appends a number as LEB128: seven bits per byte, the lowest first; the highest bit marks that more follow.
        mutating func append(_ number: UInt) {
            var rest = number
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }

        mutating func append(_ field: [UInt8], after before: [UInt8]) {
            let common = field.commonCount(with: before)
            append(UInt(common))
            append(UInt(field.count - common))
            bytes += field[common...]
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        mutating func number() -> UInt {
            var number: UInt = 0
            var shift: UInt = 0
            while true {
                let byte = bytes[place]
                place += 1
                number |= UInt(byte & 0x7F) << shift
                guard byte >= 0x80 else { return number }
                shift += 7
            }
        }

        mutating func field(after before: [UInt8]) -> [UInt8] {
            let common = Int(number())
            let rest = Int(number())
            guard rest > 0 || common < before.count else { return before }
            var field: [UInt8] = []
            field.reserveCapacity(common + rest)
            field += before[..<common]
            field += bytes[place..<place + rest]
            place += rest
            return field
        }
    }
}
