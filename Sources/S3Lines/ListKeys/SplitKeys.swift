package import ByteIO
package import S3Core

/// Finds keys that divide a listing into ranges of similar size (`s3-list-keys --split`), by reading sample
/// pages of the listing.
package final class SplitKeys: RunFilter {
    private let client: S3Client
    private let location: Location
    private let run: Run
    private var split: KeySplit
    private var pace = ListPace()
    /// The keys to print, once they are known.
    private var boundaries: [[UInt8]]?
    private var nextBoundary = 0
    private var hasEnded = false

    /// - Parameters:
    ///   - client: the client for the location's bucket.
    ///   - run: waits in `client`.
    ///   - startAfter: relative to the location; only keys after it are divided.
    ///   - endBefore: relative to the location; only keys before it are divided.
    ///   - ranges: the number of ranges.
    package init(
        _ location: Location, client: S3Client, run: Run, startAfter: [UInt8]?, endBefore: [UInt8]?,
        ranges: Int
    ) {
        self.client = client
        self.location = location
        self.run = run
        split = KeySplit(
            prefix: location.prefix, startAfter: startAfter.map { location.prefix + $0 },
            endBefore: endBefore.map { location.prefix + $0 }, ranges: ranges,
            isParallel: !location.isDirectoryBucket)
    }

    package func step(_ input: inout LineReader) throws(StopReason) -> RunStep {
        if hasEnded { return .done }
        if run.isStopped || run.signal != nil { return end() }
        guard split.isAtEnd else {
            for request in split.requests(free: min(client.freeConnections, pace.room)) {
                pace.requested(request.number)
                client.perform(request.operation) { [unowned self] in
                    self.pace.received(request.number, $0)
                    self.split.received(request.number, $0)
                }
            }
            return .wait()
        }
        do throws(S3Error) { try write() } catch { throw .service(error, context: location.description) }
        return nextBoundary == boundaries?.count ? end() : .wait()
    }

    private func write() throws(S3Error) {
        if boundaries == nil { boundaries = try split.boundaries() }
        guard let boundaries else { return }
        while nextBoundary < boundaries.count, run.output.hasRoom {
            let key = try location.relativeKey(listed: boundaries[nextBoundary])
            var line: [UInt8] = []
            KeyEscaping.escape(key.bytes, into: &line)
            line.append(UInt8(ascii: "\n"))
            run.output.append(line.bytes)
            nextBoundary += 1
        }
    }

    private func end() -> RunStep {
        hasEnded = true
        client.cancelAll()
        return .done
    }
}
