import ByteIO
import HTTPTransfer

/// Performs the input and output of a `CredentialsMachine` in turns of an event loop.
final class CredentialsFetch: TransferReceiver {
    private var machine: any CredentialsMachine
    private let loop: TransferLoop
    private let commands: CommandSettings
    private let commandMilliseconds: Int
    private let silenceMilliseconds: Int
    /// Called with each secret, which no message may show.
    private let hide: ([UInt8]) -> Void
    private(set) var outcome: CredentialsOutcome?

    private static let maximumSize = 1 << 20
    private static let retryMilliseconds = 1000
    private static let localConnectMilliseconds = 1000

    private var request: CredentialsRequest?
    private var attempts = 0
    private var transfer: TransferID?
    private var body: [UInt8] = []
    private var isTooLarge = false
    /// When the attempt times out, or the next one starts.
    private var deadline: Int?
    private var command: Command?

    init(
        _ machine: any CredentialsMachine, _ loop: TransferLoop, _ commands: CommandSettings,
        commandMilliseconds: Int, silenceMilliseconds: Int,
        hide: @escaping ([UInt8]) -> Void
    ) {
        self.machine = machine
        self.loop = loop
        self.commands = commands
        self.commandMilliseconds = commandMilliseconds
        self.silenceMilliseconds = silenceMilliseconds
        self.hide = hide
        tell(.start)
    }

    /// The descriptor that becomes readable when the command has output.
    private(set) var descriptor: CInt?

    /// How long a turn may wait, in milliseconds.
    var milliseconds: Int? {
        if outcome != nil { return 0 }
        // The command has closed its output and will exit soon.
        if command?.isClosing == true { return 10 }
        return deadline.map { max(0, $0 - MonotonicClock.milliseconds) }
    }

    /// Continues as far as possible without waiting.
    func turn() {
        if command?.isClosing == true { descriptor = nil }
        if let ended = command?.ended() {
            command = nil
            descriptor = nil
            deadline = nil
            return tell(.output(ended.output, status: ended.status))
        }
        guard let deadline, deadline <= MonotonicClock.milliseconds else { return }
        if let transfer {
            loop.cancel(transfer)
        } else if command != nil {
            command = nil
            descriptor = nil
            self.deadline = nil
            tell(.noResponse("the command did not end within \(commandMilliseconds) ms"))
        } else {
            send()
        }
    }

    /// Cancels the operation in progress.
    func cancel() {
        outcome = .nothing("cancelled")
        if let transfer { loop.cancel(transfer) }
        command = nil
        descriptor = nil
    }

    private func tell(_ event: CredentialsEvent) {
        guard outcome == nil else { return }
        var event = event
        while true {
            switch machine.next(event) {
            case .end(let outcome):
                self.outcome = outcome
                return
            case .read(let path):
                event = .file(Self.contents(path))
            case .send(let request):
                for secret in request.secrets { hide(secret) }
                self.request = request
                attempts = 0
                return send()
            case .again(let error):
                if !sendsLater() { outcome = .failed(error) }
                return
            case .run(let words):
                do {
                    command = try Command(words, commands)
                    descriptor = command?.descriptor
                    deadline = MonotonicClock.milliseconds + commandMilliseconds
                    return
                } catch { event = .output([], status: error.code == ENOENT ? nil : 126) }
            }
        }
    }

    private static func contents(_ path: String) -> [UInt8]? {
        do { return try OpenFile.reading(path).contents(limit: maximumSize) } catch { return nil }
    }

    private func send() {
        guard let request else { return }
        attempts += 1
        body.removeAll()
        isTooLarge = false
        deadline = MonotonicClock.milliseconds + request.milliseconds
        var block: ByteBlock?
        if let bytes = request.body {
            block = ByteBlock()
            block?.append(bytes.bytes)
        }
        var wire = HTTPRequest(
            method: request.method, url: [UInt8](request.url.utf8), headers: request.headers, body: block)
        wire.silenceMilliseconds = silenceMilliseconds
        if request.isLocal {
            wire.usesProxy = false
            wire.connectMilliseconds = Self.localConnectMilliseconds
        }
        do { transfer = try loop.start(wire, self) } catch {
            deadline = nil
            tell(.noResponse(error.message))
        }
    }

    /// Schedules the next attempt; false if all are used up.
    private func sendsLater() -> Bool {
        guard let request, attempts < request.attempts else { return false }
        deadline = MonotonicClock.milliseconds + Self.retryMilliseconds
        return true
    }

    func received(_ bytes: RawSpan, head: HTTPResponseHead) -> ReceiveFlow {
        body += bytes.array
        isTooLarge = body.count > Self.maximumSize
        return isTooLarge ? .cancel : .more
    }

    func ended(_ result: TransferResult) {
        transfer = nil
        deadline = nil
        guard outcome == nil, let request else { return }
        let status = result.head.status
        let isUnwell = result.error != nil || status == 429 || status >= 500
        if isUnwell, !isTooLarge, sendsLater() { return }
        guard let error = result.error else { return tell(.response(status: status, body: body)) }
        let isLate = error.kind == .cancelled && !isTooLarge
        tell(
            .noResponse(
                isTooLarge
                    ? "the response is too large"
                    : isLate ? "no response within \(request.milliseconds) ms" : error.message))
    }
}
