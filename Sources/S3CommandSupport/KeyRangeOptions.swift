package import ArgumentParser
package import CommandSupport
package import S3Core

/// The options that choose a range of the listed keys.
package struct KeyRangeOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Use only the listed keys after KEY.", valueName: "key"))
    package var startAfter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Use only the listed keys before KEY.", valueName: "key"))
    package var endBefore: String?

    package init() {}

    /// The name of the first option that is given; nil if none is.
    package var given: String? {
        startAfter != nil ? "--start-after" : endBefore != nil ? "--end-before" : nil
    }

    /// The two keys, relative to `location` and unescaped.
    ///
    /// - Throws: 65 if one is malformed, or no object can have it.
    package func keys(
        in location: Location
    ) throws(ToolFailure) -> (startAfter: [UInt8]?, endBefore: [UInt8]?) {
        (
            try Self.key(startAfter, "--start-after", in: location),
            try Self.key(endBefore, "--end-before", in: location)
        )
    }

    private static func key(
        _ text: String?, _ option: String, in location: Location
    ) throws(ToolFailure) -> [UInt8]? {
        guard let text else { return nil }
        let key = try unescapedKey(text, name: option)
        do { _ = try location.objectKey(key) } catch {
            throw ToolFailure(.malformedInput, "\(option) '\(text)': \(error)")
        }
        return key
    }
}
