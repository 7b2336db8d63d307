import ArgumentParser
import S3CommandSupport
import S3Lines

/// The options for what is written of each object.
struct LineOptions: ParsableArguments {
    @Flag(help: "Write whole lines as they arrive, in any order of the objects.")
    var unordered = false

    @Flag(help: "Write KEY and a TAB before each line.")
    var withKey = false

    @Flag(help: "Add no newline to an object that ends without one.")
    var exact = false

    @Flag(help: "Write compressed objects as they are stored.")
    var raw = false

    @Flag(help: "Write the stored bytes and nothing else: --raw --exact.")
    var bytes = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pipe each object, as it is stored, through 'sh -c COMMAND' and write the lines of the output.",
            valueName: "command"),
        transform: FilterOptions.command)
    var filter: String?

    func validate() throws {
        if exact || bytes, withKey || unordered {
            let other = withKey ? "--with-key" : "--unordered"
            throw ValidationError(
                "\(bytes ? "--bytes" : "--exact") cannot be combined with \(other): lines of different objects would run together"
            )
        }
    }
}
