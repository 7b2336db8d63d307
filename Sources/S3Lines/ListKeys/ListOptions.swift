/// What a run of s3-list-keys is asked to do.
package struct ListOptions: Sendable {
    /// What is printed.
    package enum Style: Equatable, Sendable {
        /// `KEY`
        case keys
        /// `KEY TAB SIZE TAB LAST_MODIFIED TAB ETAG`
        case long
        /// `COUNT TAB BYTES` of all, once.
        case summary
    }

    package var style = Style.keys
    /// The list begins after this key, relative to the location.
    package var startAfter: [UInt8]?
    /// The list ends before this key, relative to the location.
    package var endBefore: [UInt8]?
    /// What ends a common prefix; nil lists objects only.
    package var delimiter: [UInt8]?
    package var filter = KeyFilter()
    /// How many bytes may be listed ahead of their turn.
    package var memory = 8 << 20

    package init() {}
}
