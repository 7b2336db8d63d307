import Testing

@testable import S3Core

/// Calls that are never sent: nothing here uses the network.
@Suite struct S3ClientTests {
    @Test func aCallCancelledBeforeItIsSentEndsInTheNextTurn() throws {
        let client = try client()
        var outcomes: [S3Error.Kind] = []
        func start(cleansUp: Bool = false) -> S3Call {
            client.perform(HeadBucket(), cleansUp: cleansUp) {
                if case .failure(let error) = $0 { outcomes.append(error.kind) }
            }
        }
        let calls = [start(), start(), start(cleansUp: true)]
        #expect(client.pending == 3)
        for call in calls { call.cancel() }
        calls[1].cancel()
        // Completions are not called from within `cancel`, because its caller may be in the middle of an
        // operation.
        #expect(client.pending == 3 && outcomes.isEmpty)
        _ = client.turn()
        #expect(client.pending == 0 && outcomes == [.cancelled, .cancelled, .cancelled])
    }

    @Test func cleanupCallsAreNotCancelledWithTheRest() throws {
        let client = try client()
        var ended: [String] = []
        client.perform(HeadBucket()) { _ in ended.append("asked") }
        client.perform(HeadBucket(), cleansUp: true) { _ in ended.append("cleaned up") }
        client.cancelUnsent()
        client.later { ended.append("later") }
        #expect(client.pending == 3 && ended.isEmpty)
        while ended.count < 2 { _ = client.turn() }
        #expect(ended == ["asked", "later"])
        client.cancelAll()
        while client.pending > 0 { _ = client.turn() }
        #expect(ended.last == "cleaned up")
    }

    private func client() throws -> S3Client {
        let environment = Environment([
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
        ])
        return try S3Client(S3Configuration(S3Settings(), environment: environment), bucket: "bucket")
    }

    @Test func theDefaultIsTenAttempts() throws {
        func attempts(_ variable: String?, _ option: Int? = nil) throws -> Int {
            var settings = S3Settings()
            settings.signsRequests = false
            settings.maxAttempts = option
            let variables = variable.map { ["AWS_MAX_ATTEMPTS": $0] } ?? [:]
            return try S3Configuration(settings, environment: Environment(variables)).maxAttempts
        }
        #expect(try attempts(nil) == 10)
        #expect(try attempts("") == 10)
        #expect(try attempts("3") == 3)
        #expect(try attempts("3", 5) == 5)
        for text in ["0", "-1", "x"] { #expect(throws: ConfigurationError.self) { try attempts(text) } }
    }
}
