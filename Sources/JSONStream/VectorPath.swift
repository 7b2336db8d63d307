import ByteIO
import CJSONKernel

/// One of the ways to examine 64 bytes at a time.
package enum VectorKernel: Sendable, CaseIterable {
    /// The fastest for this processor.
    case best
    /// The one that every processor can run.
    case portable
}

/// The vector kernel, and when to use it.
///
/// Where values are compact already and stand one a line, the kernel only looks at them, and the input is
/// the output. Else it writes them compactly. What it refuses is the scanner's, which decides about one value,
/// and about more and more of them if the kernel refuses again and again.
struct VectorPath {
    /// What stands around the values.
    enum Place: Equatable {
        /// Nothing.
        case texts
        /// An array whose elements they are.
        case elements
    }

    /// What values may be like.
    struct Limits {
        /// How many arrays and objects may be open in one.
        let depth: Int
        /// How many bytes one may have.
        let length: Int
        /// True if a text may be an array.
        let takesArrays: Bool
    }

    /// What a run found.
    struct Found {
        /// How many bytes are whole values.
        var consumed = 0
        /// How many bytes of output stand for them.
        var written = 0
        /// How many values they are.
        var values = 0
        /// True if the input is the output.
        var isVerbatim = false
        /// True if the next value is not for the kernel; else bytes are missing.
        var isRefused = false
    }

    /// The most values that the scanner takes before the kernel is tried again.
    private static let longestPause = 64

    private let kernel: VectorKernel?
    private var mode = JSON_KERNEL_VERBATIM
    private var state = json_kernel_start(JSON_KERNEL_VERBATIM)
    /// True while texts are expected to be compact.
    private var expectsCompact = true
    /// How many values the scanner still takes, and how many after the next refusal.
    private var pause = 0
    private var nextPause = 1

    init(_ kernel: VectorKernel?) { self.kernel = kernel }

    /// True if the kernel should be tried, after the scanner took so many values.
    mutating func isDue(afterValues count: Int) -> Bool {
        pause = max(0, pause - count)
        return pause == 0 && kernel != nil
    }

    /// True if no bytes were examined since the last value that was consumed.
    var isAtStart: Bool { state.position == 0 }

    /// Leaves the next value to the scanner.
    mutating func giveUp() {
        state = json_kernel_start(mode)
        pause = nextPause
        nextPause = min(2 * nextPause, Self.longestPause)
    }

    /// Examines `bytes`, which start after the last value that was consumed. Output is appended to `lines`,
    /// which otherwise holds only what earlier runs appended and was not consumed.
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

    /// The same for texts that have to be compact already, each followed by one LF.
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
            // The head of a line that was refused is dropped.
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
