/// Special cases of services, by the suffix of their host name. All special cases are kept here.
package struct HostTraits: Equatable, Sendable {
    /// A suffix with its leading dot, or a whole host name.
    private let suffix: String
    /// The value of Accept-Encoding for objects. `identity` requests the bytes as stored. For Google it is
    /// `gzip`, because Google decompresses objects stored as gzip for clients that do not accept gzip.
    package let acceptEncoding: String
    /// The service's limits for multipart uploads.
    package let parts: PartRules

    private init(_ suffix: String, acceptEncoding: String = "identity", parts: PartRules = PartRules()) {
        self.suffix = suffix
        self.acceptEncoding = acceptEncoding
        self.parts = parts
    }

    private static let common = HostTraits("")

    /// Whether the service has special cases.
    package var isKnown: Bool { self != Self.common }

    private static let others = [
        // Google Cloud Storage, "Transcoding of gzip-compressed files".
        HostTraits("storage.googleapis.com", acceptEncoding: "gzip"),
        HostTraits(".storage.googleapis.com", acceptEncoding: "gzip"),
        // Cloudflare R2, "Multipart upload".
        HostTraits(".r2.cloudflarestorage.com", parts: PartRules(areEqual: true)),
        // Scaleway, "Managing multipart uploads".
        HostTraits(".scw.cloud", parts: PartRules(most: 1000)),
        // Storj, "Multipart Part Size": each part is a separately billed segment of at most 64 MiB.
        HostTraits(".storjshare.io", parts: PartRules(worthwhileSize: 64 << 20)),
    ]

    /// - Parameter authority: a host, with or without a port.
    package static func of(_ authority: String) -> HostTraits {
        let host = authority.lowercased().prefix { $0 != ":" }
        return others.first { host == $0.suffix || ($0.suffix.hasPrefix(".") && host.hasSuffix($0.suffix)) }
            ?? common
    }
}

/// A service's limits for the parts of an object.
package struct PartRules: Equatable, Sendable {
    /// The maximum number of parts.
    package let most: Int
    /// The smallest sensible part size in bytes, if there is enough memory.
    package let worthwhileSize: Int
    /// Whether all parts except the last must have the same size.
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
