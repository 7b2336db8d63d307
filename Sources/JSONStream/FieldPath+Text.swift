extension FieldPath {
    /// The path that `text` spells, nil if it spells none.
    package init?(_ text: String) {
        let bytes = [UInt8](text.utf8)
        var count = 0
        guard let path = try? FieldPath(prefixOf: bytes, count: &count), count == bytes.count else {
            return nil
        }
        self = path
    }
}
