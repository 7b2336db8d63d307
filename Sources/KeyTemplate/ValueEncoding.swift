package import ByteIO

/// Percent-encoding of values, so that a value of a line stays within one segment of the key.
///
/// S3's safe characters except `/` stay unchanged: `A-Z a-z 0-9 ! - _ . * ' ( )`. Every other byte, `%` included,
/// becomes `%` and two upper-case digits, so that decoding restores the value.
package enum ValueEncoding {
    private static let escaping = PercentEscaping(keeping: "!-_.*'()")

    /// Appends `value`, encoded.
    package static func append(_ value: RawSpan, to key: inout ByteBuffer) {
        escaping.append(value, to: &key)
    }
}
