package import ByteIO

/// Why a separation stopped before the end of its input.
package enum SeparationError: Error, Equatable, Sendable {
    /// A read, a write or an open failed.
    case system(SystemError)
    /// An input contains invalid JSON.
    case invalid(input: String, InvalidValue)
    /// An input could not be opened or read to its end. This ends the input, not the run.
    case unreadable(SystemError)
}

/// The result of a separation.
package enum SeparationResult: Equatable, Sendable {
    /// All input was processed, or the value of `--until` was found. `skipped` is the number of invalid
    /// values; `unread` is the error of the first input that could not be read. All of these were reported.
    case finished(skipped: Int, unread: SystemError?)
    /// This signal arrived; complete values have been written.
    case interrupted(CInt)
}

/// The data path of json-sep: inputs, one after the other, through a splitter to standard output.
package struct Separation: ~Copyable {
    /// The number of steps between checks for signals while input is available.
    private static let stepsBetweenLooks = 64

    private let options: SplitOptions
    private let skipsInvalid: Bool
    private let diagnostics: Diagnostics
    private let signals: SignalPipe
    private var output: ValueOutput
    private var rejects: RejectFile?
    private var skipped = CountedReports()
    /// The report of the value being skipped.
    private var report: SkipReport?
    private var unread: SystemError?

    /// - Parameters:
    ///   - skipsInvalid: whether to report and skip invalid values; otherwise the first one ends the run.
    ///   - rejects: receives the skipped bytes.
    package init(
        _ options: SplitOptions, skipsInvalid: Bool, rejects: consuming RejectFile?,
        output: consuming ValueOutput, signals: consuming SignalPipe, diagnostics: Diagnostics
    ) {
        self.options = options
        self.skipsInvalid = skipsInvalid
        self.rejects = rejects
        self.signals = signals
        self.diagnostics = diagnostics
        widenPipe(output.writer.descriptor)
        self.output = output
    }

    /// Separates the values of `paths`, in that order; `-` is standard input.
    ///
    /// When this returns or throws, all complete values have been written, if the output could be written at
    /// all.
    package mutating func run(_ paths: [String]) throws(SeparationError) -> SeparationResult {
        // Also after a signal or an error: the messages must not look as if they were all.
        defer { skipped.reportRest(diagnostics, "invalid values were skipped") }
        do {
            for path in paths where !output.isEnded {
                let signal = try runReporting(path)
                try writeReport()
                try endReject()
                if let signal {
                    try flush()
                    return .interrupted(signal)
                }
            }
        } catch {
            try flush()
            try writeReport()
            throw error
        }
        try flush()
        // A signal that arrived while the output was waiting for its reader.
        if let signal = signals.pending() { return .interrupted(signal) }
        return .finished(skipped: skipped.count, unread: unread)
    }

    /// Processes one input and reports it if it cannot be read.
    private mutating func runReporting(_ path: String) throws(SeparationError) -> CInt? {
        do { return try run(path) } catch {
            guard case .unreadable(let reason) = error else { throw error }
            unread = unread ?? reason
            try flush()
            try writeReport()
            diagnostics.report(reason.description)
            return nil
        }
    }

    /// - Returns: the signal that ended it, if any.
    private mutating func run(_ path: String) throws(SeparationError) -> CInt? {
        guard path != "-" else { return try separate(LineReader(blockSize: 1 << 17), named: path) }
        let file: OpenFile
        do {
            file = try OpenFile.reading(path, signals: signals)
        } catch {
            if error.code == EINTR, let signal = signals.pending() { return signal }
            throw .unreadable(error)
        }
        return try separate(
            LineReader(descriptor: file.descriptor, name: path, blockSize: 1 << 17), named: path)
    }

    private mutating func separate(
        _ source: consuming LineReader, named name: String
    ) throws(SeparationError) -> CInt? {
        var reader = source
        var splitter = ValueSplitter(options)
        var supply = ValueSplitter.Supply.flowing
        var steps = 0
        widenPipe(reader.descriptor)
        while !output.isEnded {
            steps += 1
            if steps % Self.stepsBetweenLooks == 0, let signal = signals.pending() { return signal }
            let step = splitter.step(reader.unread, supply)
            do {
                try deliver(
                    step, of: reader.unread.extracting(first: step.consumed),
                    splitter.lines.bytes.extracting(first: step.written))
            } catch {
                throw .system(error)
            }
            reader.consume(step.consumed)
            if step.outcome == .skipped, !splitter.isSkipping { try writeReport() }
            if step.outcome == .starved, let signal = try supplyMore(&reader, &supply) { return signal }
            if step.outcome == .finished { return nil }
            guard case .invalid(let invalid) = step.outcome else { continue }
            guard skipsInvalid else { throw .invalid(input: name, invalid) }
            if let signal = signals.pending() { return signal }
            if skipped.add() { report = SkipReport("\(name):\(invalid)") }
            try beginReject(afterSeparator: splitter.followsSeparator)
            splitter.skipInvalid()
        }
        return nil
    }

    private mutating func deliver(
        _ step: ValueSplitter.Step, of bytes: RawSpan, _ lines: RawSpan
    ) throws(SystemError) {
        switch step.outcome {
        case .verbatim: try output.write(bytes)
        case .compacted: try output.write(lines)
        case .skipped:
            report?.count(bytes)
            try rejects?.append(bytes)
        case .invalid, .starved, .finished: break
        }
    }

    /// Reads more bytes. Before it waits, it takes what the splitter can return already, and writes it.
    ///
    /// - Returns: the signal that arrived instead, if any.
    private mutating func supplyMore(
        _ reader: inout LineReader, _ supply: inout ValueSplitter.Supply
    ) throws(SeparationError) -> CInt? {
        do {
            var event = try waitForInput(reader.descriptor, signals: signals, milliseconds: 0)
            if event == .timedOut {
                guard supply == .pausing else {
                    supply = .pausing
                    return nil
                }
                try output.writer.flush()
                try rejects?.flush()
                if let report = report.take() { diagnostics.report(report.description + " so far") }
                event = try waitForInput(reader.descriptor, signals: signals)
            }
            if case .signal(let signal) = event { return signal }
        } catch {
            throw .system(error)
        }
        do { try reader.fill() } catch { throw .unreadable(error) }
        supply = reader.isAtEnd ? .ended : .flowing
        return nil
    }

    /// Reports a skipped value after the values before it were written, so that on a terminal they appear in
    /// input order.
    private mutating func writeReport() throws(SeparationError) {
        guard let report = report.take() else { return }
        try flush()
        diagnostics.report(report.description)
    }

    /// Ends the rejected bytes of an input, so that those of the next input are separate.
    private mutating func endReject() throws(SeparationError) {
        do { try rejects?.endLine() } catch { throw .system(error) }
    }

    private mutating func beginReject(afterSeparator: Bool) throws(SeparationError) {
        do {
            // Texts after an RS are separated by RS, all others by lines.
            if afterSeparator { try rejects?.append(0x1E) } else { try rejects?.endLine() }
        } catch { throw .system(error) }
    }

    private mutating func flush() throws(SeparationError) {
        do {
            try output.writer.flush()
            try rejects?.flush()
        } catch {
            throw .system(error)
        }
    }
}
