import ByteIO
import JSONStream

/// Credentials as services and commands write them in JSON.
enum CredentialsDocument {
    /// The values of members at paths such as `.Credentials.AccessKeyId`; nil for each that is missing or null.
    ///
    /// - Returns: nil if `text` is not one JSON value.
    static func values(_ text: [UInt8], _ paths: [String]) -> [String?]? {
        var lookup = FieldLookup(paths.compactMap(FieldPath.init))
        do { try lookup.find(in: text.bytes) } catch { return nil }
        return paths.indices.map { index in
            let value = lookup.value(index)
            let bytes = text.bytes.extracting(value.range)
            switch value.kind {
            case .string:
                var plain = ByteBuffer()
                do { try JSONStringText.unescape(bytes, into: &plain) } catch { return nil }
                return String(validating: plain.bytes.array, as: UTF8.self)
            case .number, .true, .false: return String(validating: bytes.array, as: UTF8.self)
            case .missing, .null, .object, .array: return nil
            }
        }
    }

    /// Reads identifier, secret, token and expiration at four paths.
    ///
    /// - Returns: nil if one half of the key is missing, or a part cannot be one.
    static func credentials(_ text: [UInt8], _ paths: [String]) -> Credentials? {
        guard let values = values(text, paths), let identifier = values[0], let secret = values[1] else {
            return nil
        }
        return credentials(identifier, secret, values[2], expiration: values[3])
    }

    /// - Parameter expiration: RFC 3339, or milliseconds since the epoch.
    static func credentials(
        _ identifier: String, _ secret: String, _ token: String?, expiration: String?
    ) -> Credentials? {
        for part in [identifier, secret, token ?? ""] {
            do { try Credentials.check(part, name: "") } catch { return nil }
        }
        guard !identifier.isEmpty, !secret.isEmpty else { return nil }
        var credentials = Credentials(
            accessKeyID: identifier, secretAccessKey: secret,
            sessionToken: token.flatMap { $0.isEmpty ? nil : $0 })
        if let expiration, !expiration.isEmpty {
            guard let time = Int(expiration).map({ Timestamp(seconds: $0 / 1000) }) ?? Timestamp(expiration)
            else { return nil }
            credentials.expiration = time
        }
        return credentials
    }
}
