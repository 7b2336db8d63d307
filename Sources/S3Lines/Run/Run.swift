package import ByteIO

/// One run of a tool: what all tools of S3 do in the same way, whatever they filter.
///
///     signals ---.
///     stdin ------+--> wait --> RunFilter.step --> RunOutput --> thread --> stdout
///     requests --'              RunFilter.take        messages, progress --> stderr
///
/// It owns the signals, the time limits, the output, what is said and counted, and the reason of the end. It ends once
/// the filter is done and the reader of standard output has taken everything; up to then it listens to signals.
package final class Run {
    private let service: any RunService
    private let signals: SignalPipe
    private var messages: RunMessages
    private let showsSummary: Bool
    private var isOutputLost = false
    private var isInputWide = false

    /// The memory of data that waits for its reader at most, in bytes, unless it is told otherwise.
    package static let outputLimit = 4 << 20

    /// Where data goes.
    package let output: RunOutput
    /// What objects are piped through, if they are.
    package private(set) var commands: RunCommands?
    /// What was done so far.
    package var counts = RunCounts()
    /// Records or objects that failed, each of which was reported.
    package var failed = 0
    /// Keys that do not exist, each of which was reported.
    package var missing = 0
    /// Keys that cannot be an object's although a list has them, each of which was reported.
    package var malformed = 0
    /// The signal that asked for the end, if one did.
    package private(set) var signal: CInt?
    /// Why the run cannot go on; it was reported.
    package private(set) var stopReason: StopReason?
    /// The reader of standard output has gone, as `head` does: no reason to complain.
    package private(set) var endsQuietly = false

    /// - Parameters:
    ///   - service: what is waited in.
    ///   - display: how standard error says how far the run is.
    ///   - showsSummary: whether the end is told with what was done.
    ///   - descriptor: where data goes; nil drops it.
    ///   - outputLimit: the memory of data that may wait for its reader, in bytes, before `RunOutput.hasRoom` says no.
    package init(
        _ service: any RunService, _ diagnostics: Diagnostics, display: RunProgress.Display = .none,
        showsSummary: Bool = false, output descriptor: CInt? = STDOUT_FILENO,
        outputName: String = "standard output", outputLimit: Int = outputLimit
    ) throws(SystemError) {
        self.service = service
        self.showsSummary = showsSummary
        messages = RunMessages(diagnostics, display)
        output = try RunOutput(
            descriptor: descriptor, name: outputName, limit: outputLimit, wakeUp: service.wakeUp)
        signals = try SignalPipe()
        service.notice = { [unowned self] in report($0) }
    }

    /// Objects are piped through a command.
    package func pipe(through options: FilterOptions) {
        commands = RunCommands(options) { [unowned self] in report($0) }
    }

    /// Ends a wait of the run, from any thread.
    package var wakeUp: @Sendable () -> Void { service.wakeUp }

    /// Says something on standard error. What a service has named, as an upload's id, may repeat what it was sent.
    package func report(_ message: String) { messages.report(service.redacted(message)) }

    /// The run cannot go on. Reports why; the first reason is that of the end.
    package func stop(_ reason: StopReason) {
        if !endsQuietly { report(reason.description) }
        if stopReason == nil { stopReason = reason }
    }

    /// Does all of the work.
    ///
    /// - Returns: how it ended. What ended it early was reported.
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
            // The last step has seen that everything was written.
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

    /// How much of a file on standard input was taken by the filter, from 0 to 1; nil if it is none.
    private func inputPosition(_ input: borrowing LineReader) -> Double? {
        guard messages.isShown, let file = filePosition(input.descriptor), file.size > 0 else { return nil }
        return Double(file.offset - input.unread.byteCount) / Double(file.size)
    }

    private static func earlier(_ one: Int?, _ other: Int?) -> Int? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private func read(_ input: inout LineReader, _ filter: some RunFilter) {
        if !isInputWide {
            isInputWide = true
            widenPipe(input.descriptor)
        }
        do { try input.fill() } catch { return filter.inputFailed(error) }
        // What wrote the input may have ended by the same signal: that end is not the data's.
        if input.isAtEnd, signal == nil { _ = takeSignal(filter, &input) }
    }

    /// - Returns: false if none has come.
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
