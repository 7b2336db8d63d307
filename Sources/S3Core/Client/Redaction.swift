import ByteIO
import Digest

/// Removes secrets from the messages of services and libraries: some of these repeat what was sent to them,
/// plain or encoded.
///
/// It keeps every secret that was ever used: a message may also repeat a request that was signed with
/// credentials since replaced.
package struct Redaction: Sendable {
    private static let replacement = [UInt8]("[redacted]".utf8)
    /// The name before a request's signature, which is hexadecimal.
    private static let signature = [UInt8]("signature=".utf8)
    /// Base64 inside base64 is decoded, up to this depth.
    private static let deepest = 2
    /// A shorter run of base64 or hexadecimal digits counts as an ordinary word.
    private static let shortestRun = 8

    /// Shorter secrets are not hidden: they occur in ordinary words, and are no secrets that a service issues.
    private static let shortestSecret = 4

    private var secrets: [[UInt8]] = []

    package init() {}

    /// From now on, `secret` is removed from every text.
    package mutating func add(_ secret: [UInt8]) {
        if secret.count >= Self.shortestSecret, !secrets.contains(secret) { secrets.append(secret) }
    }

    package mutating func add(_ credentials: Credentials) {
        add(credentials.secretAccessKey)
        if let token = credentials.sessionToken { add(token) }
    }

    /// Adds the user and the password in a URL that the user has set, such as a proxy's.
    package mutating func add(usersOf address: String) {
        let users = Self.users(of: [UInt8](address.utf8))
        add(users)
        if let colon = users.firstIndex(of: UInt8(ascii: ":")) {
            add(Array(users[(colon + 1)...]))
        }
    }

    package func redacted(_ error: S3Error) -> S3Error {
        var error = error
        error.code = redacted(error.code)
        error.message = redacted(error.message)
        error.requestID = redacted(error.requestID)
        if let region = error.region, redacted(region) != region { error.region = nil }
        return error
    }

    package func redacted(_ text: String) -> String {
        let bytes = [UInt8](text.utf8)
        let found = places(in: bytes, deep: Self.deepest, signatures: true)
        guard !found.isEmpty else { return text }
        var result: [UInt8] = []
        var end = 0
        for place in Self.merged(found) {
            result += bytes[end..<place.lowerBound] + Self.replacement
            end = place.upperBound
        }
        return String(decoding: result + bytes[end...], as: UTF8.self)
    }

    /// Sorts the ranges and merges those that overlap.
    private static func merged(_ places: [Range<Int>]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for place in places.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, place.lowerBound < last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
            } else {
                merged.append(place)
            }
        }
        return merged
    }

    /// The ranges of secrets in `bytes`, unsorted.
    private func places(in bytes: [UInt8], deep: Int, signatures: Bool) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var reading: RedactionReading? = RedactionReading(bytes)
        while let text = reading {
            for secret in secrets { places += text.places(of: secret) }
            if signatures { places += text.hexadecimal(after: Self.signature) }
            if deep > 0 {
                for run in text.base64Runs where run.count >= Self.shortestRun && hides(text, run, deep - 1) {
                    places.append(text.source(run))
                }
            }
            reading = text.decoded
        }
        return places
    }

    /// Whether the decoded bytes of a run of base64 or hexadecimal digits contain a secret. The characters
    /// before the encoded text may be in the same alphabet, so every alignment is tried.
    private func hides(_ text: RedactionReading, _ run: Range<Int>, _ deep: Int) -> Bool {
        let digits = text.base64Digits(run)
        let base64 = (0..<4).map { Base64.decodeDigits(digits.dropFirst($0)) }
        let hexadecimal = (0..<2).compactMap { phase in
            Hexadecimal.decode(Array(digits.dropFirst(phase).dropLast((digits.count - phase) % 2)))
        }
        return (base64 + hexadecimal).contains { !places(in: $0, deep: deep, signatures: false).isEmpty }
    }
}

extension Redaction {
    private static let scheme = [UInt8]("://".utf8)
    private static let at = UInt8(ascii: "@")

    /// The user and password in `http://user:password@host`, with or without a scheme.
    ///
    /// An unencoded password may contain any character, so the last `@` ends it.
    private static func users(of address: [UInt8]) -> [UInt8] {
        let start = schemeEnd(address)
        guard let end = address.lastIndex(of: at), end >= start else { return [] }
        return Array(address[start..<end])
    }

    /// The length of a scheme and the `://` after it; 0 if there is none. Source: RFC 3986, 3.1.
    private static func schemeEnd(_ address: [UInt8]) -> Int {
        let length = address.prefix { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "+-.".utf8.contains(byte)
        }.count
        guard length > 0, address[length...].starts(with: scheme) else { return 0 }
        return length + scheme.count
    }

    /// A URL that the user has set, without user and password.
    static func shown(address: String) -> String {
        let bytes = [UInt8](address.utf8)
        guard let end = bytes.lastIndex(of: at) else { return address }
        // If a password contains `://`, the apparent scheme is part of the user name.
        let start = schemeEnd(bytes)
        return String(decoding: bytes[..<min(start, end)] + replacement + bytes[end...], as: UTF8.self)
    }

    /// Removes users and passwords from the URLs in a text, `http://user:password@host`.
    static func withoutUsers(_ text: String) -> String {
        let bytes = [UInt8](text.utf8)
        var result: [UInt8] = []
        var rest = bytes[...]
        while let start = RedactionReading.first(scheme, in: rest) {
            let host = start + scheme.count
            let end = RedactionReading.first(scheme, in: rest[host...]) ?? rest.endIndex
            result += rest[..<host]
            let address = rest[host..<end]
            if let at = address.lastIndex(of: at) {
                result += replacement + address[at...]
            } else {
                result += address
            }
            rest = rest[end...]
        }
        return String(decoding: result + rest, as: UTF8.self)
    }
}
