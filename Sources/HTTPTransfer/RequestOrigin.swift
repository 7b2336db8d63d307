import ByteIO
import CCurl

/// The scheme, host and port of a URL, parsed by libcurl once for all requests to one service. The rest of the URL, the
/// signed part, is sent unchanged. Source: curl_url_set(3), CURLOPT_REQUEST_TARGET(3).
@safe struct RequestOrigin: ~Copyable {
    private let parsed = unsafe curl_url()
    /// `https://host:443`
    private(set) var text: [UInt8] = []
    /// Whether libcurl uses it.
    var isUsed = false

    deinit { unsafe curl_url_cleanup(parsed) }

    /// The length of the scheme, host and port of `url` in bytes; nil if `url` has no path, or if libcurl would refuse
    /// or change the rest.
    static func length(in url: RawSpan) -> Int? {
        guard let colon = url.firstIndex(of: UInt8(ascii: ":")), colon + 3 < url.byteCount,
            url[colon + 1] == slash, url[colon + 2] == slash,
            let length = url.firstIndex(of: slash, from: colon + 3)
        else { return nil }
        if let query = url.firstIndex(of: UInt8(ascii: "?")), query < length { return nil }
        let isPlain =
            !url.hasByte(upTo: 0x20) && url.firstIndex(of: 0x7F) == nil
            && url.firstIndex(of: UInt8(ascii: "#")) == nil
        return isPlain ? length : nil
    }

    /// Lets the next request set its origin again. libcurl may use this one.
    mutating func forget() {
        text = []
        isUsed = true
    }

    private static let slash = UInt8(ascii: "/")

    /// Sets the origin.
    ///
    /// - Returns: the handle for libcurl, valid as long as this value; nil if the origin cannot be used. Then `isUsed`
    ///   stays as it is, because libcurl may still use the previous origin.
    mutating func set(_ origin: RawSpan) -> UnsafeRawPointer? {
        text = origin.array
        guard let parsed = unsafe parsed else { return nil }
        let code = unsafe (text + [0]).withUnsafeBytes { bytes in
            unsafe curl_url_set(
                parsed, CURLUPART_URL, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), 0)
        }
        guard code == CURLUE_OK else { return nil }
        isUsed = true
        return unsafe UnsafeRawPointer(parsed)
    }
}
