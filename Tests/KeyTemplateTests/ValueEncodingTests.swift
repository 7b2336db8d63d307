import ByteIO
import KeyTemplate
import Randomness
import Testing

@Suite struct ValueEncodingTests {
    @Test func keepsS3SafeCharactersAndEncodesOthers() {
        let safe = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!-_.*'()".utf8)
        for byte in UInt8.min...UInt8.max {
            var key = ByteBuffer()
            ValueEncoding.append([byte].bytes, to: &key)
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            let encoded = "%" + (hexadecimal.count < 2 ? "0" : "") + hexadecimal
            #expect(key.bytes.array == (safe.contains(byte) ? [byte] : [UInt8](encoded.utf8)))
        }
    }

    @Test(arguments: [
        ("{col:1}", "..", "%2E%2E"), ("{col:1}", ".", "%2E"), ("{col:1}", "...", "..."),
        ("{col:1}", ".a", ".a"),
        ("a/{col:1}/b", "..", "a/%2E%2E/b"), ("u={col:1}/b", "..", "u=../b"),
        ("{col:1}{col:2}", ".\t.", "%2E%2E"),
        (".{col:1}", ".", ".%2E"), ("{col:1}.", ".", "%2E."), (".{col:1}", "..", "..."),
        ("{col:1}/..", "x", "x/.."),
        ("{col:1}{col:2}/x", ".\t", "%2E/x"), ("{col:1!}", "..", ".."),
        ("{col:1!}{col:2}", "a/\t..", "a/%2E%2E"),
        ("{col:1!}{col:2}/{col:1}", ".\t.", ".%2E/%2E"), ("{col:9?..}", "", ".."), ("{col:1}/x", "", "/x"),
    ])
    func encodesDotsOfPathTraversal(template: String, line: String, expected: String) throws {
        #expect(try key(template, line) == expected)
    }

    /// For any values: keys have only the template's slashes, no control bytes and no path traversal, and
    /// decoding restores the values.
    @Test(arguments: [UInt64(1), 7, .random(in: 0...UInt64.max)])
    func valuesStayInTheirSegment(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let templates = [
            "{col:1}", "a/{col:1}", "{col:1}/b", "{col:1}/{col:2}", "p={col:1}/q={col:2}/x",
            "a/{col:1}{col:2}/b",
        ]
        for _ in 0..<800 {
            let values = (0..<2).map { _ in value(&random) }
            let template = templates.randomElement(using: &random) ?? ""
            guard let key = try? keys(template, [values[0] + [0x09] + values[1]])[0] else {
                #expect(template == "{col:1}" && values[0].isEmpty, "seed \(seed): \(template) \(values)")
                continue
            }
            let segments = key.split(separator: "/", omittingEmptySubsequences: false)
            let shape = template.split(separator: "/", omittingEmptySubsequences: false)
            #expect(segments.count == shape.count, "seed \(seed): \(template) \(values) \(key)")
            #expect(!segments.contains(".") && !segments.contains(".."), "seed \(seed): \(key)")
            #expect(key.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "seed \(seed): \(key)")
            for (segment, fields) in zip(segments, shape) {
                #expect(
                    decoded(segment) == filled(fields, values), "seed \(seed): \(template) \(values) \(key)")
            }
        }
    }

    private func value(_ random: inout SplitMix64) -> [UInt8] {
        let pool: [UInt8] =
            Bool.random(using: &random) ? [0x2E, 0x2E, 0x2F] : Array(0...255).filter { $0 != 9 }
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in pool.randomElement(using: &random) ?? 0
        }
    }

    private func decoded(_ segment: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(segment.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    private func filled(_ fields: Substring, _ values: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = fields
        while let character = rest.first {
            if let number = rest.firstMatch(of: /^\{col:([12])\}/)?.1 {
                bytes += values[number == "1" ? 0 : 1]
                rest = rest.dropFirst(7)
            } else {
                bytes += Array(String(character).utf8)
                rest = rest.dropFirst()
            }
        }
        return bytes
    }
}
