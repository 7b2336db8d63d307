import S3Core

/// Requests for objects and ranges, and their responses.
extension GetLines: FetchDecisions {
    /// Starts a request.
    func begin(_ next: FetchWindow.Fetch) {
        guard let object = objects[next.object] else { return }
        let isLast = next.range == nil || next.range?.upperBound == object.head?.objectSize
        let fetch = ObjectFetch(
            object, decisions: self, range: next.range, isLast: isLast, streamLimit: options.chunkSize)
        object.fetches.append(fetch)
        let request = GetRequest(
            key: object.request.objectKey, range: next.range,
            ifMatch: next.range == nil ? nil : object.head?.etag,
            asksForChecksum: options.verifiesChecksums && next.range == nil,
            known: next.range == nil ? object.request.known : object.known)
        fetch.call = store.fetch(request, fetch)
    }

    func answered(_ fetch: ObjectFetch, _ head: ObjectHead) -> FetchWindow.Verdict {
        let object = fetch.object
        if fetch.isRange {
            // A server that ignores If-Match may send another version.
            guard head.etag == object.head?.etag, head.objectSize == object.head?.objectSize else {
                fetch.error = S3Error(.preconditionFailed, "")
                return .refuse
            }
            return .chunk(fetch.wanted ?? 0)
        }
        object.head = head
        measured.measure(object, size: head.objectSize)
        object.wasAnswered = true
        knowsService = true
        object.lines.begin(
            size: head.objectSize, checksum: options.verifiesChecksums ? head.checksum : nil)
        return window.answered(object.number, size: head.objectSize, isPinned: head.strongETag != nil)
    }

    func outgrew(_ fetch: ObjectFetch) -> Bool {
        arrived(fetch)
        return window.outgrew(fetch.object.number)
    }

    func arrived(_ fetch: ObjectFetch) {
        noteChanged(fetch.object)
        noteUnfiltered(fetch.object)
    }

    func ended(_ fetch: ObjectFetch, _ error: S3Error?) {
        guard !fetch.isDropped else { return }
        if let error {
            if error.kind == .cancelled && fetch.error == nil {
                // The window refused it for lack of room and will request it again.
                fetch.object.fetches.removeAll()
                empty(fetch.object)
                return
            }
            if !error.code.isEmpty || !error.requestID.isEmpty { knowsService = true }
            fetch.error = fetch.error ?? error
        } else if fetch.isBounded {
            let object = fetch.object
            window.knows(object.number, left: fetch.receivedBytes - object.lines.consumedBytes)
        }
        fetch.hasEnded = true
        arrived(fetch)
        noteWhole(fetch)
    }
}
