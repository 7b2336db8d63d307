import ByteIO
import HTTPTransfer

extension S3Client {
    /// Finds the first credentials, if they do not come from the environment. No request can be signed
    /// before.
    ///
    /// - Throws: the reason if there are none.
    package func findCredentials() throws(ConfigurationError) {
        guard let lookup else {
            let source = builder.isSigned ? EnvironmentCredentials.place : "none, requests are not signed"
            credentialsLog?("credentials: \(source)")
            return
        }
        let fetch = beginFetch(lookup)
        while fetch.outcome == nil {
            loop.perform()
            if fetch.outcome != nil { break }
            let descriptors = fetch.descriptor.map { [DescriptorWait.read($0)] } ?? []
            _ = loop.wait(for: descriptors, milliseconds: fetch.milliseconds ?? 60_000)
            fetch.turn()
        }
        self.fetch = nil
        switch fetch.outcome {
        case .found(let credentials, let source): use(credentials, source)
        case .failed(.invalid(let text)): throw .invalid(redacted(text))
        case .failed(.missingCredentials(let text)), .nothing(let text):
            throw .missingCredentials(redacted(text))
        case nil: break
        }
    }

    private func beginFetch(_ lookup: CredentialsLookup) -> CredentialsFetch {
        CredentialsFetch(
            lookup, loop, commands, commandMilliseconds: commandMilliseconds,
            silenceMilliseconds: timeoutMilliseconds
        ) {
            [weak self] secret in self?.redaction.add(secret)
        }
    }

    /// `text` without the secrets that were used.
    package func redacted(_ text: String) -> String { redaction.redacted(text) }

    private func use(_ credentials: Credentials, _ source: String) {
        renewal.found(expiration: credentials.expiration, now: .now)
        redaction.add(credentials)
        policy.renewed(generation: renewal.generation)
        builder.setCredentials(credentials)
        credentialsLog?("credentials: \(source)")
    }

    /// Starts to fetch new credentials before the old ones expire, and installs them when they arrive.
    /// Meanwhile requests are signed with the old ones.
    func renewCredentials() {
        if let lookup, fetch == nil, renewal.begins(now: .now) { fetch = beginFetch(lookup) }
        fetch?.turn()
        guard let outcome = fetch?.outcome else { return }
        fetch = nil
        events += 1
        switch outcome {
        case .found(let credentials, let source): use(credentials, source)
        case .failed(.invalid(let reason)), .failed(.missingCredentials(let reason)), .nothing(let reason):
            renewal.failed(now: .now)
            credentialsLog?("no new credentials: " + redacted(reason))
        }
        // Calls that failed with expired credentials were held until now.
        schedule.releaseHeld()
    }

    /// Queues a call again whose credentials the service reported as expired.
    func awaitCredentials(_ call: S3Call) {
        call.history.wasResigned = true
        let isNewer = call.history.signing.generation < policy.signing.generation
        if isNewer { schedule.sendAgain(call.id) } else { schedule.delay(call.id, until: nil) }
    }
}
