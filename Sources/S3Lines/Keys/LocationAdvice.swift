import ByteIO
import S3Core

/// What to do if a location or a key was written in a way that other tools allow.
extension Location {
    /// The prefix as a folder and the glob after it, if it contains `*` or `?`. Other tools take it for a glob.
    private var glob: (folder: Location, pattern: String)? {
        let marks = [UInt8(ascii: "*"), UInt8(ascii: "?")]
        guard let mark = prefix.firstIndex(where: { marks.contains($0) }) else { return nil }
        let start = prefix[..<mark].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return (
            Location(bucket: bucket, prefix: Array(prefix[..<start])),
            ShellWords.quoted(Diagnostics.printable(Array(prefix[start...])))
        )
    }

    /// The message if no key is under this location, which may be meant as a glob; nil if it cannot be.
    var adviceIfEmpty: String? {
        glob.map {
            "\(self): no key begins with this prefix, which is literal; for a glob: s3-list-keys --include \($0.pattern) \($0.folder)"
        }
    }

    /// The message if standard input has no keys and this location may be meant as an object or a glob; nil if it
    /// cannot be.
    var adviceWithoutKeys: String? {
        guard hasOpenPrefix else { return nil }
        let fault = "standard input had no keys; nothing was fetched. "
        if let glob {
            return fault
                + "For a glob: s3-list-keys --include \(glob.pattern) \(glob.folder) | s3-get-lines \(glob.folder)"
        }
        let start = prefix.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let folder = Location(bucket: bucket, prefix: Array(prefix[..<start]))
        let key = String(decoding: prefix[start...], as: UTF8.self)
        return fault + "For the object \(self): s3-get-lines \(folder) \(ShellWords.quoted(key))"
    }

    /// A hint for the message about a key that does not exist: `; ...`, or empty.
    func advice(ifMissing key: [UInt8]) -> String {
        if key.last == UInt8(ascii: "\r") {
            return "; the key ends in a carriage return, which tr -d '\\r' removes from a list of keys"
        }
        if key.starts(with: "s3://".utf8) {
            return "; a key is relative to the location, without s3://BUCKET/"
        }
        if key.contains(UInt8(ascii: "*")) {
            let pattern = ShellWords.quoted(Diagnostics.printable(key))
            return
                "; a key is literal; for a glob: s3-list-keys --include \(pattern) \(self) | s3-get-lines \(self)"
        }
        guard hasOpenPrefix else { return "" }
        return
            "; the object is \(Location(bucket: bucket, prefix: prefix + key)), because no / joins the prefix and the key"
    }
}
