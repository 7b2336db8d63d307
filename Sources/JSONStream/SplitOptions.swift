/// The options of a `ValueSplitter`.
package struct SplitOptions: Sendable {
    /// The maximum of open arrays and objects.
    package var maximumDepth = 1024
    /// The maximum length of a value in bytes, including white space inside it.
    package var maximumLength = 64 << 20
    /// The path of arrays to replace by their elements; nil for none.
    package var unwrapPath: FieldPath?
    /// Whether each line holds at most one value, and no array is unwrapped.
    package var isLineWise = false

    package init() {}
}
