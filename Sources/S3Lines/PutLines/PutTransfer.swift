import ByteIO

/// The multipart transfer of one object.
final class PutTransfer {
    struct Part {
        let body: ByteBlock
        /// Nil while the part waits for the upload's id.
        var cancel: PutCancel?
    }

    var upload = PutUpload()
    /// Parts in flight or waiting to be sent, by number.
    var parts: [Int: Part] = [:]
    /// Cancels the request that creates the upload.
    var cancelCreation: PutCancel?
    /// Stored parts that are kept to be sent again; nil if parts are not kept or one was dropped.
    var kept: [Int: ByteBlock]?
    /// How many times the object was sent before.
    let replays: Int

    init(keepsParts: Bool, replays: Int = 0) {
        kept = keepsParts ? [:] : nil
        self.replays = replays
    }

    /// Adds a full part.
    func add(_ body: ByteBlock) -> (number: Int, actions: [PutUpload.Action]) {
        let (number, actions) = upload.addPart()
        parts[number] = Part(body: body)
        return (number, actions)
    }

    /// Cancels all requests in flight; each completion is called in the next turn.
    func cancelRequests() {
        cancelCreation?()
        for part in parts.values { part.cancel?() }
    }
}
