package import ByteIO

/// How a run ended.
package enum KeyedLinesResult: Equatable, Sendable {
    /// All lines were read; this many got no key and were rejected.
    case finished(rejected: Int)
    /// This signal arrived; everything complete was written.
    case interrupted(CInt)
}

/// Why a run ended before its input did.
package enum KeyedLinesError: Error, Equatable, Sendable {
    /// A read or a write failed.
    case system(SystemError)
    /// A line got no key, and there is no reject file. The text says which line and why.
    case line(String)
}

/// s3-keygen's data path: lines in, keyed records out.
package struct KeyedLines: ~Copyable {
    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")

    private var renderer: KeyRenderer
    private var batches: BatchTable
    private let isBatching: Bool
    private var rejects: RejectFile?
    private var output: BlockWriter
    private let signals: SignalPipe
    private let clock: Clock
    private let diagnostics: Diagnostics

    /// The number of the last line within the whole input, of which stdin may hold only the rest.
    private var lineNumber: UInt64
    /// The line's offset from the start of the input, in bytes.
    private var lineStart = 0
    /// The clocks when the line was read.
    private var readAt: UInt64 = 0
    private var now = 0
    private var rejected = CountedReports()

    /// - Parameters:
    ///   - firstLine: the number of the input's first line, at least 1.
    ///   - batches: nil if each line gets a key of its own.
    ///   - rejects: receives the lines that get no key; without it, the first of them ends the run.
    package init(
        _ renderer: consuming KeyRenderer, firstLine: UInt64 = 1, batches: BatchTable?,
        rejects: consuming RejectFile?,
        output: consuming BlockWriter, signals: consuming SignalPipe, diagnostics: Diagnostics,
        clock: Clock = .system
    ) {
        self.renderer = renderer
        lineNumber = firstLine - 1
        isBatching = batches != nil
        self.batches = batches ?? BatchTable(BatchLimits(lines: 1), maximumOpen: 1)
        self.rejects = rejects
        self.signals = signals
        self.diagnostics = diagnostics
        self.clock = clock
        widenPipe(output.descriptor)
        self.output = output
    }

    /// Writes a keyed record for each line of `input`.
    ///
    /// When this returns or throws, everything complete was written, if writing is possible at all.
    package mutating func run(_ input: inout LineReader) throws(KeyedLinesError) -> KeyedLinesResult {
        widenPipe(input.descriptor)
        // Also after a signal or an error: the messages must not look as if they were all.
        defer { rejected.reportRest(diagnostics, "lines got no key") }
        do throws(KeyedLinesError) {
            if let signal = try keyAll(&input) {
                try closeAll()
                try flush()
                return .interrupted(signal)
            }
        } catch {
            try flush()
            throw error
        }
        try flush()
        // A signal that arrived while the output was waiting for its reader. All batches ended with the
        // input.
        if let signal = signals.pending() { return .interrupted(signal) }
        return .finished(rejected: rejected.count)
    }

    /// - Returns: the signal that ended it, if one did.
    private mutating func keyAll(_ input: inout LineReader) throws(KeyedLinesError) -> CInt? {
        while !input.isAtEnd {
            switch try wait(for: input.descriptor) {
            case .signal(let signal): return signal
            case .timedOut: try closeExpired()
            case .readable:
                do { try input.fill() } catch { throw .system(error) }
                readAt = clock.realtime()
                try closeExpired()
                while let line = input.nextLine() {
                    lineNumber += 1
                    if isBatching {
                        try keyInBatch(line)
                    } else {
                        try keyAlone(line)
                    }
                    lineStart += line.byteCount + 1
                }
            }
        }
        return nil
    }

    /// Waits for input, at most until the next batch's time is over. Before that, it closes the batches that no line
    /// can join, and writes the output.
    private mutating func wait(for descriptor: CInt) throws(KeyedLinesError) -> InputEvent {
        do {
            let event = try waitForInput(descriptor, signals: signals, milliseconds: 0)
            guard event == .timedOut else { return event }
            while isBatching, let key = batches.endFull() {
                try output.append(key.bytes, endedBy: Self.newline)
            }
            try output.flush()
            try rejects?.flush()
            let wait = batches.deadline.map { max(0, $0 - clock.monotonic()) }
            return try waitForInput(descriptor, signals: signals, milliseconds: wait)
        } catch {
            throw .system(error)
        }
    }

    // MARK: - Lines

    /// Writes the record of a line with a key of its own.
    private mutating func keyAlone(_ line: RawSpan) throws(KeyedLinesError) {
        do {
            try renderer.read(line)
            try renderer.makeKey(line, number: lineNumber, readAt: readAt)
        } catch {
            return try setAside(line, error)
        }
        do {
            try renderer.writeKeyField(to: &output)
            try output.append(line, endedBy: Self.newline)
        } catch {
            throw .system(error)
        }
    }

    /// Writes the record of a line with its batch's key, preceded by the close record of a batch that was
    /// removed to make room.
    private mutating func keyInBatch(_ line: RawSpan) throws(KeyedLinesError) {
        let place: (slot: BatchTable.Slot, closing: [UInt8]?)
        do {
            place = try findBatch(line)
        } catch {
            return try setAside(line, error)
        }
        do {
            if let closing = place.closing { try output.append(closing.bytes, endedBy: Self.newline) }
            let keyField = batches.keyField(place.slot)
            try output.append(keyField.bytes, endedBy: Self.tab)
            try output.append(line, endedBy: Self.newline)
        } catch {
            throw .system(error)
        }
    }

    private mutating func findBatch(
        _ line: RawSpan
    ) throws(LineFault) -> (slot: BatchTable.Slot, closing: [UInt8]?) {
        try renderer.read(line)
        try renderer.makePartition(line)
        let size = line.byteCount + 1
        if let slot = batches.join(renderer.partition, size: size) { return (slot, nil) }
        try renderer.makeKey(line, number: lineNumber, readAt: readAt)
        return batches.begin(renderer.partition, keyField: renderer.keyField, size: size, at: now)
    }

    /// Writes a line that gets no key to the reject file, or ends the run.
    private mutating func setAside(_ line: RawSpan, _ fault: LineFault) throws(KeyedLinesError) {
        let message = message(fault, line)
        guard rejects != nil else { throw .line(message) }
        if rejected.add() { diagnostics.report(message) }
        do {
            try rejects?.append(line)
            try rejects?.append(Self.newline)
        } catch {
            throw .system(error)
        }
    }

    private func message(_ fault: LineFault, _ line: RawSpan) -> String {
        guard let offset = fault.offset else { return "line \(lineNumber): \(fault)" }
        let found =
            offset < line.byteCount ? "'" + Diagnostics.printable([line[offset]]) + "'" : "the line's end"
        return
            "line \(lineNumber), column \(offset + 1) (byte \(lineStart + offset)): \(fault), found \(found)"
    }

    // MARK: - Close records

    private mutating func closeExpired() throws(KeyedLinesError) {
        guard isBatching else { return }
        now = clock.monotonic()
        while let key = batches.expire(at: now) { try writeCloseRecord(key) }
    }

    private mutating func closeAll() throws(KeyedLinesError) {
        while let key = batches.end() { try writeCloseRecord(key) }
    }

    private mutating func writeCloseRecord(_ key: [UInt8]) throws(KeyedLinesError) {
        do {
            try output.append(key.bytes, endedBy: Self.newline)
        } catch {
            throw .system(error)
        }
    }

    private mutating func flush() throws(KeyedLinesError) {
        do {
            try output.flush()
            try rejects?.flush()
        } catch {
            throw .system(error)
        }
    }
}
