/// Bodies that come with answers that need none.
///
/// A PUT that succeeds has nothing to say besides its header fields. A body may be the rest of an error, so it is no
/// success; but where it was found out that an object was stored nevertheless, the same body is harmless from then
/// on, since a service may add it to every answer.
final class NeedlessBodies {
    private var harmless: [[UInt8]] = []
    /// A body that is different each time is not worth to be remembered.
    private static let most = 8

    /// True if `body` says nothing.
    func areHarmless(_ body: [UInt8]) -> Bool {
        body.allSatisfy(XMLElement.isSpace) || harmless.contains(body)
    }

    /// An answer with `body` has turned out to be a success.
    func learn(_ body: [UInt8]) {
        guard harmless.count < Self.most, !areHarmless(body) else { return }
        harmless.append(body)
    }
}
