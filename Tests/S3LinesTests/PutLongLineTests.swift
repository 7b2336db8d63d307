import ByteIO
import S3Lines
import Testing

@Suite struct PutLongLineTests {
    private func next(
        _ line: inout PutLongLine<Int>, _ text: String, isLast: Bool = false
    ) -> [Int]? {
        let bytes = [UInt8](text.utf8)
        return line.next(bytes.bytes, isLast: isLast).map { [$0.count, $0.used, $0.endsLine ? 1 : 0] }
    }

    @Test func theLineEndsAtItsNewline() {
        var line = PutLongLine<Int>()
        #expect(!line.isUnderWay && next(&line, "x") == nil)
        line.begin(.append(7))
        #expect(line.isUnderWay && line.object == 7)
        #expect(next(&line, "abc") == [3, 3, 0])
        #expect(next(&line, "") == nil)
        #expect(next(&line, "de\nf\n") == [2, 3, 1])
        #expect(!line.isUnderWay && line.object == nil && line.end() == nil)
    }

    @Test func theEndOfInputEndsTheLine() {
        var line = PutLongLine<Int>()
        line.begin(.reject)
        #expect(next(&line, "ab", isLast: true) == [2, 2, 1])
        line.begin(.ignore)
        #expect(next(&line, "", isLast: true) == [0, 0, 1])
        #expect(!line.isUnderWay)
    }

    @Test func anEarlyEndReturnsTheFate() {
        var line = PutLongLine<Int>()
        line.begin(.append(3))
        guard case .append(3) = line.end() else {
            Issue.record("not its object")
            return
        }
        #expect(!line.isUnderWay)
    }

    @Test func aKeyFieldHasAMaximumLength() {
        let longest = KeySelection.longestEscapedField
        func length(_ key: Int) -> Int? {
            let bytes = [UInt8](repeating: 0x61, count: key) + [0x09] + [UInt8](repeating: 0x62, count: 9)
            return PutLongLine<Int>.keyLength(bytes.bytes)
        }
        #expect(length(0) == 0 && length(longest) == longest && length(longest + 1) == nil)
    }
}
