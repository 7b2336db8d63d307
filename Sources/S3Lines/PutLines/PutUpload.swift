package import S3Core

/// One multipart upload, from its first full part to the stored object or the last abort. A plain state
/// machine: events in, actions out.
package struct PutUpload {
    /// What the caller must do.
    package enum Action: Equatable {
        case create
        case upload(part: Int, id: [UInt8])
        /// Cancel the requests of parts that are still in flight.
        case cancelRequests
        case complete(id: [UInt8], parts: [UploadedPart])
        case abort(id: [UInt8])
        /// Report that the object is stored.
        case stored(etag: [UInt8])
        /// Report that the object will not be stored; returned once, as early as possible.
        case failed(S3Error)
        /// Send all parts again in a new upload: this one left nothing.
        case startAgain
        /// Report that the upload could not be aborted and its parts remain. `id` is nil if the upload may
        /// exist but its id is unknown.
        case orphaned(id: [UInt8]?, S3Error)
    }

    private enum Stage: Equatable { case creating, uploading, completing, dropping, aborting, over }

    /// A part that was cancelled in flight may arrive after the abort and would stay: a second abort removes
    /// it. Source: Amazon S3 API Reference, AbortMultipartUpload.
    private static let abortsAfterCancelling = 2

    private var stage = Stage.creating
    private var id: [UInt8] = []
    private var parts: [UploadedPart?] = []
    /// Parts waiting for the upload's id.
    private var unsent: [Int] = []
    private var underWay = 0
    private var isWhole = false
    private var isGivenUp = false
    private var abortsLeft = 1

    package init() {}

    /// Whether nothing is left to do.
    package var isOver: Bool { stage == .over }

    /// Adds a full part. The first one starts the upload.
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

    /// Marks the end of the parts.
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

    /// - Parameter canStartAgain: whether the parts can be sent again if the service dropped them.
    package mutating func completed(
        _ result: Result<[UInt8], S3Error>, canStartAgain: Bool = false
    ) -> [Action] {
        switch result {
        case .success(let etag):
            stage = .over
            return [.stored(etag: etag)]
        case .failure(let error):
            // After a conflict in a first attempt, the retry finds no upload.
            let isDropped = error.kind == .conflict || error.kind == .noSuchUpload
            if canStartAgain, isDropped, !error.mayHaveBeenApplied {
                stage = .dropping
                return [.abort(id: id)]
            }
            if error.mayBeUnderWay {
                // An abort could remove the parts of an object that the service is still assembling.
                stage = .over
                return [.failed(error), .orphaned(id: id, error)]
            }
            stage = .uploading
            return giveUp(error)
        }
    }

    /// Gives up the object because of `error`, unless it is already being completed or dropped.
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
            return (error.map { [.orphaned(id: id, $0)] } ?? []) + [.startAgain]
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
