import ByteIO
import CJSONKernel

/// The implementations that examine 64 bytes at a time.
package enum VectorKernel: Sendable, CaseIterable {
    /// The fastest one for this processor.
    case best
    /// The one that every processor can run.
    case portable
}

/// The vector kernel, and the decision when to use it.
///
/// If values are already compact and on lines of their own, the kernel only validates them, and the input is
/// the output. Otherwise it writes them compactly. Values that it refuses go to the scanner: one value at
/// first, and twice as many after each further refusal.
struct VectorPath {
    /// What surrounds the values.
    enum Place: Equatable {
        /// Nothing: they are texts.
        case texts
        /// An array of which they are elements.
        case elements
    }

    /// The limits of values.
    struct Limits {
        /// The maximum of open arrays and objects.
        let depth: Int
        /// The maximum length in bytes.
        let length: Int
        /// Whether a text may be an array.
        let takesArrays: Bool
    }

    /// The result of a run.
    struct Found {
        /// The bytes of complete values.
        var consumed = 0
        /// The output bytes for them.
        var written = 0
        /// The number of values.
        var values = 0
        /// Whether the input is the output.
        var isVerbatim = false
        /// Whether the kernel refuses the next value; if not, it needs more bytes.
        var isRefused = false
    }

    /// The maximum of values that the scanner handles before the kernel is tried again.
    private static let longestPause = 64

    private let kernel: VectorKernel?
    private var mode = JSON_KERNEL_VERBATIM
    private var state = json_kernel_start(JSON_KERNEL_VERBATIM)
    /// Whether texts are expected to be compact.
    private var expectsCompact = true
    /// The number of values left for the scanner, and the number after the next refusal.
    private var pause = 0
    private var nextPause = 1

    init(_ kernel: VectorKernel?) { self.kernel = kernel }

    /// Whether the kernel should be tried, after the scanner handled this many values.
    mutating func isDue(afterValues count: Int) -> Bool {
        pause = max(0, pause - count)
        return pause == 0 && kernel != nil
    }

    /// Whether no bytes were examined since the last consumed value.
    var isAtStart: Bool { state.position == 0 }

    /// Leaves the next values to the scanner.
    mutating func giveUp() {
        state = json_kernel_start(mode)
        pause = nextPause
        nextPause = min(2 * nextPause, Self.longestPause)
    }

    /// Examines `bytes`, which start after the last consumed value. Appends the output to `lines`, which may
    /// otherwise only contain unconsumed output of earlier runs.
    mutating func run(_ bytes: RawSpan, _ place: Place, _ limits: Limits, into lines: inout ByteBuffer)
        -> Found
    {
        guard limits.length >= 64, limits.depth > 0 else { return Found(isRefused: true) }
        if place == .texts, expectsCompact {
            let found = run(bytes, JSON_KERNEL_VERBATIM, limits, into: &lines)
            if found.isRefused { expectsCompact = false }
            if found.consumed > 0 || !found.isRefused { return found }
        }
        let found = run(
            bytes, place == .texts ? JSON_KERNEL_COMPACT : JSON_KERNEL_ELEMENTS, limits, into: &lines)
        if place == .texts, found.consumed > 0, found.consumed == found.written { expectsCompact = true }
        return found
    }

    /// Does the same for texts that must already be compact, each followed by one LF.
    mutating func runVerbatim(_ bytes: RawSpan, _ limits: Limits, into lines: inout ByteBuffer) -> Found {
        guard limits.length >= 64, limits.depth > 0 else { return Found(isRefused: true) }
        return run(bytes, JSON_KERNEL_VERBATIM, limits, into: &lines)
    }

    private mutating func run(
        _ bytes: RawSpan, _ mode: json_kernel_mode, _ limits: Limits, into lines: inout ByteBuffer
    ) -> Found {
        if mode != self.mode {
            self.mode = mode
            state = json_kernel_start(mode)
            lines.removeAll()
        }
        let options = json_kernel_options(
            mode: mode, depth_limit: CInt(min(limits.depth, Int(JSON_KERNEL_DEPTH))),
            length_limit: limits.length,
            objects_only: !limits.takesArrays, portable: kernel == .portable)
        var result = json_kernel_result()
        if mode == JSON_KERNEL_VERBATIM {
            result = unsafe examine(bytes, options, nil)
        } else {
            let rest = bytes.byteCount - state.position
            unsafe lines.append(atMost: rest + rest / 2 + Int(JSON_KERNEL_SLACK)) { free in
                let before = state.written
                result = unsafe examine(bytes, options, free.baseAddress)
                return max(0, result.written + state.written - before)
            }
            // Drop the start of a refused line.
            lines.truncate(to: result.written + state.written)
        }
        if result.accepted > 0 { nextPause = 1 }
        return Found(
            consumed: result.accepted, written: result.written, values: result.values,
            isVerbatim: mode == JSON_KERNEL_VERBATIM, isRefused: result.refused)
    }

    private mutating func examine(
        _ bytes: RawSpan, _ options: json_kernel_options, _ output: UnsafeMutableRawPointer?
    ) -> json_kernel_result {
        var options = options
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let input = bytes.baseAddress else { return json_kernel_result() }
            return unsafe json_kernel_run(&state, &options, input, bytes.count, output)
        }
    }
}
