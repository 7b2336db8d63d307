import ByteIO
import Testing

@Suite struct FileReplacementTests {
    private let directory = "/tmp/s3-lines-replacement-\(getpid())"

    @Test func aFileIsReplacedAtomically() throws {
        _ = unsafe mkdir(directory, 0o700)
        let (path, link) = (directory + "/file", directory + "/link")
        defer {
            for name in [path, link] { _ = unsafe unlink(name) }
            _ = unsafe rmdir(directory)
        }
        let file = FileReplacement(path)
        #expect(try file.contents(limit: 100) == nil)
        for text in ["first and longer\n", "second\n"] {
            try file.replace(by: [UInt8](text.utf8))
            #expect(try file.contents(limit: 100) == [UInt8](text.utf8))
            // A symbolic link stays a link.
            _ = unsafe symlink(path, link)
        }
        _ = unsafe chmod(path, 0o640)
        try FileReplacement(link).replace(by: [1])
        var status = stat()
        #expect(unsafe lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640 && status.st_size == 1)
        #expect(FileReplacement(directory).isSomethingElse && !file.isSomethingElse)
    }

    @Test func aLinkAtThePlaceOfTheNewContentIsKept() {
        let (path, aside) = (directory + "-file", directory + "-file.new")
        _ = unsafe symlink("/nowhere", aside)
        defer { _ = unsafe unlink(aside) }
        #expect(throws: SystemError(aside, code: ELOOP)) { try FileReplacement(path).replace(by: [1]) }
        var status = stat()
        #expect(unsafe lstat(aside, &status) == 0)
    }

    @Test func anErrorNamesTheFile() {
        let file = FileReplacement("/nowhere/at/all")
        #expect(throws: SystemError("/nowhere/at/all", code: ENOENT)) { try file.contents(limit: 1) }
        let error = #expect(throws: SystemError.self) { try file.replace(by: []) }
        #expect(error?.code == ENOENT)
    }
}
