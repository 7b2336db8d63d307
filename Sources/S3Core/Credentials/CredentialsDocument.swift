import ByteIO
import JSONStream

/// Parses credentials from the JSON of services and commands.
enum CredentialsDocument {
    /// The values at paths such as `.Credentials.AccessKeyId`; nil for each that is missing or null.
    ///
    /// - Returns: nil if `text` is not exactly one JSON value.
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

    /// Parses a document with identifier, secret, token and expiration at four paths.
    ///
    /// - Parameters:
    ///   - place: the source's name for messages.
    ///   - document: the document's name for messages: `the response`.
    static func outcome(
        _ text: [UInt8], _ paths: [String], place: String, of document: String
    ) -> CredentialsAction {
        guard let values = values(text, paths) else {
            return .missing("\(place): \(document) is not JSON")
        }
        let names = paths.map { String($0.split(separator: ".").last ?? "") }
        return outcome(Array(zip(names, values)), place: place, of: document, complaint: complaint(text))
    }

    /// Creates credentials from their four parts, whose names are for messages.
    ///
    /// Reports an invalid part as such: a signature made with it would only be refused as wrong.
    /// - Parameter complaint: the document's error message, if it has one.
    static func outcome(
        _ parts: [(name: String, value: String?)], place: String, of document: String, complaint: String = ""
    ) -> CredentialsAction {
        for (name, value) in parts.prefix(2) where value?.isEmpty != false {
            return .missing("\(place): \(document) has no \(name)\(complaint)")
        }
        for (name, value) in parts.prefix(3) {
            do { try Credentials.check(value ?? "", name: "\(place): \(name) of \(document)") } catch {
                return .end(.failed(error))
            }
        }
        var credentials = Credentials(
            accessKeyID: parts[0].value ?? "", secretAccessKey: parts[1].value ?? "",
            sessionToken: parts[2].value.flatMap { $0.isEmpty ? nil : $0 })
        if let text = parts[3].value, !text.isEmpty {
            guard let time = time(text) else {
                return .end(
                    .failed(
                        .invalid(
                            "\(place): expected a time as \(parts[3].name) of \(document), found '\(text)'")))
            }
            credentials.expiration = time
        }
        return .end(.found(credentials, source: place))
    }

    /// Parses RFC 3339, or milliseconds since the epoch.
    private static func time(_ text: String) -> Timestamp? {
        Int(text).map { Timestamp(seconds: $0 / 1000) } ?? Timestamp(text)
    }

    /// The error message in a document, after a colon; empty if there is none.
    ///
    /// Source: the metadata service writes `Code` and `Message`; container agents and the IAM Identity Center
    /// portal use lower case.
    static func complaint(_ text: [UInt8]) -> String {
        let said = values(text, [".Code", ".code", ".Message", ".message"]) ?? []
        return said.compactMap { $0 }.map { ": " + $0.prefix(longestComplaint) }.joined()
    }

    private static let longestComplaint = 300
}
