package import ByteIO
package import S3Core

/// A run of s3-list-keys: pages in, keys on standard output.
package final class ListKeys {
    private let client: S3Client
    private let location: Location
    private let options: ListOptions
    private var messages: RunMessages
    private let signals: SignalPipe
    private let output: LineOutput
    private var list: any KeyList
    private var lines: ListedKeys
    private var signal: CInt?

    /// What waits for the reader of standard output at most, in bytes.
    private static let outputLimit = 1 << 20

    /// - Parameter client: one for the location's bucket.
    package init(
        _ location: Location, client: S3Client, options: ListOptions, display: RunProgress.Display,
        diagnostics: Diagnostics
    ) throws(SystemError) {
        self.client = client
        self.location = location
        self.options = options
        messages = RunMessages(diagnostics, display)
        signals = try SignalPipe()
        output = try LineOutput(limit: Self.outputLimit, wakeUp: client.wakeUp)
        list = options.list(of: location)
        lines = ListedKeys(location, options)
    }

    /// Does all of it.
    package func run() -> RunEnd {
        let end: RunEnd
        do throws(StopReason) {
            while try !step() { wait() }
            end = try finish()
        } catch {
            client.cancelAll()
            // What was written before is whole lines, and belongs to the reader.
            try? output.finish()
            end = .stopped(error)
        }
        messages.end(counts)
        return end
    }

    /// What was done, in words.
    package var summary: String { messages.summary(counts) }

    private var counts: RunCounts { RunCounts(objects: lines.count, bytes: output.acceptedBytes) }

    /// Writes what is known, and asks for more.
    ///
    /// - Returns: true once nothing is left to do, or nothing more may be done.
    private func step() throws(StopReason) -> Bool {
        if output.error != nil || signal != nil { return true }
        do throws(S3Error) {
            while output.hasRoom, let objects = try list.next() { try write(objects) }
        } catch { throw .service(error, context: location.description) }
        if list.isAtEnd {
            if options.style == .summary { output.append(lines.summary.bytes) }
            return true
        }
        for request in list.requests(free: client.freeConnections) {
            client.perform(request.operation) { [unowned self] in self.list.received(request.number, $0) }
        }
        return false
    }

    private func write(_ objects: [ListObjectsV2.Object]) throws(S3Error) {
        var text: [UInt8] = []
        defer { output.append(text.bytes) }
        for object in objects { try lines.append(object, to: &text) }
    }

    private func wait() {
        let isWaiting = output.hasGathered && client.pending > 0
        if output.hasGathered { output.flush() }
        let timeout = messages.show(counts)
        let readable = client.turn(waitingFor: [signals.descriptor], milliseconds: isWaiting ? 0 : timeout)
        if readable[0] { signal = signals.pending() ?? signal }
    }

    private func finish() throws(StopReason) -> RunEnd {
        client.cancelAll()
        do { try output.finish() } catch {
            if error.code == EPIPE { return .outputClosed }
            throw .system(error)
        }
        return signal.map { .signal($0) } ?? .complete
    }
}

extension ListOptions {
    /// The list that has the keys which may be taken.
    func list(of location: Location) -> any KeyList {
        let needsDetails = style == .long || filter.needsTimes
        var prefix = filter.prefix
        if let delimiter {
            // A common prefix is compared as a whole, so the list has to begin before its end.
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
            isParallel: !location.bucket.hasSuffix("--x-s3"), maximumBytes: memory)
    }
}
