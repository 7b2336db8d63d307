extension FieldPath {
    /// Parses `text` as a path; nil if it is not one.
    package init?(_ text: String) {
        let bytes = [UInt8](text.utf8)
        var count = 0
        guard let path = try? FieldPath(prefixOf: bytes, count: &count), count == bytes.count else {
            return nil
        }
        self = path
    }
}
