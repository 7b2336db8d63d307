/// What is known of services that are not like the others, by what their hosts end in. The one place for it.
package struct HostTraits: Equatable, Sendable {
    /// With the dot before it, or a whole host name.
    private let suffix: String
    /// The codings that an object's bytes may come in. `identity` is what is stored, and nothing else; only Google
    /// decompresses what is stored as gzip for anyone who does not take gzip.
    package let acceptEncoding: String
    /// How objects may be cut.
    package let parts: PartRules

    private init(_ suffix: String, acceptEncoding: String = "identity", parts: PartRules = PartRules()) {
        self.suffix = suffix
        self.acceptEncoding = acceptEncoding
        self.parts = parts
    }

    private static let common = HostTraits("")
    private static let others = [
        // Google Cloud Storage, "Transcoding of gzip-compressed files".
        HostTraits("storage.googleapis.com", acceptEncoding: "gzip"),
        HostTraits(".storage.googleapis.com", acceptEncoding: "gzip"),
        // Cloudflare R2, "Multipart upload".
        HostTraits(".r2.cloudflarestorage.com", parts: PartRules(areEqual: true)),
        // Scaleway, "Managing multipart uploads".
        HostTraits(".scw.cloud", parts: PartRules(most: 1000)),
        // Storj, "Multipart Part Size": each part is a segment of its own of at most 64 MiB, and is paid for as one.
        HostTraits(".storjshare.io", parts: PartRules(worthwhileSize: 64 << 20)),
    ]

    /// - Parameter authority: a host, with its port or without.
    package static func of(_ authority: String) -> HostTraits {
        let host = authority.lowercased().prefix { $0 != ":" }
        return others.first { host == $0.suffix || ($0.suffix.hasPrefix(".") && host.hasSuffix($0.suffix)) }
            ?? common
    }
}

/// How a service lets an object be cut into parts.
package struct PartRules: Equatable, Sendable {
    /// How many there may be.
    package let most: Int
    /// What a part should have at least, in bytes, if there is memory for it.
    package let worthwhileSize: Int
    /// Whether all of them but the last one must be equally large.
    package let areEqual: Bool

    package init(
        most: Int = MultipartLimits.maxParts, worthwhileSize: Int = MultipartLimits.minPartSize,
        areEqual: Bool = false
    ) {
        self.most = most
        self.worthwhileSize = worthwhileSize
        self.areEqual = areEqual
    }
}
