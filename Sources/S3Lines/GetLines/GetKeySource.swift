import ByteIO
import S3Core

/// Hands out one requested object after the other, and says what has to happen for there to be more.
///
/// What is malformed, or fails, ends the keys where it stands: those before it are handed out.
struct KeySource: ~Copyable {
    private let selection: KeySelection
    private let location: Location
    private let origin: KeyOrigin
    private var nextOperand = 0
    private var lineNumber = 0
    private var listing: ObjectListing
    private var listed: [ListObjectsV2.Object] = []
    private var nextListed = 0
    private var end: KeyArrival?

    /// The next page is asked for as soon as no more than this many listed keys are left.
    private static let fewListed = 1000

    init(_ origin: KeyOrigin, in location: Location, shard: Shard) {
        self.origin = origin
        self.location = location
        selection = KeySelection(location, shard: shard)
        var startAfter: [UInt8]?
        if case .listing(let key?) = origin { startAfter = location.prefix + key }
        listing = ObjectListing(prefix: location.prefix, startAfter: startAfter, readsDetails: true)
    }

    /// The next requested object, if it is known.
    ///
    /// - Parameter input: what was read of standard input.
    mutating func next(_ input: inout LineReader) -> KeyArrival {
        if let end { return end }
        do throws(StopReason) {
            switch origin {
            case .operands(let keys): return try nextOperand(of: keys)
            case .input: return try nextLine(&input)
            case .listing: return try nextListedObject()
            }
        } catch {
            return finish(error)
        }
    }

    private mutating func finish(_ reason: StopReason? = nil) -> KeyArrival {
        end = .end(reason)
        return .end(reason)
    }

    private mutating func nextOperand(of keys: [[UInt8]]) throws(StopReason) -> KeyArrival {
        while nextOperand < keys.count {
            let field = keys[nextOperand]
            nextOperand += 1
            let name = "KEY '\(Diagnostics.printable(field))'"
            if let object = try selection.object(field: field.bytes, place: name) { return .object(object) }
        }
        return finish()
    }

    // MARK: standard input

    /// True if standard input should be read once it can be.
    var wantsInput: Bool {
        if case .input = origin { return end == nil }
        return false
    }

    /// Standard input cannot be read any further.
    mutating func inputFailed(_ error: SystemError) { end = .end(.system(error)) }

    private mutating func nextLine(_ input: inout LineReader) throws(StopReason) -> KeyArrival {
        while let line = input.nextLine(atMost: selection.longestField + 1) {
            lineNumber += 1
            let number = lineNumber
            if let object = try selection.object(line: line, place: "standard input: line \(number)") {
                return .object(object)
            }
        }
        return input.isAtEnd ? finish() : .later
    }

    // MARK: the list

    /// The operation that lists more keys, if it is time for it.
    mutating func nextPage() -> ListObjectsV2? {
        guard case .listing = origin, end == nil, listed.count - nextListed <= Self.fewListed else {
            return nil
        }
        return listing.next()
    }

    /// What `nextPage` gave has ended.
    mutating func received(_ page: Result<ListObjectsV2.Page, S3Error>) {
        do throws(S3Error) {
            let page = try page.get()
            try listing.received(page)
            listed.removeFirst(nextListed)
            nextListed = 0
            listed += page.objects
        } catch {
            failure = .service(error, context: location.description)
        }
    }
    /// Why there will be no more pages.
    private var failure: StopReason?

    private mutating func nextListedObject() throws(StopReason) -> KeyArrival {
        while nextListed < listed.count {
            nextListed += 1
            if let object = try selection.object(listed: listed[nextListed - 1]) { return .object(object) }
        }
        if let failure { throw failure }
        return listing.isAtEnd ? finish() : .later
    }
}
