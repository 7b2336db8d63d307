import ByteIO
import Codec
import S3Core

/// What becomes of an object that failed or has to be fetched again.
extension GetLines {
    /// Decides what to do about a failed object, and reports it.
    ///
    /// - Returns: false if it is fetched again.
    /// - Throws: if the run cannot continue.
    func failed(_ object: WindowObject, _ failure: S3Error) throws(StopReason) -> Bool {
        var known = GetFailure(failure)
        known.wasAnswered = object.wasAnswered
        known.writtenBytes = object.writtenBytes
        known.restarts = object.restarts
        known.isWithinLine = openLine != nil
        known.listsKeys = listsKeys
        known.knowsService = knowsService
        let context = Diagnostics.printable(object.request.key)
        switch known.decision {
        case .again:
            object.restarts += 1
            restart(object)
            return false
        case .stop(let error): throw .service(error, context: context)
        case .report(let error):
            let written = object.writtenBytes == 0 ? "" : "; \(object.writtenBytes) bytes of it were written"
            let isMissing = error.kind == .noSuchKey
            let advice = isMissing ? location.advice(ifMissing: object.request.key) : ""
            run.report("\(context): \(error)\(written)\(advice)")
            if isMissing { run.missing += 1 } else { run.failed += 1 }
        }
        return true
    }

    /// Drops an object of which nothing was written, so that it is requested again.
    func restart(_ object: WindowObject) {
        for fetch in object.fetches { fetch.drop() }
        object.fetches.removeAll()
        empty(object)
        object.head = nil
        window.restart(object.number)
    }

    /// Drops the received and unwritten bytes of an object.
    func empty(_ object: WindowObject) {
        object.drops += 1
        // The next response may be of another version, and longer.
        unprepared.removeAll { $0 == object.number }
        endFiltering(object)
        object.hasBegunFiltering = false
        object.problem = nil
        measured.took(-object.accountedBytes)
        object.accountedBytes = 0
        object.lines = makeLines()
        object.pending.removeAll()
        objects.recount(object)
    }
}

extension ObjectLines.Problem {
    /// The problem as the failure of a request.
    var failure: S3Error {
        switch self {
        case .checksum(let text): S3Error(.damaged, text)
        case .compression(let error): S3Error(.damaged, error.description)
        }
    }
}
