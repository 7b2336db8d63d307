import ByteIO
import KeyTemplate

extension RenderContext {
    /// The machine name and variables that tests expect.
    static let test = RenderContext(host: [UInt8]("host/1".utf8), process: 4711) { name in
        ["HOME": [UInt8]("/home/a b".utf8), "EMPTY": [], "BYTES": [0xFF, 0x2F]][name]
    }
}

/// 2023-11-14T22:13:20.123456789Z
let testTime: UInt64 = 1_700_000_000_123_456_789

/// The KEY fields that a template gives lines, or the fault of a line.
func keys(
    _ template: String, _ lines: [[UInt8]], start: UInt64 = 0, readings: [UInt64] = []
) throws -> [String] {
    var renderer = KeyRenderer(
        try Template(parsing: [UInt8](template.utf8)), context: .test, firstSequenceNumber: start)
    var keys: [String] = []
    for (index, line) in lines.enumerated() {
        try renderer.read(line.bytes)
        try renderer.makeKey(
            line.bytes, number: UInt64(index + 1), readAt: index < readings.count ? readings[index] : testTime
        )
        keys.append(String(decoding: renderer.keyField, as: UTF8.self))
    }
    return keys
}

func key(_ template: String, _ line: String = "") throws -> String {
    try keys(template, [[UInt8](line.utf8)])[0]
}
