import ByteIO
import Randomness
import S3Core
import S3Lines

/// A service in memory that responds in random order, fails at random and validates its requests.
final class PutFakeStore: PutStore, RunService {
    struct Violation: Equatable { let text: String }

    private struct Request {
        let key: [UInt8]
        /// Runs the response.
        let answer: (_ fails: Bool) -> Void
        let cancel: () -> Void
    }

    private struct Upload {
        let key: [UInt8]
        var parts: [Int: [UInt8]] = [:]
        var underWay = 0
    }

    private var random: SplitMix64
    private let failureRate: Double
    private var requests: [Int: Request] = [:]
    private var nextRequest = 0
    private var uploads: [[UInt8]: Upload] = [:]
    private var nextUpload = 0
    private let minPartSize: Int
    private var bytesUnderWay = 0

    let wantsEqualParts: Bool
    var partRules: PartRules { PartRules(areEqual: wantsEqualParts) }
    let connections: Int
    var mostConnections: Int { connections }
    private(set) var objects: [[UInt8]: [UInt8]] = [:]
    private(set) var violations: [String] = []
    private(set) var mostBytes = 0
    private(set) var abortedUploads = 0
    private(set) var completedUploads = 0
    private var conflicted: Set<[UInt8]> = []

    init(
        seed: UInt64, failureRate: Double, minPartSize: Int, wantsEqualParts: Bool, connections: Int
    ) {
        random = SplitMix64(seed: seed)
        self.failureRate = failureRate
        self.minPartSize = minPartSize
        self.wantsEqualParts = wantsEqualParts
        self.connections = connections
    }

    var pending: Int { requests.count }
    var wakeUp: @Sendable () -> Void { {} }
    var notice: ((String) -> Void)?
    /// The number of objects that were stored in spite of a conflict.
    var replayed: Int { conflicted.count { objects[$0] != nil } }
    var openUploads: Int { uploads.count }

    private func ask(_ key: [UInt8], cancel: @escaping () -> Void = {}, _ answer: @escaping (Bool) -> Void)
        -> Int
    {
        nextRequest += 1
        requests[nextRequest] = Request(key: key, answer: answer, cancel: cancel)
        return nextRequest
    }

    private var cancelled: [Int] = []

    private func endCancelled() {
        while !cancelled.isEmpty { requests.removeValue(forKey: cancelled.removeFirst())?.cancel() }
    }

    private func took(_ block: ByteBlock) {
        bytesUnderWay += block.capacity
        mostBytes = max(mostBytes, bytesUnderWay)
    }

    private static var failure: S3Error { S3Error(.serverFailed, "at random") }

    func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel {
        _ = ask([]) { _ in completion(.success(())) }
        return {}
    }

    func put(_ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void) {
        took(body)
        _ = ask(key) { [self] fails in
            bytesUnderWay -= body.capacity
            if fails { return completion(.failure(Self.failure)) }
            store(key, body.bytes.array)
            completion(.success([0x22, 0x22]))
        }
    }

    func create(_ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void) -> PutCancel {
        _ = ask(key) { [self] fails in
            if fails { return completion(.failure(Self.failure)) }
            nextUpload += 1
            let id = [UInt8]("upload-\(nextUpload)".utf8)
            uploads[id] = Upload(key: key)
            completion(.success(id))
        }
        // As if it had been sent already.
        return {}
    }

    func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel {
        took(body)
        if uploads[id]?.key != key { violations.append("part of an unknown upload") }
        uploads[id]?.underWay += 1
        let ended = { [self] in
            bytesUnderWay -= body.capacity
            uploads[id]?.underWay -= 1
        }
        let number = ask(key) {
            ended()
            completion(.failure(S3Error(.cancelled, "cancelled")))
        } _: { [self] fails in
            ended()
            if fails { return completion(.failure(Self.failure)) }
            uploads[id]?.parts[part] = body.bytes.array
            completion(.success(UploadedPart(number: part, etag: [UInt8(truncatingIfNeeded: part)])))
        }
        return { [self] in cancelled.append(number) }
    }

    func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        _ = ask(key) { [self] fails in
            guard let upload = uploads[id] else { return violations.append("complete of an unknown upload") }
            if fails { return completion(.failure(Self.failure)) }
            if failureRate > 0, Int.random(in: 0..<4, using: &random) == 0 {
                // With the conflict the upload is dropped, or not.
                if Bool.random(using: &random) { uploads[id] = nil }
                conflicted.insert(key)
                return completion(.failure(S3Error(.conflict, "at random")))
            }
            let numbers = parts.map(\.number)
            let sizes = numbers.map { upload.parts[$0]?.count ?? -1 }
            if numbers != Array(1...max(1, numbers.count)) { violations.append("parts \(numbers)") }
            if sizes.dropLast().contains(where: { $0 < minPartSize }) { violations.append("sizes \(sizes)") }
            if wantsEqualParts, Set(sizes.dropLast()).count > 1 || (sizes.last ?? 0) > (sizes.first ?? 0) {
                violations.append("unequal sizes \(sizes)")
            }
            if upload.underWay > 0 { violations.append("completed while parts are under way") }
            if sizes.reduce(0, +) != size { violations.append("size \(size) of \(sizes)") }
            store(key, numbers.flatMap { upload.parts[$0] ?? [] })
            uploads[id] = nil
            completedUploads += 1
            completion(.success([0x22, 0x22]))
        }
    }

    func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void) {
        if let upload = uploads[id], upload.underWay > 0 {
            violations.append("aborted while parts are under way")
        }
        _ = ask(key) { [self] _ in
            if uploads.removeValue(forKey: id) != nil { abortedUploads += 1 }
            completion(nil)
        }
    }

    private func store(_ key: [UInt8], _ bytes: [UInt8]) {
        if objects[key] != nil { violations.append("\(String(decoding: key, as: UTF8.self)) overwritten") }
        objects[key] = bytes
    }

    func cancelUnsent() {}
    func hurry() {}

    func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        endCancelled()
        for number in requests.keys.sorted() where Int.random(in: 0..<3, using: &random) == 0 {
            guard let request = requests.removeValue(forKey: number) else { continue }
            request.answer(Double.random(in: 0..<1, using: &random) < failureRate)
        }
        var polled = descriptors.map(\.request)
        unsafe poll(&polled, UInt(polled.count), requests.isEmpty ? 10 : 0)
        return polled.map { $0.revents != 0 }
    }
}
