package import HTTPTransfer

/// S3's error document: `<Error><Code>…</Code><Message>…</Message>…</Error>`.
///
/// Source: Amazon S3 API Reference, "Error responses".
package enum ErrorDocument {
    /// The size limit of an error's body.
    package static let maximumSize = 64 << 10

    /// The error of a response with a status outside 2xx.
    ///
    /// - Parameter addressesObject: whether the request was for a key; determines the meaning of a 404
    ///   without an error code.
    package static func error(_ response: S3Response, method: HTTPMethod, addressesObject: Bool) -> S3Error {
        let head = response.head
        let document = XMLElement(parsing: response.body).flatMap(element(in:))
        let code = document?.text("Code") ?? ""
        let isBare = document == nil && method != .head && head.value("x-amz-request-id") == nil
        let region = region(head, document)
        var kind = kind(code: code, status: head.status, isBare: isBare, addressesObject: addressesObject)
        // A response to HEAD has no body with AuthorizationHeaderMalformed, but its header names the right
        // region.
        if method == .head, head.status == 400, region != nil { kind = .wrongRegion }
        // A redirect without a region comes from a web server.
        if kind == .wrongRegion, code.isEmpty, region == nil { kind = .notS3 }
        let page = document == nil && method != .head ? WebPage(response) : nil
        // A refusal with an HTML page does not come from S3 either.
        if page != nil, kind == .accessDenied || kind == .credentialsRefused { kind = .notS3 }
        var error = S3Error(
            kind, document?.text("Message") ?? page.map { "the response is \($0.description)" } ?? "")
        error.status = head.status
        error.code = code
        if error.kind == .notS3 {
            let target = head.text("location").map { ", it redirects to \($0)" } ?? ""
            let reason =
                head.status == 407
                ? "the proxy requires authentication: put USER:PASSWORD@ before its host"
                : "the response is \(page?.description ?? "not from S3")"
            error.message = reason + target
        }
        error.isAnonymous = document == nil && !head.hasFieldOfS3
        error.adviseOnArchive(storageClass: document?.text("StorageClass"))
        error.requestID = document?.text("RequestId") ?? head.text("x-amz-request-id") ?? ""
        error.region = region
        error.retryAfterMilliseconds = head.number("x-amz-retry-after")
        error.mayHaveBeenApplied = head.status >= 500
        // A gateway that timed out waiting for the service sends its own response.
        error.isUnanswered = head.status >= 500 && error.isAnonymous
        return error
    }

    /// The error in a response with status 200, if there is one: S3 starts its response to Complete and Copy
    /// before the outcome is known, and an intermediary may send any response with this status.
    package static func error(inSuccess response: S3Response) -> S3Error? {
        // A larger body is not an error document; this avoids parsing listings twice.
        guard !response.body.isEmpty, response.body.count <= maximumSize,
            let document = XMLElement(parsing: response.body).flatMap(element(in:))
        else { return nil }
        let code = document.text("Code") ?? ""
        // The status has no meaning here. Responses of this kind exist to report internal errors.
        var error = S3Error(
            kind(code: code, status: 500, isBare: false, addressesObject: true),
            document.text("Message") ?? "")
        error.status = response.head.status
        error.code = code
        error.adviseOnArchive(storageClass: document.text("StorageClass"))
        error.requestID = document.text("RequestId") ?? response.head.text("x-amz-request-id") ?? ""
        error.mayHaveBeenApplied = true
        return error
    }

    /// The element with code and message, if the document is an error. It is found by its children, because
    /// the elements around it differ between services. Errors of single keys in DeleteObjects do not count.
    private static func element(in root: XMLElement) -> XMLElement? {
        if root.name == "Error" { return root }
        if root.name != "DeleteResult", let error = root.child("Error"), error.child("Code") != nil {
            return error
        }
        return root.child("Code") != nil && root.child("Message") != nil ? root : nil
    }

    /// The error of one of several objects in a response.
    ///
    /// - Parameter element: has a `Code` and may have a `Message`.
    static func error(_ element: XMLElement, operation: String) -> S3Error {
        let code = element.text("Code") ?? ""
        var error = S3Error(
            kind(code: code, status: 0, isBare: false, addressesObject: true), element.text("Message") ?? "")
        error.operation = operation
        error.code = code
        return error
    }

    private static func region(_ head: HTTPResponseHead, _ document: XMLElement?) -> String? {
        let region = head.text("x-amz-bucket-region") ?? document?.text("Region")
        return region.flatMap { Endpoint.isRegionName($0) ? $0 : nil }
    }

    private static func kind(
        code: String, status: Int, isBare: Bool, addressesObject: Bool
    ) -> S3Error.Kind {
        if let kind = kindByCode[code] { return kind }
        if code.hasPrefix("Throttl") || code.hasPrefix("TooManyRequests") { return .throttled }
        switch status {
        case 301, 302, 303, 307, 308: return .wrongRegion
        case 408: return .timedOut
        case 401: return .credentialsRefused
        case 403: return .accessDenied
        case 404: return isBare ? .notS3 : addressesObject ? .noSuchKey : .noSuchBucket
        case 409: return .conflict
        case 412: return .preconditionFailed
        case 413: return .refused
        case 416: return .rangeNotSatisfiable
        case 429: return .throttled
        case 500, 502, 503, 504: return .serverFailed
        default: return isBare ? .notS3 : .refused
        }
    }

    /// Source: Amazon S3 API Reference, "List of error codes"; AWS SDKs and Tools Reference Guide, "Retry
    /// behavior", for what counts as throttling.
    private static let kindByCode: [String: S3Error.Kind] = [
        "NoSuchBucket": .noSuchBucket, "NoSuchKey": .noSuchKey, "NoSuchUpload": .noSuchUpload,
        "AccessDenied": .accessDenied, "AllAccessDisabled": .accessDenied,
        // These users are refused for every request.
        "AccountProblem": .credentialsRefused, "NotSignedUp": .credentialsRefused,
        "UserSuspended": .credentialsRefused,
        // Errors of one object or one request.
        "InvalidObjectState": .refused, "QuotaExceeded": .refused, "XMinioAdminBucketQuotaExceeded": .refused,
        "InvalidAccessKeyId": .credentialsRefused, "SignatureDoesNotMatch": .credentialsRefused,
        "ExpiredToken": .credentialsRefused, "InvalidToken": .credentialsRefused,
        "TokenRefreshRequired": .credentialsRefused, "InvalidSecurity": .credentialsRefused,
        "PreconditionFailed": .preconditionFailed, "ConditionalRequestConflict": .conflict,
        "InvalidRange": .rangeNotSatisfiable,
        "AuthorizationHeaderMalformed": .wrongRegion, "PermanentRedirect": .wrongRegion,
        "TemporaryRedirect": .wrongRegion, "IllegalLocationConstraintException": .wrongRegion,
        "RequestTimeTooSkewed": .clockSkewed,
        "RequestTimeout": .timedOut, "RequestTimeoutException": .timedOut,
        "SlowDown": .throttled, "SlowDownRead": .throttled, "SlowDownWrite": .throttled,
        "ThrottledException": .throttled, "RequestThrottled": .throttled,
        "RequestThrottledException": .throttled,
        "RequestLimitExceeded": .throttled, "BandwidthLimitExceeded": .throttled,
        "LimitExceededException": .throttled, "ProvisionedThroughputExceededException": .throttled,
        "TransactionInProgressException": .throttled, "EC2ThrottledException": .throttled,
        "InternalError": .serverFailed, "ServiceUnavailable": .serverFailed,
        "PriorRequestNotComplete": .serverFailed,
        "BadDigest": .damaged, "IncompleteBody": .damaged, "XAmzContentSHA256Mismatch": .damaged,
        "XAmzContentChecksumMismatch": .damaged,
    ]
}

extension HTTPResponseHead {
    /// True if a header shows that S3 or a compatible service has responded.
    fileprivate var hasFieldOfS3: Bool {
        ["x-amz-request-id", "x-amz-id-2", "x-amz-bucket-region"].contains { value($0) != nil }
    }
}
