import S3Core
import S3Lines
import Testing

/// The decision about a failed object.
@Suite struct GetFailureTests {
    @Test(arguments: [S3Error(.damaged, "checksum"), S3Error(.preconditionFailed, "")])
    func aTransientFailureIsFetchedAgain(error: S3Error) {
        var failure = GetFailure(error)
        failure.restarts = GetFailure.maximumRestarts - 1
        #expect(failure.decision == .again)
        failure.restarts += 1
        #expect(isReported(failure))
        failure.restarts = 0
        failure.writtenBytes = 1
        #expect(isReported(failure), "no byte is written twice")
    }

    @Test func damageReportedByTheServiceIsNotFetchedAgain() {
        var error = S3Error(.damaged, "")
        error.code = "BadDigest"
        #expect(isReported(GetFailure(error)))
    }

    @Test func anObjectThatBecameShorterIsFetchedAgain() {
        var failure = GetFailure(S3Error(.rangeNotSatisfiable, ""))
        #expect(isReported(failure))
        failure.wasAnswered = true
        #expect(failure.decision == .again)
    }

    @Test func aKeyIsMissingUnlessItWasSeenBefore() {
        var failure = GetFailure(S3Error(.noSuchKey, "no such key"))
        #expect(failure.decision == .report(failure.error))
        failure.wasAnswered = true
        guard case .report(let error) = failure.decision else {
            Issue.record("\(failure.decision)")
            return
        }
        #expect(error.kind == .refused && error.message == "the object was deleted while it was read")
    }

    @Test func aReplacedObjectIsReported() {
        var failure = GetFailure(S3Error(.preconditionFailed, ""))
        failure.writtenBytes = 1
        guard case .report(let error) = failure.decision else {
            Issue.record("\(failure.decision)")
            return
        }
        #expect(error.message == "the object was replaced while it was read")
    }

    @Test func aFailureWithinALineStopsTheRun() {
        var failure = GetFailure(S3Error(.noSuchKey, ""))
        failure.isWithinLine = true
        #expect(!isReported(failure))
    }

    @Test func aServerThatNeverRespondsAsS3StopsTheRun() {
        var error = S3Error(.notS3, "a page")
        error.status = 302
        var failure = GetFailure(error)
        #expect(failure.decision == .stop(error))
        failure.knowsService = true
        #expect(failure.decision == .report(error))
        error.status = 200
        #expect(GetFailure(error).decision == .report(error))
    }

    @Test func anEssentialFailureStopsTheRun() {
        let error = S3Error(.credentialsRefused, "")
        #expect(GetFailure(error).decision == .stop(error))
    }

    private func isReported(_ failure: GetFailure) -> Bool {
        if case .report = failure.decision { true } else { false }
    }
}
