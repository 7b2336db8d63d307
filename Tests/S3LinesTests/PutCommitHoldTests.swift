import ByteIO
import S3Lines
import Testing

/// The state machines that process records.
@Suite struct PutCommitHoldTests {
    private func records(_ held: [PutCommitHold.Held]) -> [String] {
        held.map { "\($0.line) " + String(decoding: $0.record, as: UTF8.self) }
    }

    /// The data records in order, and the result of `end`.
    private func run(
        _ lines: [String], maxOpen: Int = 1, lastField: String = ""
    ) -> (placed: [String], end: [String]?) {
        var hold = PutCommitHold(line: [UInt8]("EOF".utf8), maxOpen: maxOpen)
        var placed: [String] = []
        for (index, line) in lines.enumerated() {
            let record = [UInt8](line.utf8)
            switch hold.take(record.bytes, line: index + 1) {
            case .hold(let released): placed += records(released)
            case .place(let released): placed += records(released) + ["\(index + 1) " + line]
            }
        }
        return (placed, hold.end(lastField: [UInt8](lastField.utf8)).map(records))
    }

    @Test func theLastRecordIsHeldBack() {
        #expect(run(["a\tx", "b\tEOF"]) == (["1 a\tx"], []))
        #expect(run(["b\tEOF"]) == ([], []))
    }

    @Test func withoutItTheInputIsIncomplete() {
        #expect(run(["a\tx"]) == (["1 a\tx"], nil))
        #expect(run([]) == ([], nil))
    }

    @Test func anywhereElseItIsData() {
        #expect(run(["a\tEOF", "a\tx"]) == (["1 a\tEOF", "2 a\tx"], nil))
        #expect(run(["a\tEOF", "a\tEOF"]) == (["1 a\tEOF"], []))
        #expect(run(["a\tEOFs", "a\t EOF"]) == (["1 a\tEOFs", "2 a\t EOF"], nil))
    }

    @Test func closeRecordsMayFollowIt() {
        #expect(run(["a\tx", "b\tEOF", "a"]) == (["1 a\tx"], ["3 a"]))
        #expect(run(["b\tEOF", "a", "b\tx"]) == (["1 b\tEOF", "2 a", "3 b\tx"], nil))
    }

    @Test func itsOwnKeyStartsNoObject() {
        #expect(run(["b\tEOF", "b"]) == ([], []))
        #expect(run(["b\tx", "b\tEOF", "b"], lastField: "b") == (["1 b\tx"], ["3 b"]))
    }

    /// Otherwise the input could use unlimited memory.
    @Test func moreCloseRecordsThanObjectsCanBeOpenAreNotHeld() {
        let many = ["b\tEOF", "1", "2", "3", "4"]
        #expect(run(many, maxOpen: 3) == ([], ["2 1", "3 2", "4 3", "5 4"]))
        #expect(run(many, maxOpen: 2) == (["1 b\tEOF", "2 1", "3 2", "4 3", "5 4"], nil))
    }
}
