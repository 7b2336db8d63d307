import ArgumentParser
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

/// The options that choose keys, and keep what was done with them.
struct KeyChoiceOptions: ParsableArguments {
    @Flag(help: "Fetch every object under the location, in listing order.")
    var all = false

    @OptionGroup var keyRange: KeyRangeOptions

    @Flag(help: "With --all, continue to list keys that come later, until a signal.")
    var follow = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --follow, wait at least TIME between two lists. (default: 5s)", valueName: "time"))
    var interval: TimeSpan?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --follow, end after TIME without a new key.", valueName: "time"))
    var untilIdle: TimeSpan?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "List the last N keys, or those of the last TIME, again. (default with --follow: 1000)",
            valueName: "n|time"),
        transform: FollowList.Lookback.option)
    var lookback: FollowList.Lookback?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --all, read each prefix that matches PATTERN as a list of its own: 'AWSLogs/*/CloudTrail/*/'.",
            valueName: "pattern"),
        transform: PrefixPattern.option)
    var per: PrefixPattern?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --all, keep in FILE how far all lines were written, and continue from there.",
            valueName: "file"))
    var cursor: String?

    @Flag(help: "Read keys that are percent-encoded, as in inventories and event notifications.")
    var urlKeys = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Append KEY, TAB and ETAG of each object to FILE once all of it was written.", valueName: "file"))
    var done: String?

    @OptionGroup var sharing: ShardOption

    func validate() throws {
        if !all, let option = optionOfAll { throw ValidationError("\(option) needs --all") }
        if !follow, interval != nil { throw ValidationError("--interval needs --follow") }
        if !follow, untilIdle != nil { throw ValidationError("--until-idle needs --follow") }
        if lookback != nil, !follow, cursor == nil {
            throw ValidationError("--lookback needs --follow or --cursor")
        }
        if follow && keyRange.endBefore != nil {
            throw ValidationError("--end-before cannot be combined with --follow")
        }
        if let option = keyRange.given, per != nil {
            throw ValidationError(
                "\(option) cannot be combined with --per: each prefix is a list of its own")
        }
        if let cursor, [cursor, cursor + ".lookback"].contains(done) {
            throw ValidationError("--cursor and --done must be different files")
        }
        if let interval, interval.milliseconds < 1 {
            throw ValidationError("--interval must be at least 1ms")
        }
        if urlKeys && all {
            throw ValidationError("--url-keys cannot be combined with --all, which lists keys itself")
        }
    }

    /// The first given option that has an effect only with `--all`.
    private var optionOfAll: String? {
        if let option = keyRange.given { return option }
        if follow { return "--follow" }
        if per != nil { return "--per" }
        return cursor == nil ? nil : "--cursor"
    }

    func cursorFile(_ place: Location) -> CursorFile? {
        cursor.map { CursorFile($0, for: place, pattern: per, looksBack: follow || lookback != nil) }
    }

    /// The range to list with --all.
    func range(_ place: Location, _ cursorFile: CursorFile?) throws(ToolFailure) -> ListedKeyRange {
        var range = ListedKeyRange()
        (range.startAfter, range.endBefore) = try keyRange.keys(in: place)
        range.pattern = per
        do { range.places = try cursorFile?.places() ?? [:] } catch {
            switch error {
            case .unusable(let text): throw ToolFailure(.configuration, text)
            case .system(let error): throw ToolFailure(error)
            }
        }
        if follow || lookback != nil {
            let end: FollowList.End = untilIdle.map { .idle($0.milliseconds) } ?? .never
            range.following = Following(
                interval: interval?.milliseconds ?? Self.usualInterval, end: follow ? end : .firstPoll,
                lookback: lookback ?? .keys(1000))
        }
        return range
    }

    /// Milliseconds between two lists.
    private static let usualInterval = 5000
}
