import Randomness
import S3Core
import S3Lines
import Testing

/// The requests sent to different kinds of services, and the keys confirmed.
@Suite struct DeletePlanTests {
    @Test func keysAreSentInBatchesOfAThousand() {
        var service = Service()
        let confirmed = service.delete(keys(2500), comparesETags: false)
        #expect(confirmed == keys(2500).map(\.key) && service.objects.isEmpty)
        #expect(service.batches.map(\.count).sorted() == [500, 1000, 1000])
    }

    @Test func aPartialBatchWaitsForAPause() {
        var plan = plan(comparesETags: false)
        for object in keys(10) { plan.add(key: object.key, object: object) }
        #expect(plan.next(now: 0, isPaused: false) == nil)
        guard case .batch(let number, let objects)? = plan.next(now: 0, isPaused: true) else {
            Issue.record("no batch")
            return
        }
        #expect(objects.count == 10 && plan.nextConfirmed() == nil)
        // The outcome of the last batch arrives first.
        plan.answered(number, batch: .success(.init(deleted: Set(keys(10).map(\.key)), failed: [:])), now: 0)
        #expect(plan.nextConfirmed() == keys(10)[0].key)
    }

    @Test func confirmationsKeepTheOrderOfTheInput() {
        for seed in 0..<20 {
            var service = Service(random: SplitMix64(seed: UInt64(seed)))
            service.failures = 0.2
            let isRight = service.delete(keys(3000), comparesETags: false) == keys(3000).map(\.key)
            #expect(isRight)
            // Only failed keys were requested again.
            let asked = service.batches.reduce(0) { $0 + $1.count }
            #expect(asked < 3000 * 3 / 2 && service.objects.isEmpty)
        }
    }

    @Test func aPermanentFailureIsReportedOnceAndSkipped() {
        var service = Service()
        service.denied = [keys(3)[1].key]
        #expect(service.delete(keys(3), comparesETags: false) == [keys(3)[0].key, keys(3)[2].key])
        #expect(
            service.reported.map(\.key) == [keys(3)[1].key] && service.reported[0].error.kind == .accessDenied
        )
        #expect(service.batches.count == 1)
    }

    @Test(
        arguments: [
            [0x0A], [0x61, 0x0D], [0x01], [0x7F, 0x1F], [0xEF, 0xBF, 0xBE], [0x61, 0xEF, 0xBF, 0xBF],
        ] as [[UInt8]])
    func aKeyThatXMLCannotContainIsDeletedAlone(key: [UInt8]) {
        #expect(!DeleteObjects.isCarriable(key))
        var service = Service()
        let objects = keys(2) + [DeleteObjects.Object(key: key)]
        #expect(service.delete(objects, comparesETags: false) == objects.map(\.key))
        #expect(service.batches.count == 1 && service.alone == [key])
    }

    @Test(arguments: ["\u{7F}", "é", "\u{FFFD}", "😀", " ", "<&>\"'", "\u{EFFF}"])
    func otherKeysAreSentInBatches(key: String) { #expect(DeleteObjects.isCarriable([UInt8](key.utf8))) }

    @Test func aRepeatedKeyIsConfirmedTwice() {
        var service = Service()
        let objects = keys(3) + keys(3)
        #expect(service.delete(objects, comparesETags: false) == objects.map(\.key))
        #expect(service.batches.map(\.count) == [3, 3])
    }

    @Test(arguments: [S3Error.Kind.refused, .notS3])
    func withoutDeleteObjectsEachKeyIsDeletedAlone(kind: S3Error.Kind) {
        var service = Service()
        service.batchError = S3Error(kind, "no")
        service.batchError?.status = 405
        #expect(service.delete(keys(2300), comparesETags: false) == keys(2300).map(\.key))
        #expect(service.batches.count <= 3 && service.alone.count == 2300)
    }

    @Test(arguments: [S3Error.Kind.noSuchBucket, .accessDenied, .credentialsRefused, .unreachable])
    func anErrorOfTheWholeRunStopsIt(kind: S3Error.Kind) {
        var service = Service()
        service.batchError = S3Error(kind, "no")
        #expect(service.delete(keys(2300), comparesETags: false).isEmpty && service.stop?.kind == kind)
        #expect(service.reported.isEmpty)
    }

    @Test func aKeyMissingFromResponsesFailsAfterAllRetries() {
        var service = Service()
        service.unmentioned = [keys(3)[0].key]
        #expect(service.delete(keys(3), comparesETags: false) == [keys(3)[1].key, keys(3)[2].key])
        #expect(service.reported.count == 1 && service.reported[0].error.attempts == 10)
    }

    // MARK: ETags

    /// Whether or not a service compares ETags, a replaced object is never deleted.
    @Test(arguments: Service.Compares.allCases, [true, false])
    func aReplacedObjectIsNotDeleted(compares: Service.Compares, hasBatches: Bool) {
        var service = Service(compares: compares)
        if !hasBatches { service.batchError = S3Error(.refused, "no") }
        let wanted = keys(40, etag: "a")
        service.replaced = Set(wanted.enumerated().filter { $0.offset % 3 == 1 }.map(\.element.key))
        service.missing = [wanted[0].key, wanted[17].key]
        let confirmed = service.delete(wanted, comparesETags: true)
        let stays = service.replaced
        #expect(service.objects.isSuperset(of: stays), "nothing that was replaced went")
        switch compares {
        case .both, .alone:
            #expect(service.stop == nil && Set(service.reported.map(\.key)) == stays)
            #expect(confirmed == wanted.map(\.key).filter { !stays.contains($0) })
            #expect(service.objects == stays)
            #expect(compares == .both && hasBatches ? service.alone.isEmpty : service.batches.count <= 2)
        case .neither:
            #expect(service.stop?.kind == .configuration)
            #expect(wanted.count - service.objects.count <= 5)
        case .batches:
            #expect(hasBatches ? service.stop == nil : service.stop?.kind == .configuration)
        }
    }

    @Test func aServiceKnownToCompareETagsIsNotTested() {
        var service = Service()
        let wanted = keys(1500, etag: "a")
        #expect(service.delete(wanted, comparesETags: true, trusts: true) == wanted.map(\.key))
        #expect(service.requests == 2)
    }

    @Test func quotesOfETagsDoNotMatter() {
        var service = Service(compares: .alone)
        let wanted = keys(3).map { DeleteObjects.Object(key: $0.key, etag: [UInt8]("a".utf8)) }
        #expect(service.delete(wanted, comparesETags: true) == wanted.map(\.key))
    }

    private func keys(_ count: Int, etag: String? = nil) -> [DeleteObjects.Object] {
        (0..<count).map {
            DeleteObjects.Object(key: [UInt8]("k\($0)".utf8), etag: etag.map { [UInt8]("\"\($0)\"".utf8) })
        }
    }
}

