import ByteIO
import S3Lines
import Testing

struct FilterComplaintsTests {
    private func take(_ pieces: [String]) -> [String] {
        var complaints = FilterComplaints()
        #expect(complaints.isEmpty)
        var lines: [[UInt8]] = []
        for piece in pieces { lines += complaints.take([UInt8](piece.utf8).bytes) }
        if let last = complaints.end() { lines.append(last) }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func areSplitIntoLines() {
        #expect(take(["one\ntw", "o\n", "\nthree"]) == ["one", "two", "", "three"])
        #expect(take([]) == [])
    }

    @Test func areTruncatedIfTheyAreLong() {
        let limit = FilterComplaints.longestLine
        let long = String(repeating: "x", count: 3 * limit)
        #expect(take([long, long + "\nshort\n"]) == [String(repeating: "x", count: limit) + "...", "short"])
        #expect(take([String(repeating: "x", count: limit)]) == [String(repeating: "x", count: limit)])
    }
}
