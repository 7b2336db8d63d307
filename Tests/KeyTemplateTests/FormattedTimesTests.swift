import ByteIO
import Randomness
import Testing

@testable import KeyTemplate

@Suite struct FormattedTimesTests {
    /// The cached text is always the same as a new one.
    @Test(arguments: [
        "%Y-%m-%d", "%F/%H", "%I%p", "%H:%M", "%T", "%s", "text",
        "%A %d %B %Y, ISO week %G-%V, longer than kept",
    ])
    func agreeWithTheFormat(format: String) throws {
        let plain = try TimeFormat(parsing: [UInt8](format.utf8))
        var remembering = FormattedTimes(plain)
        var random = SplitMix64(seed: 9)
        var time = 0
        for _ in 0..<3000 {
            let step = [1, 59, 3600, 86_400, 86_400 * 512, -3601].randomElement(using: &random) ?? 1
            time = Bool.random(using: &random) ? time : time + step
            var expected = ByteBuffer()
            var text = ByteBuffer()
            plain.append(time, to: &expected)
            remembering.append(time, to: &text)
            #expect(text.bytes.array == expected.bytes.array, "\(time)")
        }
    }
}
