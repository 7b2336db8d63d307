import ByteIO

/// How a response's body is delimited (RFC 9112, 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// The body has this many bytes.
    case length(Int)
    /// The last chunk ends the body. `claimed` is the Content-Length beside it, which must be true too.
    case chunked(claimed: Int?)
    /// The end of the connection ends the body, so truncation cannot be detected.
    case connection
    /// The headers are contradictory or invalid; the text says why.
    case contradictory(String)
}

extension HTTPResponseHead {
    package var framing: BodyFraming {
        // The fast path for nearly every response.
        if let length = onlyNumber("content-length"), value("transfer-encoding") == nil {
            return .length(length)
        }
        let lengths = Set(elements("content-length"))
        guard lengths.count < 2 else { return .contradictory("it has two lengths") }
        let length = lengths.first.flatMap { length in length.bytes.decimal }
        guard length != nil || lengths.isEmpty else {
            return .contradictory("its Content-Length is not a number")
        }
        let codings = elements("transfer-encoding").filter { $0 != [UInt8]("identity".utf8) }
        if codings == [[UInt8]("chunked".utf8)] { return .chunked(claimed: length) }
        guard codings.isEmpty else {
            let names = codings.map { String(decoding: $0, as: UTF8.self) }
            return .contradictory("its Transfer-Encoding is " + names.joined(separator: ","))
        }
        return length.map { .length($0) } ?? .connection
    }
}

extension BodyFraming {
    /// Why the body of a success response may be incomplete; nil if it is complete.
    ///
    /// - Parameter bytes: the number of bytes received in total; nil if the body has only started.
    func fault(bytes: Int?) -> String? {
        switch self {
        case .contradictory(let reason): return reason
        case .connection:
            return bytes == 0 ? nil : "it has neither Content-Length nor Transfer-Encoding"
        case .length(let length), .chunked(claimed: let length?):
            guard let bytes, bytes != length else { return nil }
            return "expected \(length) bytes by Content-Length, received \(bytes)"
        case .chunked(claimed: nil): return nil
        }
    }
}
