/// The proxies that the environment sets. libcurl reads them itself; they are read here so that messages can
/// name them.
///
/// Source: libcurl-env(3); CURLOPT_PROXY(3) for addresses.
struct ProxySettings: Sendable {
    /// A variable's name and value.
    private struct Setting: Sendable {
        let variable: String
        let address: String
    }

    private static let variables = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]

    private let settings: [Setting]

    init(_ environment: Environment) {
        settings = Self.variables.compactMap { name in
            environment.value(name).map { Setting(variable: name, address: $0) }
        }
    }

    var isEmpty: Bool { settings.isEmpty }
    var addresses: [String] { settings.map(\.address) }

    /// A proxy for messages: `127.0.0.1:3128 (http_proxy)`.
    private func name(_ setting: Setting) -> String {
        let (host, port) = Self.hostAndPort(setting.address)
        return "\(host):\(port) (\(setting.variable))"
    }

    private func setting(for scheme: Endpoint.Scheme) -> Setting? {
        settings.first { $0.variable.lowercased() == scheme.rawValue + "_proxy" }
            ?? settings.first { $0.variable.lowercased() == "all_proxy" }
    }

    /// Adds the proxy's name to an error that the proxy caused.
    ///
    /// Only the words of libcurl's message show whether the proxy or the service could not be reached.
    func name(in error: inout S3Error, for scheme: Endpoint.Scheme) {
        guard let setting = setting(for: scheme) else { return }
        let (host, port) = Self.hostAndPort(setting.address)
        let isAsked = error.status == 407
        let isUnreached = error.status == 0 && error.kind == .unreachable
        let words = ["\(host) port \(port) ", "proxy", "Proxy", "CONNECT", "SOCKS"]
        guard isAsked || isUnreached && words.contains(where: error.message.contains) else { return }
        error.message = "proxy \(name(setting)): \(error.message)"
    }

    /// The host and port, without scheme, user and path. If there is no port, it is libcurl's default.
    private static func hostAndPort(_ address: String) -> (host: String, port: String) {
        var text = [UInt8](address.utf8)[...]
        var port = "1080"
        if let scheme = RedactionReading.first([UInt8]("://".utf8), in: text) {
            if text[..<scheme].elementsEqual("https".utf8) { port = "443" }
            text = text[(scheme + 3)...]
        }
        if let at = text.lastIndex(of: UInt8(ascii: "@")) { text = text[(at + 1)...] }
        text = text.prefix { $0 != UInt8(ascii: "/") }
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), colon + 1 < text.endIndex,
            text[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
        {
            port = String(decoding: text[(colon + 1)...], as: UTF8.self)
            text = text[..<colon]
        }
        return (String(decoding: text, as: UTF8.self), port)
    }
}
