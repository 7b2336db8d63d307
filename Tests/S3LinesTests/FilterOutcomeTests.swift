import ByteIO
import S3Lines
import Testing

/// The outcome of a command, without running one.
struct FilterOutcomeTests {
    @Test(arguments: [
        (ChildProcess.End.exited(status: 0), false, false, nil),
        (.exited(status: 0), true, true, nil),
        (.exited(status: 1), false, false, nil),
        (.exited(status: 1), true, false, "status 1"),
        (.exited(status: 1), false, true, "status 1"),
        (.exited(status: 2), false, false, "status 2"),
        (.exited(status: 126), false, true, "cannot be run"),
        (.exited(status: 127), false, true, "not found"),
        (.killed(signal: SIGKILL), true, false, "signal 9"),
    ])
    func ofASearch(end: ChildProcess.End, hasWritten: Bool, hasComplained: Bool, expected: String?) {
        let outcome = FilterOutcome(end, hasWritten: hasWritten, hasComplained: hasComplained, isSearch: true)
        switch outcome {
        case .success: #expect(expected == nil)
        case .failure(let text): #expect(expected.map { text.contains($0) } == true)
        }
    }

    @Test func onlyASearchMayFindNothing() {
        let outcome = FilterOutcome(
            .exited(status: 1), hasWritten: false, hasComplained: false, isSearch: false)
        #expect(outcome == .failure("the command ended with status 1"))
    }
}
