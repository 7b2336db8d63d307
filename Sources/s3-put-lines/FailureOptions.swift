import ArgumentParser
import CommandSupport
import S3Core
import S3Lines

/// The options for messages and for records that are not stored.
struct FailureOptions: ParsableArguments {
    @Flag(help: "Print ETag, bytes and lines after each key, separated by TABs.")
    var long = false

    @Flag(name: .shortAndLong, help: "Print no receipts.")
    var quiet = false

    @Flag(name: .customLong("no-clobber"), help: "Let records fail whose object exists already.")
    var noClobber = false

    @Flag(help: "The same, but count an object that exists with exactly these bytes as stored.")
    var idempotent = false

    /// What to do if an object exists already.
    var existing: ExistingObject { idempotent ? .acceptSame : noClobber ? .keep : .overwrite }

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Append records that are not stored to FILE and continue; exit status 1.", valueName: "file"))
    var reject: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Require LINE as the data of the last record; do not store it. Without it, discard open objects.",
            valueName: "line"))
    var commitOn: String?

    @Flag(name: [.customShort("n"), .long], help: "Print the same receipts, but send nothing.")
    var dryRun = false

    func validate() throws {
        if noClobber && idempotent {
            throw ValidationError("--no-clobber and --idempotent cannot be combined")
        }
        if long && quiet { throw ValidationError("--long and --quiet cannot be combined") }
        if let commitOn, commitOn.utf8.contains(0x0A) {
            throw ValidationError("--commit-on: the line must not contain a newline")
        }
    }
}
