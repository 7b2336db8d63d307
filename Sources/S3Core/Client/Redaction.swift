import ByteIO
import Digest

/// Takes secrets out of what a service or a library says: some repeat what they were sent, as it is or encoded.
///
/// It knows every secret that was ever in use: what was signed with credentials that were renewed since may still
/// be repeated.
package struct Redaction: Sendable {
    private static let replacement = [UInt8]("[redacted]".utf8)
    /// What the value after it signs a request with, in hexadecimal.
    private static let signature = [UInt8]("signature=".utf8)
    /// Base64 inside of base64 is looked into, but not for ever.
    private static let deepest = 2
    /// Less of base64 or hexadecimal is a word.
    private static let shortestRun = 8

    private var secrets: [[UInt8]] = []

    package init() {}

    /// No text has `secret` from now on.
    package mutating func add(_ secret: [UInt8]) {
        if !secret.isEmpty, !secrets.contains(secret) { secrets.append(secret) }
    }

    package mutating func add(_ credentials: Credentials) {
        add(credentials.secretAccessKey)
        if let token = credentials.sessionToken { add(token) }
    }

    /// The user and the password of an address that was set here, as of a proxy.
    package mutating func add(usersOf address: String) {
        let users = Self.users(of: [UInt8](address.utf8))
        add(users)
        // Of a shorter one there would be too much in ordinary words.
        if let colon = users.firstIndex(of: UInt8(ascii: ":")), users.count - colon > Self.shortestPassword {
            add(Array(users[(colon + 1)...]))
        }
    }

    private static let shortestPassword = 4

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

    /// In order; those that overlap are one.
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

    /// Where secrets stand in `bytes`, in no order.
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

    /// Whether what a run of base64 or hexadecimal stands for has a secret. What precedes it may be in the same
    /// alphabet, so nothing says where its first group begins.
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

    /// What is before the host in `http://user:password@host`, with or without a scheme.
    ///
    /// A password that is not encoded may have any character: the last `@` ends it.
    private static func users(of address: [UInt8]) -> [UInt8] {
        let start = schemeEnd(address)
        guard let end = address.lastIndex(of: at), end >= start else { return [] }
        return Array(address[start..<end])
    }

    /// How long a scheme is with the `://` after it; 0 if there is none. Source: RFC 3986, 3.1.
    private static func schemeEnd(_ address: [UInt8]) -> Int {
        let length = address.prefix { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "+-.".utf8.contains(byte)
        }.count
        guard length > 0, address[length...].starts(with: scheme) else { return 0 }
        return length + scheme.count
    }

    /// An address that was set here, without user and password.
    static func shown(address: String) -> String {
        let bytes = [UInt8](address.utf8)
        guard let end = bytes.lastIndex(of: at) else { return address }
        // A password may have `://` itself: then what seems to be a scheme is a user.
        let start = schemeEnd(bytes)
        return String(decoding: bytes[..<min(start, end)] + replacement + bytes[end...], as: UTF8.self)
    }

    /// Takes users and passwords out of the addresses in a text, `http://user:password@host`.
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
