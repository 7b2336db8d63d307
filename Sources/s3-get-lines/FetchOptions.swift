import ArgumentParser
import CommandSupport

/// The options for how objects are fetched.
struct FetchOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Fetch objects of SIZE bytes or more in parallel ranges.", valueName: "size"))
    var multipartThreshold = ByteSize(bytes: 8 << 20)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Size of the ranges. (default: 8M, or a quarter of --memory if that is less)", valueName: "size"))
    var multipartChunksize: ByteSize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most bytes that are being fetched or not yet written.", valueName: "size"))
    var memory = ByteSize(bytes: 128 << 20)

    /// With less memory the bookkeeping would need more than the data.
    private static let minimumMemory = ByteSize(bytes: 1 << 20)

    func validate() throws {
        if memory.bytes < Self.minimumMemory.bytes {
            throw ValidationError("--memory must be at least \(Self.minimumMemory)")
        }
        if let size = multipartChunksize, !(1...memory.bytes / 2).contains(size.bytes) {
            throw ValidationError(
                "--multipart-chunksize must be from 1 to \(ByteSize(bytes: memory.bytes / 2)), half of --memory"
            )
        }
    }

    /// Bytes of a range.
    ///
    /// - Parameter usual: the size without an option, if the memory allows it.
    func chunkSize(_ usual: Int) -> Int { multipartChunksize?.bytes ?? min(usual, memory.bytes / 4) }
}
