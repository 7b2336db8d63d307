import ArgumentParser
import CommandSupport
import S3Core
import S3Lines

/// The options for what is printed of a list.
struct ListOutputOptions: ParsableArguments {
    @Flag(help: "Print KEY, SIZE, LAST_MODIFIED and ETAG, separated by TABs.")
    var long = false

    @Flag(help: "Print COUNT and BYTES of all keys, separated by a TAB, instead of the keys.")
    var summary = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Print N - 1 keys that divide the list into N ranges of about the same number of keys.",
            valueName: "n"),
        transform: wholeNumber(1...KeySplit.maximumRanges))
    var split: Int?

    /// The first given option that changes what is printed of a key.
    var firstNotWithSplit: String? { long ? "--long" : summary ? "--summary" : nil }

    var style: ListOptions.Style { long ? .long : summary ? .summary : .keys }

    func validate() throws {
        if long && summary {
            throw ValidationError("--summary cannot be combined with --long: it prints no keys")
        }
    }
}
