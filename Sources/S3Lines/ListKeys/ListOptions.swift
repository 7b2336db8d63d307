/// The options of a run of s3-list-keys.
package struct ListOptions: Sendable {
    /// The output format.
    package enum Style: Equatable, Sendable {
        /// `KEY`
        case keys
        /// `KEY TAB SIZE TAB LAST_MODIFIED TAB ETAG`
        case long
        /// `COUNT TAB BYTES`, once for all keys.
        case summary
    }

    package var style = Style.keys
    /// The listing starts after this key, relative to the location.
    package var startAfter: [UInt8]?
    /// The listing ends before this key, relative to the location.
    package var endBefore: [UInt8]?
    /// The end of a common prefix; nil lists objects only.
    package var delimiter: [UInt8]?
    package var filter = KeyFilter()
    /// The maximum memory for keys listed ahead, in bytes.
    package var memory = 3 << 20

    package init() {}
}
