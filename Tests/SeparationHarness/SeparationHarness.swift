import ByteIO
package import JSONStream

/// The result of separating a stream of bytes, independent of how it was fed.
package struct Separated: Equatable, CustomStringConvertible {
    package var output: [UInt8] = []
    package var skipped: [UInt8] = []
    package var errors: [InvalidValue] = []
    package var validCount = 0

    package init(
        output: [UInt8] = [], skipped: [UInt8] = [], errors: [InvalidValue] = [], validCount: Int = 0
    ) {
        self.output = output
        self.skipped = skipped
        self.errors = errors
        self.validCount = validCount
    }

    package var description: String {
        let errors = errors.map(\.description).joined(separator: " | ")
        return "'\(text(output))' skipped '\(text(skipped))' \(validCount) valid, errors: \(errors)"
    }
}

/// How the bytes are fed to the splitter.
package struct Delivery {
    /// The lengths of the pieces, used in rotation; empty for all at once.
    package var pieces: [Int]
    /// Whether there is a wait after each piece.
    package var pauses: Bool
    package var kernel: VectorKernel?
    /// If false, the inside of a failed value is scanned again.
    package var resumesInside: Bool

    package init(
        pieces: [Int] = [], pauses: Bool = false, kernel: VectorKernel? = nil, resumesInside: Bool = true
    ) {
        self.pieces = pieces
        self.pauses = pauses
        self.kernel = kernel
        self.resumesInside = resumesInside
    }
}

/// Runs `input` through a splitter in the same way as json-sep.
package func separate(
    _ input: [UInt8], _ options: SplitOptions = SplitOptions(), skipping: Bool = false,
    _ delivery: Delivery = Delivery()
) -> Separated {
    var result = Separated()
    var splitter = ValueSplitter(
        options, kernel: delivery.kernel, resumesInside: delivery.resumesInside)
    var start = 0
    var end = 0
    var turn = 0
    var supply = ValueSplitter.Supply.flowing
    while true {
        let unread = Array(input[start..<end])
        let step = splitter.step(unread.bytes, supply)
        start += step.consumed
        switch step.outcome {
        case .verbatim: result.output += unread[..<step.consumed]
        case .compacted: result.output += splitter.lines.bytes.extracting(first: step.written).array
        case .skipped: result.skipped += unread[..<step.consumed]
        case .invalid(let invalid):
            result.errors.append(invalid)
            result.validCount = splitter.validCount
            if !skipping { return result }
            splitter.skipInvalid()
        case .finished:
            result.validCount = splitter.validCount
            return result
        case .starved:
            if supply == .flowing, delivery.pauses, end > 0 {
                supply = .pausing
            } else if end == input.count {
                supply = .ended
            } else {
                let size =
                    delivery.pieces.isEmpty ? input.count : delivery.pieces[turn % delivery.pieces.count]
                turn += 1
                end = min(input.count, end + max(1, size))
                supply = .flowing
            }
        }
    }
}

package func separate(
    _ input: String, _ options: SplitOptions = SplitOptions(), skipping: Bool = false,
    _ delivery: Delivery = Delivery()
) -> Separated {
    separate(Array(input.utf8), options, skipping: skipping, delivery)
}

/// Bytes in printable form.
package func text(_ bytes: [UInt8]) -> String { Diagnostics.printable(bytes) }
