import ArgumentParser
import Codec
import CommandSupport
import S3CommandSupport
import S3Core
import S3Lines

/// The options for the contents and metadata of objects.
struct ObjectOptions: ParsableArguments {
    @Flag(help: "Compress objects with gzip.")
    var gzip = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Compression level, from 1 to 9; implies --gzip. (default: 6)", valueName: "level"),
        transform: wholeNumber(1...9))
    var gzipLevel: Int?

    @Flag(help: "Compress objects with zstd.")
    var zstd = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Compression level, from 1 to 19; implies --zstd. (default: 3)", valueName: "level"),
        transform: wholeNumber(1...19))
    var zstdLevel: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pipe each object through 'sh -c COMMAND' and store the output.", valueName: "command"),
        transform: FilterOptions.command)
    var filter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Checksum to send and store. (default: crc64nvme on AWS, none elsewhere)",
            valueName: "algorithm"))
    var checksum: ChecksumChoice?

    @Option(parsing: .unconditional, help: ArgumentHelp("Content-Type of the objects.", valueName: "type"))
    var contentType: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Content-Encoding of the objects.", valueName: "encoding")
    )
    var contentEncoding: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Content-Disposition of the objects, such as 'attachment; filename=\"a.csv\"'.",
            valueName: "disposition"))
    var contentDisposition: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Content-Language of the objects, such as en-GB.", valueName: "language"))
    var contentLanguage: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Cache-Control of the objects.", valueName: "directives"))
    var cacheControl: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Expires of the objects: 2026-12-31 or 2026-12-31T23:59:59Z.", valueName: "date"),
        transform: Timestamp.expiry)
    var expires: Timestamp?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Metadata of the objects, in ASCII; may be repeated.", valueName: "k=v"))
    var metadata: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A tag of the objects; may be repeated.", valueName: "k=v"))
    var tag: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Storage class of the objects, such as STANDARD_IA.", valueName: "name"),
        completion: .list([
            "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR",
            "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE",
        ]))
    var storageClass: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Canned ACL of the objects, such as public-read.", valueName: "acl"),
        completion: .list([
            "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read",
            "bucket-owner-read", "bucket-owner-full-control",
        ]))
    var acl: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Encryption by the service: AES256, aws:kms or aws:kms:dsse.", valueName: "algorithm"),
        completion: .list(["AES256", "aws:kms", "aws:kms:dsse"]))
    var sse: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("KMS key for --sse aws:kms or aws:kms:dsse.", valueName: "id"))
    var sseKmsKeyId: String?

    /// How to compress objects; nil for no compression.
    var compression: Compression? {
        if zstd || zstdLevel != nil { return .zstd(level: zstdLevel ?? 3) }
        return gzip || gzipLevel != nil ? .gzip(level: gzipLevel ?? 6) : nil
    }

    /// The header fields of these options.
    private(set) var fields = Checked<ObjectFields>()

    mutating func validate() throws {
        if gzip || gzipLevel != nil, zstd || zstdLevel != nil {
            throw ValidationError("--gzip and --zstd cannot be combined")
        }
        if filter != nil, compression != nil {
            throw ValidationError(
                "--filter cannot be combined with --gzip or --zstd: the command can compress")
        }
        if let sse, sseKmsKeyId != nil, !sse.hasPrefix("aws:kms") {
            throw ValidationError("--sse-kms-key-id is for --sse aws:kms and aws:kms:dsse")
        }
        fields.value = try parsedFields()
    }

    private func parsedFields() throws -> ObjectFields {
        var fields = ObjectFields()
        do {
            try fields.set("content-type", contentType, option: "--content-type")
            try fields.set("content-encoding", contentEncoding, option: "--content-encoding")
            try fields.set(
                "content-disposition", contentDisposition, option: "--content-disposition")
            try fields.set("content-language", contentLanguage, option: "--content-language")
            try fields.set("expires", expires?.httpDate, option: "--expires")
            try fields.set("cache-control", cacheControl, option: "--cache-control")
            try fields.set("x-amz-storage-class", storageClass, option: "--storage-class")
            try fields.set("x-amz-acl", acl, option: "--acl")
            try fields.set(
                "x-amz-server-side-encryption", sse ?? (sseKmsKeyId == nil ? nil : "aws:kms"), option: "--sse"
            )
            try fields.set(
                "x-amz-server-side-encryption-aws-kms-key-id", sseKmsKeyId, option: "--sse-kms-key-id")
            for pair in metadata { try fields.add(metadata: pair) }
            for pair in tag { try fields.add(tag: pair) }
        } catch {
            throw ValidationError(error.description)
        }
        return fields
    }
}
