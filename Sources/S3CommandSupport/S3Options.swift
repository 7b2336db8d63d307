package import ArgumentParser
package import ByteIO
import CProcess
package import CommandSupport
package import S3Core
package import S3Lines

extension Addressing: ExpressibleByArgument {}
extension ChecksumChoice: ExpressibleByArgument {}

/// The options of every S3 tool.
package struct S3Options: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "URL of the service. (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, profile, AWS)",
            valueName: "url")
    )
    package var endpoint: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Region of the bucket. (default: AWS_REGION, AWS_DEFAULT_REGION, profile, us-east-1)",
            valueName: "name"))
    package var region: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Profile of the shared configuration files. (default: AWS_PROFILE, default)", valueName: "name"))
    package var profile: String?

    @Option(
        parsing: .unconditional,
        help: "How requests address the bucket: path is HOST/BUCKET, virtual is BUCKET.HOST. (default: auto)")
    package var addressing: Addressing?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most requests at once. (default: 64, up to 512 while that increases the throughput)",
            valueName: "n"),
        transform: wholeNumber(1...4096))
    package var maxConnections: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most attempts for each request, including the first. (default: AWS_MAX_ATTEMPTS, 10)",
            valueName: "n"),
        transform: wholeNumber(1 ... .max))
    package var maxAttempts: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "End an attempt that transfers no byte in either direction for TIME, and retry it.",
            valueName: "time"))
    package var timeout = TimeSpan(milliseconds: 60_000)

    @Flag(name: .customLong("no-sign-request"), help: "Send requests without credentials.")
    package var noSignRequest = false

    @Flag(help: "Agree to be charged for requests to a requester-pays bucket.")
    package var requestPayer = false

    @Flag(name: .shortAndLong, help: "Print each request on standard error, and a summary at the end.")
    package var verbose = false

    @Flag(
        inversion: .prefixedNo,
        help:
            "Show progress on standard error. (default: on a terminal, if standard output is a file or /dev/null)"
    )
    package var progress: Bool?

    package init() {}

    package func validate() throws {
        if timeout.milliseconds < 1000 { throw ValidationError("--timeout must be at least 1s") }
    }

    /// The same options for a run that sends nothing, so that it needs no credentials.
    package var sendingNothing: S3Options {
        var options = self
        options.noSignRequest = true
        return options
    }

    /// How to show progress; not at all with `--verbose`, whose lines already show it and would break a
    /// progress line.
    ///
    /// A line that is overwritten needs the terminal for itself: if standard output is a pipe, the next tool
    /// may draw there, and if it is the terminal, data appears there.
    private var progressDisplay: RunProgress.Display {
        let terminal = Terminal(descriptor: STDERR_FILENO)
        let hasScreen = terminal != nil && isFileOrNull(STDOUT_FILENO)
        guard !verbose, progress ?? (hasScreen && terminal?.isForeground == true) else { return .none }
        return hasScreen && Environment.process.value("TERM") != "dumb" ? .line : .lines
    }

    /// The configuration from these options and the environment, for the bucket of `location`.
    ///
    /// - Parameters:
    ///   - checksum: the checksum of uploads; nil leaves it to the environment and the service.
    ///   - limits: receives changed resource limits.
    ///   - runsCommands: whether commands will be started, which need descriptors.
    /// - Throws: 77 without credentials, 78 for any other configuration error.
    package func configuration(
        for location: Location, checksum: ChecksumChoice? = nil, _ limits: inout FoundLimits,
        runsCommands: Bool = false
    ) throws(ToolFailure) -> S3Configuration {
        var settings = S3Settings()
        settings.endpoint = endpoint
        settings.region = region
        settings.profile = profile
        settings.addressing = addressing
        settings.connections = connections(&limits, runsCommands: runsCommands)
        settings.maxAttempts = maxAttempts
        settings.timeoutMilliseconds = timeout.milliseconds
        settings.signsRequests = !noSignRequest
        settings.requestPayer = requestPayer
        settings.checksum = checksum
        let environment = Environment.process
        do {
            return try S3Configuration(settings, environment: environment, files: .onDisk(environment))
                .specialized(for: location.bucket)
        } catch { throw ToolFailure(error) }
    }

    /// Creates a client for the bucket of `location` from these options and the environment.
    ///
    /// - Parameters:
    ///   - checksum: the checksum of uploads; nil leaves it to the environment and the service.
    ///   - ignoresPipeSignal: whether SIGPIPE was ignored when the process started.
    ///   - runsCommands: whether commands other than a credentials command will be started.
    /// - Throws: 77 without credentials, 78 for any other configuration error.
    package func client(
        for location: Location, checksum: ChecksumChoice? = nil, _ diagnostics: Diagnostics,
        ignoresPipeSignal: Bool, runsCommands: Bool = false
    ) throws(ToolFailure) -> S3Client {
        var commands = CommandSettings()
        commands.ignoresPipeSignal = ignoresPipeSignal
        let configuration = try configuration(
            for: location, checksum: checksum, &commands.limits, runsCommands: runsCommands)
        let mayRunCommands = runsCommands || configuration.lookup != nil
        if mayRunCommands { commands.descriptors = inheritableDescriptors() }
        let client: S3Client
        do { client = try S3Client(configuration, bucket: location.bucket) } catch {
            throw ToolFailure(error)
        }
        if verbose {
            client.log = { diagnostics.report($0.description(bucket: location.bucket)) }
            client.credentialsLog = { diagnostics.report($0) }
            client.connectionsLog = { diagnostics.report("connections: \($0) at once") }
        }
        Self.hideMemory(mayRunCommands: mayRunCommands, &commands.limits)
        client.commands = commands
        do { try client.findCredentials() } catch { throw ToolFailure(error) }
        return client
    }

    /// Creates a run that waits in `service`, with the messages that these options select.
    ///
    /// - Parameters:
    ///   - writesOutput: false drops the data for standard output.
    ///   - outputLimit: the maximum of bytes waiting to be written; nil if the tool limits them itself.
    package func run(
        in service: any RunService, _ diagnostics: Diagnostics, writesOutput: Bool = true,
        outputLimit: Int? = nil
    ) throws(ToolFailure) -> Run {
        do {
            return try Run(
                service, diagnostics, display: progressDisplay, showsSummary: verbose,
                output: writesOutput ? STDOUT_FILENO : nil, outputLimit: outputLimit ?? Run.outputLimit)
        } catch { throw ToolFailure(error) }
    }

    /// The initial and the maximum number of concurrent requests, limited by the available descriptors.
    private func connections(_ limits: inout FoundLimits, runsCommands: Bool) -> ClosedRange<Int> {
        let wanted = maxConnections.map { $0...$0 } ?? ConnectionGrowth.usual
        // Three pipes for each command, of which one end each is kept: s3-put-lines runs a command of a complete and one
        // of an open object per processor, and one more may be starting.
        let others = Self.descriptorsForOthers + (runsCommands ? 6 * (WorkPool.processors + 1) : 0)
        let most = min(
            wanted.upperBound, Self.possibleConnections(wanted.upperBound, others: others, &limits))
        return min(wanted.lowerBound, most)...most
    }

    /// The number of connections that the descriptor limit allows, after raising it as far as needed and
    /// possible.
    private static func possibleConnections(
        _ wanted: Int, others: Int, _ limits: inout FoundLimits
    ) -> Int {
        guard var limit = FoundLimits.current(RLIMIT_NOFILE) else { return wanted }
        let needed = rlim_t(wanted + others)
        // A sufficient limit is not changed: commands inherit it.
        if limit.rlim_cur < needed {
            limit.rlim_cur = min(needed, limit.rlim_max)
            limits.set(RLIMIT_NOFILE, to: limit)
        }
        return max(1, Int(clamping: limit.rlim_cur) - others)
    }

    /// The standard descriptors, files, pipes and name resolution.
    private static let descriptorsForOthers = 24

    /// Prevents core dumps, which would contain the secret key. The core file limit does not affect a program
    /// that core dumps are piped to (core(5)); an undumpable process gives it nothing, and hides its
    /// environment from other processes of the user. Commands get the original limit, so the hard limit must
    /// not change.
    private static func hideMemory(mayRunCommands: Bool, _ limits: inout FoundLimits) {
        let hard = FoundLimits.current(RLIMIT_CORE)?.rlim_max ?? 0
        limits.set(RLIMIT_CORE, to: rlimit(rlim_cur: 0, rlim_max: mayRunCommands ? hard : 0))
        s3_forbid_dumps()
    }
}

extension RequestRecord {
    /// `GET s3://b/a/k: GetObject: 206, bytes=0-9, attempt 1, 3.2 ms`
    fileprivate func description(bucket: String) -> String {
        let name = Location(bucket: bucket, prefix: key ?? [])
        var text = "\(method) \(name): \(operation): \(status == 0 ? "no response" : String(status))"
        if let range { text += ", \(range)" }
        text += ", attempt \(attempt), \(microseconds / 1000).\(microseconds / 100 % 10) ms"
        return remark.isEmpty ? text : text + ": " + remark
    }
}
