/// What is known of services that are not like the others, by what their hosts end in. The one place for it.
struct HostTraits: Equatable, Sendable {
    /// With the dot before it, or a whole host name.
    fileprivate let suffix: String
    /// The codings that an object's bytes may come in. `identity` is what is stored, and nothing else; only Google
    /// decompresses what is stored as gzip for anyone who does not take gzip (Google Cloud Storage, "Transcoding of
    /// gzip-compressed files").
    let acceptEncoding: String

    private static let common = HostTraits(suffix: "", acceptEncoding: "identity")
    private static let others = [
        HostTraits(suffix: "storage.googleapis.com", acceptEncoding: "gzip"),
        HostTraits(suffix: ".storage.googleapis.com", acceptEncoding: "gzip"),
    ]

    /// - Parameter authority: a host, with its port or without.
    static func of(_ authority: String) -> HostTraits {
        let host = authority.lowercased().prefix { $0 != ":" }
        return others.first { host == $0.suffix || ($0.suffix.hasPrefix(".") && host.hasSuffix($0.suffix)) }
            ?? common
    }
}
