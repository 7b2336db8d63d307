package import ByteIO
package import S3Core

/// Lists the keys of a location on standard output.
package final class ListKeys: RunFilter {
    private let client: S3Client
    private let location: Location
    private let options: ListOptions
    private let run: Run
    private var list: PacedList
    private var lines: ListedKeys
    private var hasEnded = false

    /// - Parameters:
    ///   - client: the client for the location's bucket.
    ///   - run: waits in `client`.
    package init(_ location: Location, client: S3Client, options: ListOptions, run: Run) {
        self.client = client
        self.location = location
        self.options = options
        self.run = run
        list = PacedList(options.list(of: location))
        lines = ListedKeys(location, options)
    }

    /// Writes the available keys and requests more.
    package func step(_ input: inout LineReader) throws(StopReason) -> RunStep {
        if hasEnded { return .done }
        if run.isStopped || run.signal != nil { return end() }
        do throws(S3Error) {
            while run.output.hasRoom, let objects = try list.next() { try write(objects) }
        } catch { throw .service(error, context: location.description) }
        if list.isAtEnd {
            if options.style == .summary { run.output.append(lines.summary.bytes) }
            if !list.hasKeys, options.listsAll, let advice = location.adviceIfEmpty(fetches: false) {
                run.report(advice)
            }
            return end()
        }
        for request in list.requests(free: client.freeConnections) {
            client.perform(request.operation) { [unowned self] in
                self.list.received(request.number, $0)
            }
        }
        return .wait()
    }

    private func end() -> RunStep {
        hasEnded = true
        client.cancelAll()
        return .done
    }

    private func write(_ objects: [ListObjectsV2.Object]) throws(S3Error) {
        var text: [UInt8] = []
        defer {
            run.output.append(text.bytes)
            run.counts = RunCounts(objects: lines.count, bytes: run.output.acceptedBytes)
        }
        for object in objects {
            guard let problem = try lines.append(object, to: &text) else { continue }
            run.report(problem)
            run.malformed += 1
        }
    }
}

extension ListOptions {
    /// Whether the listing contains all keys of the location.
    fileprivate var listsAll: Bool { startAfter == nil && endBefore == nil && filter.prefix.isEmpty }

    /// The listing that contains all keys that may be selected.
    func list(of location: Location) -> any KeyList {
        let needsDetails = style == .long || filter.needsTimes
        var prefix = filter.prefix
        if let delimiter {
            // A common prefix is selected as a whole, so the listing must start before it ends.
            while let place = prefix.indices.last(where: { prefix[$0...].starts(with: delimiter) }) {
                prefix.removeSubrange(place...)
            }
            return FolderList(
                prefix: location.prefix + prefix, delimiter: delimiter,
                startAfter: startAfter.map { location.prefix + $0 },
                endBefore: endBefore.map { location.prefix + $0 }, readsDetails: needsDetails)
        }
        return ParallelList(
            prefix: location.prefix + prefix, startAfter: startAfter.map { location.prefix + $0 },
            endBefore: endBefore.map { location.prefix + $0 }, readsDetails: needsDetails,
            isParallel: !location.isDirectoryBucket, maximumBytes: memory)
    }
}
