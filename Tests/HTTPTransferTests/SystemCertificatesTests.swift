import ByteIO
import Testing

@testable import HTTPTransfer

/// Whether the file of the system's certificates has all of them.
struct SystemCertificatesTests {
    private static let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    private static let trusted = "# a name\r\n-----BEGIN TRUSTED CERTIFICATE-----\r\nMIIB\r\n"

    @Test(arguments: [
        (certificate + trusted, ["0123abcd.0", "0123abcd.1", "some.pem", "ca-certificates.crt"], true),
        (certificate + certificate, ["0123abcd.0"], true),
        (certificate, ["0123abcd.0", "fedcba98.0"], false),
        // None of these is a certificate's: OpenSSL does not find them, or they revoke certificates.
        (
            certificate, ["0123abcd.0", "0123abcd.r0", "0123abcd.x", "0123ABCD.0", "123abcd.0", "0123abcd."],
            true
        ),
        (certificate, [], true),
        ("", [], false),
        ("-----BEGIN PRIVATE KEY-----\n", [], false),
    ])
    func theFileIsEnough(file: String, names: [String], isEnough: Bool) throws {
        let directory = try TemporaryDirectory()
        try directory.write("ca-certificates.crt", file)
        for name in names where name != "ca-certificates.crt" { try directory.write(name, "") }
        let path = directory.path + "/ca-certificates.crt"
        #expect(SystemCertificates.isEnough(file: path, directory: directory.path) == isEnough)
    }

    @Test func withoutAFileTheDirectoryIsNeeded() throws {
        let directory = try TemporaryDirectory()
        #expect(!SystemCertificates.isEnough(file: directory.path + "/none", directory: directory.path))
    }

    @Test func withoutADirectoryTheFileIsEnough() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", Self.certificate)
        let path = directory.path
        #expect(SystemCertificates.isEnough(file: path + "/file", directory: path + "/none"))
    }
}

/// A directory that is removed with its owner.
private final class TemporaryDirectory {
    let path: String
    private var names: Set<String> = []

    init() throws {
        var template = Array("/tmp/certificates.XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError("mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) throws {
        names.insert(name)
        let file = try OpenFile.emptied(path + "/" + name)
        try writeAll(text, to: file.descriptor, name: name)
    }

    deinit {
        for name in names { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }
}
