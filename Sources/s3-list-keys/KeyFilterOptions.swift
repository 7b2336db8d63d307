import ArgumentParser
import S3CommandSupport
import S3Core
import S3Lines

/// The options that choose the keys of a list.
struct KeyFilterOptions: ParsableArguments {
    @OptionGroup var keyRange: KeyRangeOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "List only keys that match GLOB, or another --include; * and ? match / too.",
            valueName: "glob"))
    var include: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Do not list keys that match GLOB.", valueName: "glob"))
    var exclude: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "List only objects modified at TIME or later: a date, or 7d for 7 days ago.", valueName: "time"),
        transform: Timestamp.option)
    var newerThan: Timestamp?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("List only objects modified before TIME.", valueName: "time"),
        transform: Timestamp.option)
    var olderThan: Timestamp?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Print the common prefix of keys up to the first C, once, as a key that ends in C.",
            valueName: "c"))
    var delimiter: String?

    @OptionGroup var sharing: ShardOption

    /// The first given option that chooses keys by more than a range.
    var firstNotWithSplit: String? {
        if !include.isEmpty || !exclude.isEmpty { return include.isEmpty ? "--exclude" : "--include" }
        if newerThan != nil || olderThan != nil { return newerThan == nil ? "--older-than" : "--newer-than" }
        if delimiter != nil { return "--delimiter" }
        return sharing.shard == nil ? nil : "--shard"
    }

    func validate() throws {
        guard let delimiter else { return }
        if delimiter.isEmpty { throw ValidationError("--delimiter must not be empty") }
        if newerThan != nil || olderThan != nil {
            let option = newerThan != nil ? "--newer-than" : "--older-than"
            throw ValidationError(
                "\(option) cannot be combined with --delimiter: a common prefix has no time")
        }
    }

    var filter: KeyFilter {
        var filter = KeyFilter()
        filter.includes = include.map { Glob($0) }
        filter.excludes = exclude.map { Glob($0) }
        filter.newerThan = newerThan
        filter.olderThan = olderThan
        if let shard = sharing.shard { filter.shard = shard }
        return filter
    }
}
