/// Response bodies that services add although none is expected.
///
/// A successful PUT has an empty body. A body may be the rest of an error, so it does not count as a success.
/// But if a HEAD has shown that the object was stored, the same body is harmless from then on, because a
/// service may add it to every response.
final class NeedlessBodies {
    private var harmless: [[UInt8]] = []
    /// The maximum number of remembered bodies, in case a service sends a different one each time.
    private static let most = 8

    /// True if `body` is blank or known to be harmless.
    func areHarmless(_ body: [UInt8]) -> Bool {
        body.allSatisfy(XMLElement.isSpace) || harmless.contains(body)
    }

    /// Records that a response with `body` was a success.
    func learn(_ body: [UInt8]) {
        guard harmless.count < Self.most, !areHarmless(body) else { return }
        harmless.append(body)
    }
}
