import ByteIO
import S3Core

/// What to do if a location or a key was written in a way that other tools allow.
extension Location {
    /// The prefix as a folder and the glob after it, if it contains `*` or `?`. Other tools take it for a glob.
    private var glob: (folder: Location, pattern: [UInt8])? {
        let marks = [UInt8(ascii: "*"), UInt8(ascii: "?")]
        guard let mark = prefix.firstIndex(where: { marks.contains($0) }) else { return nil }
        let start = prefix[..<mark].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return (Location(bucket: bucket, prefix: Array(prefix[..<start])), Array(prefix[start...]))
    }

    /// The commands that list the keys that match a glob, and if asked for, fetch them.
    private static func command(_ glob: [UInt8], in folder: Location, fetches: Bool) -> String {
        let folder = ShellWords.quoted(folder.description)
        return "s3-list-keys --include \(ShellWords.quoted(Diagnostics.printable(glob))) \(folder)"
            + (fetches ? " | s3-get-lines \(folder)" : "")
    }

    /// The message if no key is under this location, which may be meant as a glob; nil if it cannot be.
    ///
    /// - Parameter fetches: whether the keys are to be fetched, not only listed.
    func adviceIfEmpty(fetches: Bool) -> String? {
        guard let glob else { return nil }
        let command = Self.command(glob.pattern, in: glob.folder, fetches: fetches)
        return "\(self): no key begins with this prefix, which is literal; for a glob: \(command)"
    }

    /// The message if standard input has no keys and this location may be meant as an object or a glob; nil if it
    /// cannot be.
    var adviceWithoutKeys: String? {
        guard hasOpenPrefix else { return nil }
        let fault = "standard input had no keys; nothing was fetched. "
        if let glob {
            return fault + "For a glob: " + Self.command(glob.pattern, in: glob.folder, fetches: true)
        }
        let start = prefix.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let folder = Location(bucket: bucket, prefix: Array(prefix[..<start]))
        let key = Array(prefix[start...])
        var operand: [UInt8] = []
        KeyEscaping.escape(key.bytes, into: &operand)
        let operands = [folder.description, String(decoding: operand, as: UTF8.self)].map(ShellWords.quoted)
        return fault + "For the object \(self): s3-get-lines \(operands.joined(separator: " "))"
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
            return "; a key is literal; for a glob: " + Self.command(key, in: self, fetches: true)
        }
        guard hasOpenPrefix else { return "" }
        let object = Location(bucket: bucket, prefix: prefix + key)
        return "; the object is \(object), because no / joins the prefix and the key"
    }
}
