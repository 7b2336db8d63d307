import ByteIO
import CCurl

/// The certificates that libcurl trusts by default: those of a file and of a directory, which its build defines.
///
/// libcurl reads a file once for all connections, but only if it need not look into a directory as well. Otherwise it
/// reads the file for each connection, and each keeps its own copy: with the usual 140 certificates, 20 ms of CPU and
/// 0.8 MiB. Source: CURLOPT_CA_CACHE_TIMEOUT(3); ossl_setup_x509_store in lib/vtls/openssl.c of libcurl.
final class SystemCertificates {
    private var isFileEnough: Bool?

    /// Whether the directory can be left out: it has no certificate that the file lacks.
    ///
    /// - Parameter handle: an easy handle, which knows where both are.
    func areAllInFile(_ handle: UnsafeMutableRawPointer) -> Bool {
        if let isFileEnough { return isFileEnough }
        let result: Bool
        if let file = unsafe Self.place(CURLINFO_CAINFO, handle),
            let directory = unsafe Self.place(CURLINFO_CAPATH, handle)
        {
            result = Self.isEnough(file: file, directory: directory)
        } else {
            result = false
        }
        isFileEnough = result
        return result
    }

    /// Whether each certificate that OpenSSL finds in `directory` is in `file`, too. False if either cannot be read.
    static func isEnough(file: String, directory: String) -> Bool {
        guard let file = contents(file), let names = hashedNames(directory) else { return false }
        let known = Set(certificates(in: file))
        return !known.isEmpty
            && names.allSatisfy { name in
                guard let text = contents(directory + "/" + name) else { return false }
                return certificates(in: text).allSatisfy(known.contains)
            }
    }

    private static func contents(_ path: String) -> [UInt8]? {
        guard let file = try? OpenFile.reading(path).contents(limit: largestFile) else {
            return nil
        }
        return [UInt8](file)
    }

    /// The certificates of a text in PEM, in base64 without line breaks.
    private static func certificates(in text: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var body: [UInt8]?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let line = [UInt8](line.prefix { $0 != UInt8(ascii: "\r") })
            if starts.contains(line) {
                body = []
            } else if line.starts(with: [UInt8]("-----END ".utf8)) {
                if let body { found.append(body) }
                body = nil
            } else {
                body?.append(contentsOf: line)
            }
        }
        return found
    }

    private static let largestFile = 16 << 20
    /// Source: OpenSSL's include/openssl/pem.h.
    private static let starts: Set<[UInt8]> = [
        [UInt8]("-----BEGIN CERTIFICATE-----".utf8), [UInt8]("-----BEGIN TRUSTED CERTIFICATE-----".utf8),
        [UInt8]("-----BEGIN X509 CERTIFICATE-----".utf8),
    ]

    /// The names in the directory by which OpenSSL finds a certificate: eight hexadecimal digits, a dot and a
    /// number. None if there is no directory, nil if it cannot be read. Source: openssl-rehash(1).
    private static func hashedNames(_ path: String) -> [String]? {
        guard let directory = unsafe opendir(path) else { return errno == ENOENT ? [] : nil }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if isHashed(name) { names.append(String(decoding: name, as: UTF8.self)) }
        }
        return names
    }

    private static func isHashed(_ name: [UInt8]) -> Bool {
        guard name.count > 9, name[8] == UInt8(ascii: ".") else { return false }
        return name[..<8].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            && name[9...].allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func place(_ info: CURLINFO, _ handle: UnsafeMutableRawPointer) -> String? {
        var text: UnsafeMutableRawPointer?
        guard unsafe s3_curl_get_pointer(handle, info, &text) == CURLE_OK, let text = unsafe text else {
            return nil
        }
        return unsafe String(cString: text.assumingMemoryBound(to: CChar.self))
    }
}
