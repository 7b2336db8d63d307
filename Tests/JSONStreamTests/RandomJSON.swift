import ByteIO
import Randomness
import SeparationHarness

/// The seeds 0..<count; a tenth of them under a sanitizer, where each takes ten times as long.
func seeds(_ count: Int) -> Range<Int> { 0..<(unsafe getenv("SANITIZED") == nil ? count : count / 10) }

/// Writes random texts, with the expected output.
struct RandomJSON {
    var random: SplitMix64
    /// The percentage of the places for white space that have some.
    var whiteSpacePercent: Int
    private(set) var pretty: [UInt8] = []
    private(set) var compact: [UInt8] = []

    init(seed: UInt64, whiteSpacePercent: Int = 30) {
        random = SplitMix64(seed: seed)
        self.whiteSpacePercent = whiteSpacePercent
    }

    /// Writes a stream of texts of about `size` bytes.
    mutating func stream(size: Int) {
        while pretty.count < size {
            let start = compact.count
            value(depth: 0)
            // Numbers and literals need white space between them; a line each is the usual case.
            let isScalar = compact[start] != UInt8(ascii: "{") && compact[start] != UInt8(ascii: "[")
            compact.append(0x0A)
            if isScalar || !chance(whiteSpacePercent / 4) { pretty.append(0x0A) }
            space()
        }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func put(_ text: String) {
        pretty += Array(text.utf8)
        compact += Array(text.utf8)
    }

    private mutating func space() {
        guard chance(whiteSpacePercent) else { return }
        for _ in 0..<Int.random(in: 1...(chance(10) ? 80 : 4), using: &random) {
            pretty.append([0x20, 0x20, 0x0A, 0x09, 0x0D].randomElement(using: &random) ?? 0x20)
        }
    }

    private mutating func value(depth: Int) {
        switch Int.random(in: 0..<(depth == 0 ? 22 : depth > 5 ? 12 : 16), using: &random) {
        case 0...1: put(["true", "false", "null"].randomElement(using: &random) ?? "null")
        case 2...6: number()
        case 7...11: string()
        case 12...13: array(depth)
        default: object(depth)
        }
    }

    private mutating func array(_ depth: Int) {
        put("[")
        space()
        for index in 0..<Int.random(in: 0...5, using: &random) {
            if index > 0 {
                put(",")
                space()
            }
            value(depth: depth + 1)
            space()
        }
        put("]")
    }

    private mutating func object(_ depth: Int) {
        put("{")
        space()
        for index in 0..<Int.random(in: 0...5, using: &random) {
            if index > 0 {
                put(",")
                space()
            }
            string()
            space()
            put(":")
            space()
            value(depth: depth + 1)
            space()
        }
        put("}")
    }

    private mutating func number() {
        var text = chance(30) ? "-" : ""
        text += chance(20) ? "0" : String(UInt64.random(in: 1...(chance(50) ? 99 : .max), using: &random))
        if chance(30) { text += "." + String(UInt32.random(in: 0...UInt32.max, using: &random)) }
        if chance(20) {
            text +=
                (["e", "E"].randomElement(using: &random) ?? "e")
                + (["", "+", "-"].randomElement(using: &random) ?? "")
                + String(Int.random(in: 0...999, using: &random))
        }
        put(text)
    }

    private mutating func string() {
        let parts = [
            "a", "key", " ", "{", "}", "[", "]", ",", ":", "true", "12", "\\\"", "\\\\", "\\/", "\\b", "\\f",
            "\\n",
            "\\r", "\\t", "\\u0041", "\\uD800", "\\uabcD", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}",
            "\u{D7FF}",
            "\u{FFFD}", "\u{10000}", "\u{10FFFF}",
            "the quick brown fox jumps over the lazy dog and on and on",
        ]
        put("\"")
        for _ in 0..<Int.random(in: 0...(chance(10) ? 12 : 3), using: &random) {
            put(parts.randomElement(using: &random) ?? "")
        }
        put("\"")
    }
}
