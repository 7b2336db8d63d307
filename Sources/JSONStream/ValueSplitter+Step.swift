/// The input and the result of a step.
extension ValueSplitter {
    /// What follows the bytes of a step.
    package enum Supply: Equatable, Sendable {
        /// More bytes, immediately.
        case flowing
        /// More bytes, after a wait: the step must return everything that it can.
        case pausing
        /// Nothing.
        case ended
    }

    /// The result of a step for the first bytes.
    package enum Outcome: Equatable, Sendable {
        /// They are complete output lines as they are.
        case verbatim
        /// `lines` holds the output for them, which may be empty.
        case compacted
        /// They were skipped as part of an invalid value.
        case skipped
        /// The next value is invalid. The caller must end the run or call `skipInvalid`.
        case invalid(InvalidValue)
        /// More bytes are needed.
        case starved
        /// The input was processed to its end.
        case finished
    }

    /// The result of a step.
    package struct Step: Equatable, Sendable {
        package let outcome: Outcome
        /// The number of bytes that were processed and are no longer needed.
        package let consumed: Int
        /// The number of output bytes in `lines`, if the outcome is `compacted`.
        package var written = 0
    }
}
