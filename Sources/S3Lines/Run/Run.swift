package import ByteIO

/// One run of a tool: everything that all S3 tools do in the same way.
///
///     signals ---.
///     stdin ------+--> wait --> RunFilter.step --> RunOutput --> thread --> stdout
///     requests --'              RunFilter.take        messages, progress --> stderr
///
/// It owns the signals, the timeouts, the output, the messages and counts, and the reason for the end. It
/// ends when the filter is done and standard output has taken everything; until then it handles signals.
package final class Run {
    private let service: any RunService
    private let signals: SignalPipe
    private var messages: RunMessages
    private let showsSummary: Bool
    /// Whether standard error says how far the run is.
    package let showsProgress: Bool
    private var isOutputLost = false
    private var isInputWide = false

    /// The default limit for data that waits to be written, in bytes.
    package static let outputLimit = 4 << 20

    /// The data for standard output.
    package let output: RunOutput
    /// The commands that filter objects, if any.
    package private(set) var commands: RunCommands?
    /// The work done so far.
    package var counts = RunCounts()
    /// The number of failed records or objects; each was reported.
    package var failed = 0
    /// The number of keys that do not exist; each was reported.
    package var missing = 0
    /// The number of listed keys that no object can be addressed by; each was reported.
    package var malformed = 0
    /// The first termination signal received.
    package private(set) var signal: CInt?
    /// Why the run cannot continue; it was reported.
    package private(set) var stopReason: StopReason?
    /// Whether there is a stop reason. Reading this costs less than reading the reason.
    package private(set) var isStopped = false
    /// Whether the reader of standard output has closed it, as `head` does; this is not an error.
    package private(set) var endsQuietly = false

    /// - Parameters:
    ///   - service: the event loop to wait in.
    ///   - display: how to show progress on standard error.
    ///   - showsSummary: whether to report a summary at the end.
    ///   - descriptor: where data is written; nil drops it.
    ///   - outputLimit: the maximum of bytes that may wait to be written before `RunOutput.hasRoom` is false.
    package init(
        _ service: any RunService, _ diagnostics: Diagnostics, display: RunProgress.Display = .none,
        showsSummary: Bool = false, output descriptor: CInt? = STDOUT_FILENO,
        outputName: String = "standard output", outputLimit: Int = outputLimit
    ) throws(SystemError) {
        self.service = service
        self.showsSummary = showsSummary
        messages = RunMessages(diagnostics, display)
        showsProgress = display != .none
        output = try RunOutput(
            descriptor: descriptor, name: outputName, limit: outputLimit, wakeUp: service.wakeUp)
        signals = try SignalPipe()
        service.notice = { [unowned self] in report($0) }
    }

    /// Sets the command that filters objects.
    package func pipe(through options: FilterOptions) {
        commands = RunCommands(options) { [unowned self] in report($0) }
    }

    /// Ends a wait of the run, from any thread.
    package var wakeUp: @Sendable () -> Void { service.wakeUp }

    /// Reports a message on standard error. Text from a service, such as an upload's id, may contain what it
    /// was sent, so secrets are redacted.
    package func report(_ message: String) { messages.report(service.redacted(message)) }

    /// Stops the run and reports why. The first reason determines the exit status.
    package func stop(_ reason: StopReason) {
        if !endsQuietly { report(reason.description) }
        if stopReason == nil { stopReason = reason }
        isStopped = true
    }

    /// Runs the filter to its end.
    ///
    /// - Returns: how it ended. Errors have been reported.
    package func run(_ filter: some RunFilter, input descriptor: CInt = STDIN_FILENO) -> RunEnd {
        var input = LineReader(descriptor: descriptor)
        var isDrained = false
        while true {
            noteLostOutput()
            let step: RunStep
            do throws(StopReason) { step = try filter.step(&input) } catch {
                stop(error)
                continue
            }
            // The last step ran after everything was written.
            if step == .done, isDrained { break }
            isDrained = step == .done && output.drain()
            if !isDrained { wait(step, filter, &input) }
        }
        commands?.end()
        let end = end()
        messages.end(counts)
        if showsSummary { report(messages.summary(counts, connections: service.peakConnections)) }
        return end
    }

    private func noteLostOutput() {
        guard !isOutputLost, let error = output.error else { return }
        isOutputLost = true
        endsQuietly = error.code == EPIPE
        stop(.system(error))
    }

    private func wait(_ step: RunStep, _ filter: some RunFilter, _ input: inout LineReader) {
        if let position = filter.isMeasuredByInput ? inputPosition(input) : nil { counts.share = position }
        var timeout = messages.show(counts)
        var readsInput = false
        if case .wait(let wantsInput, let milliseconds) = step {
            readsInput = wantsInput
            timeout = Self.earlier(timeout, milliseconds)
            timeout = Self.earlier(timeout, output.flushWhenDue(awaitsMore: service.pending > 0))
        }
        var descriptors = signal == nil ? [DescriptorWait.read(signals.descriptor)] : []
        if readsInput { descriptors.append(.read(input.descriptor)) }
        let own = descriptors.count
        if let commands {
            descriptors += commands.prepareWait()
            timeout = Self.earlier(timeout, commands.untilDue)
        }
        let ready = service.turn(waitingFor: descriptors, milliseconds: timeout)
        commands?.turned(ready[own...])
        if signal == nil, ready[0], takeSignal(filter, &input) { return }
        if readsInput, ready[own - 1] { read(&input, filter) }
    }

    /// The share of the input file that the filter has taken, from 0 to 1; nil if standard input is not a
    /// file.
    private func inputPosition(_ input: borrowing LineReader) -> Double? {
        guard showsProgress, let file = filePosition(input.descriptor), file.size > 0 else { return nil }
        return Double(file.offset - input.unread.byteCount) / Double(file.size)
    }

    static func earlier(_ one: Int?, _ other: Int?) -> Int? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private func read(_ input: inout LineReader, _ filter: some RunFilter) {
        if !isInputWide {
            isInputWide = true
            widenPipe(input.descriptor)
        }
        do { try input.fill() } catch { return filter.inputFailed(error) }
        // The same signal may have ended the process that wrote the input: then this is not the real end of
        // the data.
        if input.isAtEnd, signal == nil { _ = takeSignal(filter, &input) }
    }

    /// - Returns: false if no signal has arrived.
    private func takeSignal(_ filter: some RunFilter, _ input: inout LineReader) -> Bool {
        guard let number = signals.pending() else { return false }
        signal = number
        filter.take(signal: number, &input)
        return true
    }

    private func end() -> RunEnd {
        do { try output.finish() } catch {
            noteLostOutput()
            return error.code == EPIPE ? .outputClosed : .stopped(.system(error))
        }
        if let signal { return .signal(signal) }
        if let stopReason { return .stopped(stopReason) }
        if failed > 0 || missing > 0 && malformed > 0 { return .someFailed }
        if malformed > 0 { return .someMalformed }
        return missing > 0 ? .someMissing : .complete
    }
}
