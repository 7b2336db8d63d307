import ArgumentParser
import CommandSupport
import S3Core
import S3Lines

/// The options that group records into objects.
struct GroupingOptions: ParsableArguments {
    @Flag(help: "Store each record as an object of its own, as soon as it is read.")
    var each = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most objects that stay open for more records. (default: 1)", valueName: "n"),
        transform: wholeNumber(1...1_000_000))
    var maxOpen: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Send an object in parts if it has SIZE bytes or more. (default: 5M)", valueName: "size"))
    var minPartSize: ByteSize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Size of every part but the last. (default: parts grow with the object)", valueName: "size"))
    var partSize: ByteSize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most bytes to buffer; while they are used up, the input waits.", valueName: "size"))
    var memory = ByteSize(bytes: 256 << 20)

    /// Bytes of the first part of an object.
    private var firstPart: Int { (partSize ?? minPartSize)?.bytes ?? MultipartLimits.minPartSize }

    func validate() throws {
        if each, maxOpen != nil { throw ValidationError("--each and --max-open cannot be combined") }
        if minPartSize != nil && partSize != nil {
            throw ValidationError(
                "--min-part-size cannot be combined with --part-size: an object of at least that size is sent in parts"
            )
        }
        for (name, size) in [("--min-part-size", minPartSize), ("--part-size", partSize)] {
            guard let size else { continue }
            if size.bytes < MultipartLimits.minPartSize {
                throw ValidationError("\(name) must be at least 5M, the least that S3 accepts")
            }
            if size.bytes > MultipartLimits.maxPartSize {
                throw ValidationError("\(name) must be at most 5G, the most that S3 accepts")
            }
        }
        let needed = firstPart * PutPartPlan.partsInMemory
        if memory.bytes < needed {
            throw ValidationError(
                "--memory must be at least \(ByteSize(bytes: needed)), which is \(PutPartPlan.partsInMemory) parts of \(ByteSize(bytes: firstPart))"
            )
        }
    }
}