private func plan(comparesETags: Bool, trusts: Bool = false) -> DeletePlan {
    DeletePlan(
        comparesETags: comparesETags, trustsService: trusts,
        retry: RetryPolicy(maxAttempts: 10, random: SplitMix64(seed: 1)))
}

extension DeletePlanTests {
    /// A simulated service with objects, in virtual time.
    struct Service {
        enum Compares: CaseIterable, Sendable { case both, batches, alone, neither }

        var compares = Compares.both
        var random = SplitMix64(seed: 3)
        var failures = 0.0
        var denied: Set<[UInt8]> = []
        var unmentioned: Set<[UInt8]> = []
        var replaced: Set<[UInt8]> = []
        var missing: Set<[UInt8]> = []
        var batchError: S3Error?

        var objects: Set<[UInt8]> = []
        var batches: [[DeleteObjects.Object]] = []
        var alone: [[UInt8]] = []
        var requests = 0
        var reported: [(key: [UInt8], error: S3Error)] = []
        var stop: S3Error?

        init(compares: Compares = .both, random: SplitMix64 = SplitMix64(seed: 3)) {
            self.compares = compares
            self.random = random
        }

        /// - Returns: the confirmed keys, in order.
        mutating func delete(_ wanted: [DeleteObjects.Object], comparesETags: Bool, trusts: Bool = false)
            -> [[UInt8]]
        {
            objects = Set(wanted.map(\.key)).subtracting(missing)
            var plan = plan(comparesETags: comparesETags, trusts: trusts)
            for object in wanted { plan.add(key: object.key, object: object) }
            var confirmed: [[UInt8]] = []
            var now = 0
            while !plan.isEmpty && plan.stop == nil && now < 1_000_000 {
                var underWay: [DeletePlan.Request] = []
                while underWay.count < 8, let request = plan.next(now: now, isPaused: true) {
                    underWay.append(request)
                }
                now += plan.untilDue(now: now).map { underWay.isEmpty ? max(1, $0) : 1 } ?? 1
                for request in underWay.shuffled(using: &random) { answer(request, &plan, now: now) }
                reported += plan.takeFailures()
                while let key = plan.nextConfirmed() { confirmed.append(key) }
            }
            while let key = plan.nextConfirmed(passingOver: true) { confirmed.append(key) }
            stop = plan.stop
            return confirmed
        }

        private func etag(of key: [UInt8]) -> [UInt8] {
            [UInt8]((replaced.contains(key) ? "\"b\"" : "\"a\"").utf8)
        }

        private mutating func answer(_ request: DeletePlan.Request, _ plan: inout DeletePlan, now: Int) {
            requests += 1
            switch request {
            case .batch(let number, let batch):
                batches.append(batch)
                if let batchError { return plan.answered(number, batch: .failure(batchError), now: now) }
                var deleted: Set<[UInt8]> = []
                var failed: [[UInt8]: S3Error] = [:]
                for object in batch {
                    let honours = compares == .both || compares == .batches
                    if denied.contains(object.key) {
                        failed[object.key] = S3Error(.accessDenied, "no")
                    } else if unmentioned.contains(object.key) {
                        continue
                    } else if honours, let wanted = object.etag, objects.contains(object.key),
                        wanted != etag(of: object.key)
                    {
                        failed[object.key] = S3Error(.preconditionFailed, "no")
                    } else if Double.random(in: 0..<1, using: &random) < failures,
                        objects.contains(object.key),
                        batch.count > 100
                    {
                        failed[object.key] = S3Error(.serverFailed, "later")
                    } else {
                        deleted.insert(object.key)
                        objects.remove(object.key)
                    }
                }
                plan.answered(number, batch: .success(.init(deleted: deleted, failed: failed)), now: now)
            case .one(let number, let key, let ifMatch):
                alone.append(key)
                let honours = compares == .both || compares == .alone
                if honours, let ifMatch, objects.contains(key), bare(ifMatch) != bare(etag(of: key)) {
                    return plan.answered(number, one: S3Error(.preconditionFailed, "no"), now: now)
                }
                objects.remove(key)
                plan.answered(number, one: nil, now: now)
            case .head(let number, let key):
                plan.answered(
                    number,
                    head: objects.contains(key)
                        ? .success(etag(of: key)) : .failure(S3Error(.noSuchKey, "none")))
            }
        }

        private func bare(_ etag: [UInt8]) -> [UInt8] { etag.filter { $0 != 0x22 } }
    }
}
