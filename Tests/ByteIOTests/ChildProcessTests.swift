import ByteIO
import Testing

/// Child processes.
@Suite(.serialized) struct ChildProcessTests {
    private func output(_ command: String, _ settings: CommandSettings) throws -> String {
        var command = try Command(["sh", "-c", command], settings)
        while true {
            var request = DescriptorWait.read(command.descriptor).request
            unsafe poll(&request, 1, 100)
            if let ended = command.ended() { return String(decoding: ended.output, as: UTF8.self) }
        }
    }

    @Test func commandsDoNotInheritOurDescriptors() throws {
        var settings = CommandSettings()
        settings.descriptors = inheritableDescriptors()
        // Opened without close-on-exec, as some libraries do; with a number that neither the shell nor a
        // parallel test uses.
        let opened = unsafe open("/dev/null", O_RDONLY)
        let leaking = fcntl(opened, F_DUPFD, 900)
        close(opened)
        defer { close(leaking) }
        #expect(leaking >= 900)
        let words = try output("for n in /proc/self/fd/*; do echo ${n##*/}; done", settings).split(
            separator: "\n")
        #expect(!words.contains("\(leaking)"))
    }

    @Test func commandsInheritDescriptorsOpenAtStart() throws {
        let found = unsafe open("/dev/null", O_RDONLY)
        defer { close(found) }
        var settings = CommandSettings()
        settings.descriptors = inheritableDescriptors()
        #expect(settings.descriptors?.contains(found) == true)
        #expect(try output("test -e /proc/self/fd/\(found) && echo open", settings) == "open\n")
    }

    @Test func commandsGetTheOriginalLimits() throws {
        let found = try #require(FoundLimits.current(RLIMIT_NOFILE))
        var settings = CommandSettings()
        settings.limits.set(
            RLIMIT_NOFILE, to: rlimit(rlim_cur: found.rlim_cur - 1, rlim_max: found.rlim_max))
        #expect(try output("ulimit -n", settings) == "\(found.rlim_cur)\n")
        #expect(FoundLimits.current(RLIMIT_NOFILE)?.rlim_cur == found.rlim_cur - 1)
    }

    @Test func aMissingProgramIsReported() {
        do {
            _ = try Command(["no-such-program"], CommandSettings())
            Issue.record("it was started")
        } catch { #expect(error.code == ENOENT) }
    }
}
