import JSONStream
import SeparationHarness

/// Runs the scanner over the whole input, and the kernels over it in pieces; the results must be the same.
///
/// The first bytes choose the options and the pieces, the rest is the text. A failure is printed as source
/// code that reproduces it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSeparation(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    guard bytes.count > 3 else { return 0 }
    var options = SplitOptions()
    if bytes[0] & 1 != 0 { options.maximumDepth = Int(bytes[0] >> 5) }
    if bytes[0] & 2 != 0 { options.maximumLength = 64 + Int(bytes[0] >> 2) }
    if bytes[1] & 3 == 1 { options.unwrapPath = FieldPath([]) }
    if bytes[1] & 3 == 2 { options.unwrapPath = FieldPath(".a") }
    if bytes[1] & 3 == 3 { options.unwrapPath = FieldPath(".[1].a[0]") }
    let skipping = options.unwrapPath == nil && bytes[1] & 4 != 0
    // Long texts reach the block code.
    let text = Array([[UInt8]](repeating: Array(bytes[3...]), count: 1 + Int(bytes[1] >> 6)).joined())
    let expected = separate(text, options, skipping: skipping)
    checkProperties(expected, of: text, options)
    for kernel in VectorKernel.allCases {
        for pieces in [[], [1 + Int(bytes[2]), 64]] {
            let delivery = Delivery(pieces: pieces, pauses: bytes[1] & 8 != 0, kernel: kernel)
            let found = separate(text, options, skipping: skipping, delivery)
            guard found != expected else { continue }
            print("let text: [UInt8] = \(text)")
            print(
                "options \(options), skipping \(skipping), \(delivery)\nexpected \(expected)\nfound \(found)")
            fatalError("the kernel and the scanner differ")
        }
    }
    return 0
}

/// The output must be accepted unchanged.
private func checkProperties(_ result: Separated, of text: [UInt8], _ options: SplitOptions) {
    var again = SplitOptions()
    again.maximumDepth = options.maximumDepth
    let second = separate(result.output, again)
    guard second.output != result.output || !second.errors.isEmpty else { return }
    print("let text: [UInt8] = \(text)\noptions \(options), first \(result), second \(second)")
    fatalError("the output is not taken as it stands")
}
