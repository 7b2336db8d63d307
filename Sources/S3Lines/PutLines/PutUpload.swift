package import S3Core

/// One multipart upload, from the first part that is full to the object, or to the last trace of it gone. A
/// plain state machine: what happened in, what to do out.
package struct PutUpload {
    /// What is to be done.
    package enum Action: Equatable {
        case create
        case upload(part: Int, id: [UInt8])
        /// Parts that were not answered yet are not wanted any more.
        case cancelRequests
        case complete(id: [UInt8], parts: [UploadedPart])
        case abort(id: [UInt8])
        /// The object is there.
        case stored(etag: [UInt8])
        /// The object will not be there; said once, as soon as it is known.
        case failed(S3Error)
        /// It was as if it had never been: all parts are to be added again.
        case beginAnew
        /// The upload could not be aborted: its parts stay where they are. Nil is an id that was not learned,
        /// of an upload that may have been begun.
        case orphaned(id: [UInt8]?, S3Error)
    }

    private enum Stage: Equatable { case creating, uploading, completing, dropping, aborting, over }

    /// After parts were cancelled on their way, one that arrives after the abort would stay: a second abort
    /// takes it. Source: Amazon S3 API Reference, AbortMultipartUpload.
    private static let abortsAfterCancelling = 2

    private var stage = Stage.creating
    private var id: [UInt8] = []
    private var parts: [UploadedPart?] = []
    /// Parts that wait for the upload's id.
    private var unsent: [Int] = []
    private var underWay = 0
    private var isWhole = false
    private var isGivenUp = false
    private var abortsLeft = 1

    package init() {}

    /// Nothing of it is left to be done.
    package var isOver: Bool { stage == .over }

    /// A part is full. The first one begins the upload.
    package mutating func addPart() -> (number: Int, actions: [Action]) {
        parts.append(nil)
        let number = parts.count
        guard !isGivenUp else { return (number, []) }
        switch stage {
        case .creating:
            unsent.append(number)
            return (number, number == 1 ? [.create] : [])
        default:
            underWay += 1
            return (number, [.upload(part: number, id: id)])
        }
    }

    /// There are no more parts.
    package mutating func finish() -> [Action] {
        isWhole = true
        return next()
    }

    package mutating func created(_ result: Result<[UInt8], S3Error>) -> [Action] {
        switch result {
        case .success(let id):
            self.id = id
            stage = .uploading
            if isGivenUp { return next() }
            let actions = unsent.map { Action.upload(part: $0, id: id) }
            underWay += unsent.count
            unsent.removeAll()
            return actions + next()
        case .failure(let error):
            stage = .over
            guard isGivenUp else { return giveUp(error) }
            return error.mayHaveBeenApplied ? [.orphaned(id: nil, error)] : []
        }
    }

    package mutating func ended(part number: Int, _ result: Result<UploadedPart, S3Error>) -> [Action] {
        underWay -= 1
        switch result {
        case .success(let part):
            parts[number - 1] = part
            return next()
        case .failure(let error):
            return isGivenUp ? next() : giveUp(error)
        }
    }

    /// - Parameter canBeginAnew: whether the parts can be sent again, where the service has dropped them.
    package mutating func completed(
        _ result: Result<[UInt8], S3Error>, canBeginAnew: Bool = false
    ) -> [Action] {
        switch result {
        case .success(let etag):
            stage = .over
            return [.stored(etag: etag)]
        case .failure(let error):
            // After the conflict of a first attempt the second one finds no upload.
            let isDropped = error.kind == .conflict || error.kind == .noSuchUpload
            if canBeginAnew, isDropped, !error.mayHaveBeenApplied {
                stage = .dropping
                return [.abort(id: id)]
            }
            if error.mayBeUnderWay {
                // An abort could take away the parts of an object that is just being made of them.
                stage = .over
                return [.failed(error), .orphaned(id: id, error)]
            }
            stage = .uploading
            return giveUp(error)
        }
    }

    /// The object is not wanted any more, for this reason. What is being completed, or dropped, is not given up.
    package mutating func giveUp(_ error: S3Error) -> [Action] {
        guard !isGivenUp, stage != .completing, stage != .dropping, stage != .over || id.isEmpty else {
            return []
        }
        isGivenUp = true
        unsent.removeAll()
        if underWay > 0 { abortsLeft = Self.abortsAfterCancelling }
        let cancels: [Action] = underWay > 0 || stage == .creating ? [.cancelRequests] : []
        return [.failed(error)] + cancels + next()
    }

    package mutating func aborted(_ error: S3Error?) -> [Action] {
        if stage == .dropping {
            defer { self = PutUpload() }
            return (error.map { [.orphaned(id: id, $0)] } ?? []) + [.beginAnew]
        }
        if let error {
            stage = .over
            return [.orphaned(id: id, error)]
        }
        abortsLeft -= 1
        guard abortsLeft == 0 else { return [.abort(id: id)] }
        stage = .over
        return []
    }

    private mutating func next() -> [Action] {
        guard stage == .uploading, underWay == 0 else { return [] }
        if isGivenUp {
            stage = .aborting
            return [.abort(id: id)]
        }
        guard isWhole else { return [] }
        stage = .completing
        return [.complete(id: id, parts: parts.compactMap { $0 })]
    }
}
