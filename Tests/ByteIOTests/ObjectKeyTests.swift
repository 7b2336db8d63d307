import ByteIO
import Testing

@Suite struct ObjectKeyTests {
    @Test(arguments: [
        ([UInt8](), ObjectKey.Problem.empty), (Array(repeating: 0x61, count: 1025), .tooLong(bytes: 1025)),
        ([0x61, 0xFF], .notUTF8), (Array(repeating: 0x61, count: 1024), nil), (Array("é\n".utf8), nil),
    ])
    func problems(key: [UInt8], problem: ObjectKey.Problem?) {
        #expect(ObjectKey.problem(of: key.bytes) == problem)
    }

    @Test func aLongKeyIsShortenedAfterAWholeCharacter() {
        let key = Array((String(repeating: "a", count: 79) + "éz").utf8)
        let text = ObjectKey.Problem.notUTF8.description(of: key)
        #expect(text == "'\(String(repeating: "a", count: 79))é...': the object's key is not UTF-8")
    }
}
