import ByteIO
import HTTPTransfer

/// What becomes of a call when an attempt has ended.
extension S3Client {
    /// Takes the result of an attempt and decides what follows.
    func attemptEnded(_ call: S3Call, _ result: TransferResult, body: [UInt8]) {
        schedule.ended(call.id)
        guard let failure = failure(call, result, body) else {
            policy.succeeded(call.history)
            noteMoved(call, result)
            checksumMode.succeeded(call.checksumMode)
            report(call, result, remark: policy.remark, attempt: call.history.failures + 1)
            finish(call, nil)
            return
        }
        let mayGoOn = schedule.mayBeSentAgain(call.id)
        if mayGoOn, failure.saysExpired, renewsCredentials, !call.history.wasResigned,
            renewal.refused(generation: call.history.signing.generation, now: .now)
        {
            report(
                call, result, remark: "\(failure.code); retry with new credentials",
                attempt: call.history.failures + 1)
            return awaitCredentials(call)
        }
        let decision = policy.failed(
            failure, &call.history, progress: call.progress, now: .now,
            serverTime: result.head.text("date").flatMap(Timestamp.init(httpDate:)),
            isLast: { schedule.isLastAttempt(call.id, failures: $0) })
        if mayGoOn, case .giveUp = decision, checksumMode.refused(failure, &call.checksumMode) {
            report(
                call, result, remark: "\(failure.code); retry without requesting checksums",
                attempt: max(1, call.history.failures))
            return schedule.sendAgain(call.id)
        }
        report(
            call, result, remark: policy.remark(failure, decision), attempt: max(1, call.history.failures))
        switch decision {
        case .giveUp(let error):
            if error.status > 0 { noteMoved(call, result) }
            finish(call, stated(error, call))
        case .retry(let delay):
            schedule.delay(call.id, until: MonotonicClock.milliseconds + delay)
            if failure.kind == .unreachable { noteUnreachable(failure) }
        case .signAgain:
            builder.setSigning(policy.signing)
            schedule.sendAgain(call.id)
        }
    }

    /// Measures throughput by a call that got its response.
    private func noteMoved(_ call: S3Call, _ result: TransferResult) {
        let bytes = call.sentBytes + result.bytesReceived
        if policy.moved(bytes: bytes, now: MonotonicClock.milliseconds) { connectionsLog?(policy.limit) }
    }

    private func noteUnreachable(_ failure: S3Error) {
        // If every request is logged, this one is shown already.
        guard !hasNoticed, log == nil else { return }
        hasNoticed = true
        notice?("\(failure); retrying, up to \(maxAttempts) attempts")
    }

    /// The error of an attempt's response; nil for a success.
    private func failure(_ call: S3Call, _ result: TransferResult, _ body: [UInt8]) -> S3Error? {
        let response = S3Response(head: result.head, received: body)
        let isSuccess = (200..<300).contains(result.head.status)
        var error: S3Error?
        if call.isTooLarge {
            error = S3Error(.notS3, "the response is larger than \(Self.maximumGatheredSize) bytes")
        } else if let transferError = result.error, !call.hasEnough {
            error = call.failure(S3Error(transferError))
        } else if isSuccess {
            error = ErrorDocument.error(inSuccess: response) ?? call.evaluate(response)
        } else {
            error = ErrorDocument.error(response, method: call.method, addressesObject: call.key != nil)
        }
        error?.operation = call.operationName
        error?.status = result.head.status
        if var named = error {
            proxies.name(in: &named, for: scheme)
            named.adviseOnHandshake()
            named.adviseOnCertificates()
            named.adviseOnRegion()
            named.adviseOnSize(sent: call.sentBytes)
            error = redaction.redacted(named)
        }
        if error?.kind == .noSuchBucket { error?.message = "bucket '\(bucket)' does not exist" }
        return error
    }

    private func report(_ call: S3Call, _ result: TransferResult, remark: String, attempt: Int) {
        guard let log else { return }
        log(
            RequestRecord(
                operation: call.operationName, method: call.method.rawValue, key: call.key,
                range: call.range.map { String(decoding: $0.value, as: UTF8.self) },
                status: result.head.status, attempt: attempt, microseconds: result.microseconds,
                remark: remark))
    }
}
