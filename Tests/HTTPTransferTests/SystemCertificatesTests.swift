import ByteIO
import Testing

@testable import HTTPTransfer

/// Whether the file of the system's certificates has all of them.
struct SystemCertificatesTests {
    private static let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n"
    private static let other =
        "# a name\r\n-----BEGIN TRUSTED CERTIFICATE-----\r\nMIIC\r\n-----END TRUSTED CERTIFICATE-----"

    @Test(arguments: [
        (certificate + other, ["0123abcd.0": certificate, "0123abcd.1": other, "some.pem": "x"], true),
        (certificate + certificate, ["0123abcd.0": certificate], true),
        // As many certificates, but not the same.
        (certificate + certificate, ["0123abcd.0": certificate, "fedcba98.0": other], false),
        (certificate, ["0123abcd.0": certificate, "fedcba98.0": certificate + other], false),
        // OpenSSL does not find these, or they revoke certificates.
        (
            certificate,
            [
                "0123abcd.r0": other, "0123abcd.x": other, "0123ABCD.0": other, "123abcd.0": other,
                "0123abcd.": other,
            ],
            true
        ),
        (certificate, ["0123abcd.0": ""], true),
        (certificate, [:], true),
        ("", [:], false),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\nAAAA\n-----END PRIVATE KEY-----\n", [:], false),
    ])
    func theFileIsEnough(file: String, names: [String: String], isEnough: Bool) throws {
        let directory = try TemporaryDirectory()
        try directory.write("ca-certificates.crt", file)
        for (name, text) in names { try directory.write(name, text) }
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
