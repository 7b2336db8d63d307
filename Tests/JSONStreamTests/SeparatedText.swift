import JSONStream
import SeparationHarness
import Testing

/// Runs `input` in all ways, which must agree. Returns its lines and messages.
func separated(
    _ input: String, _ options: SplitOptions = SplitOptions(), skipping: Bool = false
) -> (lines: [String], messages: [String], skipped: String) {
    let bytes = Array(input.utf8)
    let result = separate(bytes, options, skipping: skipping)
    for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
        for pauses in [false, true] {
            for piece in [1, 2, 3, 5, 1000] {
                let delivery = Delivery(pieces: [piece], pauses: pauses, kernel: kernel)
                #expect(separate(bytes, options, skipping: skipping, delivery) == result)
            }
        }
    }
    let lines = text(result.output).split(separator: "\\n", omittingEmptySubsequences: true).map(
        String.init)
    return (lines, result.errors.map(\.description), text(result.skipped))
}

/// Options that unwrap the array at `path`; the top-level one for an empty path.
func unwrapping(_ path: String) -> SplitOptions {
    var options = SplitOptions()
    options.unwrapPath = path.isEmpty ? FieldPath([]) : FieldPath(path)
    return options
}
