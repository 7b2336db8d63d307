package import ArgumentParser
package import S3Lines

/// The option that divides keys among machines.
package struct ShardOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Use only the I-th of N shares of the keys.", valueName: "i/n"),
        transform: Self.parsed)
    package var shard: Shard?

    package init() {}

    private static func parsed(_ text: String) throws -> Shard {
        guard let shard = Shard(text) else {
            throw ValidationError("expected I/N, such as 1/4, with I from 1 to N")
        }
        return shard
    }
}
