import S3Lines
import Testing

@Suite struct PutPartWindowTests {
    /// A service with a throughput per connection and in total, in bytes per millisecond.
    private struct Service {
        let connection: Double
        let all: Double
    }

    private static let part = 5_000_000

    /// Keeps the window full, like fast input, or keeps `available` parts in it.
    ///
    /// - Returns: the limit after each part.
    private func limits(
        _ service: Service, _ window: inout PutPartWindow, parts: Int, available: Int = .max
    ) -> [Int] {
        var limits: [Int] = []
        var left: [Double] = []
        var now = 0
        while limits.count < parts {
            while left.count < min(window.limit, available) {
                left.append(Double(Self.part))
                window.added(held: left.count)
            }
            now += 1
            let speed = min(service.connection, service.all / Double(left.count))
            for index in left.indices { left[index] -= speed }
            while let index = left.firstIndex(where: { $0 <= 0 }) {
                window.stored(bytes: Self.part, now: now)
                left.remove(at: index)
                limits.append(window.limit)
            }
        }
        return limits
    }

    @Test func growsIfConnectionsAreSlowAndThePathIsFast() {
        var window = PutPartWindow(connections: 64)
        // 50 MB/s each, 1 GB/s in total: twenty connections are enough.
        let limits = limits(Service(connection: 50_000, all: 1_000_000), &window, parts: 400)
        #expect(limits.contains(24))
        #expect(limits.last == 24 || limits.last == 12)
    }

    @Test func staysSmallIfMorePartsAreNotFaster() {
        var window = PutPartWindow(connections: 64)
        let limits = limits(Service(connection: 1_000_000, all: 100_000), &window, parts: 400)
        #expect(limits.max() == 12, "once more were tried")
        #expect(limits.last == 6)
        // The doubled limit is a rare exception.
        #expect(limits.count { $0 > 6 } < limits.count / 4)
    }

    @Test func triesAgainLaterAndAdapts() {
        var window = PutPartWindow(connections: 64)
        _ = limits(Service(connection: 1_000_000, all: 100_000), &window, parts: 100)
        #expect(window.limit == 6)
        _ = limits(Service(connection: 10_000, all: 1_000_000), &window, parts: 800)
        #expect(window.limit == 48)
    }

    @Test func slowInputChangesNothing() {
        var window = PutPartWindow(connections: 64)
        let limits = limits(Service(connection: 10_000, all: 1_000_000), &window, parts: 200, available: 5)
        #expect(limits.allSatisfy { $0 == 6 })
    }

    @Test(arguments: [(1, 2), (2, 3), (3, 4), (10, 6), (11, 12)])
    func holdsAtMostOnePartMoreThanConnections(connections: Int, most: Int) {
        var window = PutPartWindow(connections: connections)
        let service = Service(connection: 10_000, all: 1_000_000)
        #expect(limits(service, &window, parts: 200).allSatisfy { $0 <= most })
    }

    @Test func manyPartsThatEndTogetherTakeNoTime() {
        var window = PutPartWindow(connections: 64)
        for _ in 0..<1000 {
            window.added(held: window.limit)
            window.stored(bytes: Self.part, now: 7)
        }
        #expect((6...48).contains(window.limit))
    }
}
