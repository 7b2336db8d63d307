import S3Core
import S3Lines
import Testing

@Suite struct PutUploadTests {
    private let id = [UInt8]("id".utf8)
    private let error = S3Error(.serverFailed, "no")

    @Test func partsWaitForTheUploadsID() {
        var upload = PutUpload()
        #expect(upload.addPart() == (1, [.create]))
        #expect(upload.addPart() == (2, []))
        #expect(upload.created(.success(id)) == [.upload(part: 1, id: id), .upload(part: 2, id: id)])
        #expect(upload.addPart() == (3, [.upload(part: 3, id: id)]))
    }

    @Test func itIsCompletedWhenAllPartsAreStored() {
        var upload = PutUpload()
        _ = upload.addPart()
        _ = upload.addPart()
        #expect(upload.finish() == [])
        _ = upload.created(.success(id))
        #expect(upload.ended(part: 2, .success(part(2))) == [])
        #expect(upload.ended(part: 1, .success(part(1))) == [.complete(id: id, parts: [part(1), part(2)])])
        #expect(upload.completed(.success([7])) == [.stored(etag: [7])])
        #expect(upload.isOver)
    }

    @Test func theEndAfterAllPartsCompletesIt() {
        var upload = begun()
        #expect(upload.ended(part: 1, .success(part(1))) == [])
        #expect(upload.finish() == [.complete(id: id, parts: [part(1)])])
    }

    @Test func aFailedPartAbortsItAfterTheOthersHaveEnded() {
        var upload = begun()
        _ = upload.addPart()
        #expect(upload.ended(part: 1, .failure(error)) == [.failed(error), .cancelRequests])
        #expect(upload.ended(part: 2, .failure(S3Error(.cancelled, ""))) == [.abort(id: id)])
        // A part cancelled in flight may arrive after the abort.
        #expect(upload.aborted(nil) == [.abort(id: id)])
        #expect(upload.aborted(nil) == [])
        #expect(upload.isOver)
    }

    @Test func oneAbortIsEnoughIfNothingWasInFlight() {
        var upload = begun()
        #expect(upload.ended(part: 1, .failure(error)) == [.failed(error), .abort(id: id)])
        #expect(upload.aborted(nil) == [])
        #expect(upload.isOver)
    }

    @Test func aFailedAbortIsReported() {
        var upload = begun()
        _ = upload.ended(part: 1, .failure(error))
        #expect(upload.aborted(error) == [.orphaned(id: id, error)])
        #expect(upload.isOver)
    }

    @Test func anUploadThatNeverStartedLeavesNothing() {
        var upload = PutUpload()
        _ = upload.addPart()
        #expect(upload.created(.failure(error)) == [.failed(error)])
        #expect(upload.isOver)
        #expect(upload.giveUp(error) == [])
    }

    @Test func anUploadWhoseIDArrivesLateIsAborted() {
        var upload = PutUpload()
        _ = upload.addPart()
        #expect(upload.giveUp(error) == [.failed(error), .cancelRequests])
        #expect(upload.created(.success(id)) == [.abort(id: id)])
    }

    @Test func anUnknownIDIsReportedIfTheUploadMayExist() {
        var error = error
        var upload = PutUpload()
        _ = upload.addPart()
        _ = upload.giveUp(error)
        #expect(upload.created(.failure(error)) == [])

        error.mayHaveBeenApplied = true
        upload = PutUpload()
        _ = upload.addPart()
        _ = upload.giveUp(error)
        #expect(upload.created(.failure(error)) == [.orphaned(id: nil, error)])
        #expect(upload.isOver)
    }

    @Test func aFailedCompleteAborts() {
        var upload = begun()
        _ = upload.ended(part: 1, .success(part(1)))
        _ = upload.finish()
        #expect(upload.giveUp(error) == [], "what is being completed is not given up")
        #expect(upload.completed(.failure(error)) == [.failed(error), .abort(id: id)])
    }

    @Test func anUploadThatMayStillCompleteIsNotAborted() {
        var unknown = S3Error(.timedOut, "")
        unknown.mayBeUnderWay = true
        var upload = completing()
        #expect(
            upload.completed(.failure(unknown), canStartAgain: true)
                == [.failed(unknown), .orphaned(id: id, unknown)])
        #expect(upload.isOver && upload.giveUp(error) == [])
    }

    @Test(arguments: [S3Error.Kind.conflict, .noSuchUpload])
    func anUploadDroppedByTheServiceStartsAgain(kind: S3Error.Kind) {
        let dropped = S3Error(kind, "")
        var upload = completing()
        #expect(upload.completed(.failure(dropped), canStartAgain: true) == [.abort(id: id)])
        #expect(upload.giveUp(error) == [], "it is on its way to a new one")
        #expect(upload.aborted(nil) == [.startAgain])
        #expect(upload.addPart() == (1, [.create]))

        var orphan = completing()
        _ = orphan.completed(.failure(dropped), canStartAgain: true)
        #expect(orphan.aborted(error) == [.orphaned(id: id, error), .startAgain])

        var lost = completing()
        #expect(lost.completed(.failure(dropped)) == [.failed(dropped), .abort(id: id)])
    }

    @Test func anUploadThatMayBeCompletedDoesNotStartAgain() {
        var unknown = S3Error(.noSuchUpload, "")
        unknown.mayHaveBeenApplied = true
        for failure in [unknown, error, S3Error(.preconditionFailed, "")] {
            var upload = completing()
            #expect(
                upload.completed(.failure(failure), canStartAgain: true) == [
                    .failed(failure), .abort(id: id),
                ])
        }
    }

    @Test func partsAfterTheEndAreNotSent() {
        var upload = begun()
        _ = upload.giveUp(error)
        #expect(upload.addPart() == (2, []))
    }

    private func begun() -> PutUpload {
        var upload = PutUpload()
        _ = upload.addPart()
        _ = upload.created(.success(id))
        return upload
    }

    private func completing() -> PutUpload {
        var upload = begun()
        _ = upload.ended(part: 1, .success(part(1)))
        _ = upload.finish()
        return upload
    }

    private func part(_ number: Int) -> UploadedPart { UploadedPart(number: number, etag: [UInt8(number)]) }
}
