package import ByteIO

/// Turns lines into keyed records.
package struct KeyedLines: ~Copyable {
    private var renderer: KeyRenderer
    private var output: BlockWriter
    private let clock: Clock
    private var lineNumber: UInt64 = 0
    private var lineStart = 0

    package init(
        _ renderer: consuming KeyRenderer, output: consuming BlockWriter, clock: Clock = .system
    ) {
        self.renderer = renderer
        self.output = output
        self.clock = clock
    }

    package mutating func run(_ input: inout LineReader) throws(SystemError) {
        while !input.isAtEnd {
            try input.fill()
            let reading = clock.realtime()
            while let line = input.nextLine() {
                lineNumber += 1
                do {
                    try renderer.read(line)
                    try renderer.makeKey(line, number: lineNumber, readAt: reading)
                } catch { fatalError("\(error)") }
                try output.append(renderer.keyField, endedBy: UInt8(ascii: "\t"))
                try output.append(line, endedBy: UInt8(ascii: "\n"))
            }
        }
        try output.flush()
    }
}
