/// A value that `validate` makes from options, for the work to use: so that nothing is parsed twice.
///
/// The parser requires that each property of a command can be decoded, but copies the values of those that are not
/// options.
package struct Checked<Value: Sendable>: Decodable, Sendable {
    private var made: Value?

    package init() {}

    package init(from decoder: any Decoder) {}

    /// Must be set before it is read.
    package var value: Value {
        get {
            guard let made else { preconditionFailure("validate has not made it") }
            return made
        }
        set { made = newValue }
    }
}
