import ByteIO

/// How the end of an answer's body is marked (RFC 9112, 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// So many bytes come.
    case length(Int)
    /// The last chunk is the end. `claimed` is what Content-Length says beside it, which must be true all the same.
    case chunked(claimed: Int?)
    /// The end of the connection is the only one, so nothing shows whether all has come.
    case connection
    /// The fields do not agree, or say what cannot be; in words.
    case contradictory(String)
}

extension HTTPResponseHead {
    package var framing: BodyFraming {
        // What nearly every answer has.
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

    /// Why a good answer whose body had so many bytes is not known to be whole; nil if it is.
    ///
    /// - Parameter bytes: how many came in all; nil while the body has only begun.
    func framingFault(bytes: Int?) -> String? {
        switch framing {
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
