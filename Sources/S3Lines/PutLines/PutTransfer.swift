import ByteIO

/// The parts of one object on their way.
final class PutTransfer {
    struct Part {
        let body: ByteBlock
        /// Nil as long as it waits for the upload's id.
        var cancel: PutCancel?
    }

    var upload = PutUpload()
    /// Parts that are on their way, or about to be, by their numbers.
    var parts: [Int: Part] = [:]
    /// Ends the request that begins the upload.
    var cancelCreation: PutCancel?
    /// Parts that are stored, and kept to be sent again; nil where none are, or any is not there any more.
    var kept: [Int: ByteBlock]?
    /// How often its object was sent before.
    let replays: Int

    init(keepsParts: Bool, replays: Int = 0) {
        kept = keepsParts ? [:] : nil
        self.replays = replays
    }

    /// The next part is full.
    func add(_ body: ByteBlock) -> (number: Int, actions: [PutUpload.Action]) {
        let (number, actions) = upload.addPart()
        parts[number] = Part(body: body)
        return (number, actions)
    }

    /// Ends what is on its way; each is told so in the next turn.
    func cancelRequests() {
        cancelCreation?()
        for part in parts.values { part.cancel?() }
    }
}
