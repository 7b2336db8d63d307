package import ArgumentParser
package import S3Core

/// The help text of the operand LOCATION.
///
/// - Parameter meaning: the start of the text, such as `Where the objects are`.
package func locationHelp(_ meaning: String) -> ArgumentHelp {
    ArgumentHelp(
        "\(meaning): s3://BUCKET[/PREFIX]. PREFIX and KEY are joined as they are; end a folder with /.",
        valueName: "location")
}

extension Location {
    /// Parses the operand LOCATION.
    ///
    /// - Parameter others: the operands after it, one of which may be the location that was meant.
    /// - Throws: `ValidationError`, which says what is wrong.
    package static func operand(_ text: String, others: [String] = []) throws -> Location {
        do { return try Location(text) } catch {
            if let location = others.first(where: { $0.hasPrefix("s3://") }) {
                throw ValidationError(
                    "'\(text)' is not a location: LOCATION is the first operand, and '\(location)' comes after it"
                )
            }
            guard !commandsOfOthers.contains(text) else {
                throw ValidationError(
                    "'\(text)' is not a location: expected s3://BUCKET[/PREFIX]; this tool has no subcommands"
                )
            }
            throw ValidationError(error.description)
        }
    }

    /// Subcommands of the programs that people know.
    private static let commandsOfOthers: Set = [
        "cat", "cp", "get", "head", "ls", "mv", "pipe", "put", "rcat", "rm", "sync",
    ]
}

/// What messages say about options of other S3 clients.
package let optionsOfOtherClients: [String: String] = {
    let certificates = "; TLS is always verified, with the certificates in AWS_CA_BUNDLE if it is set"
    let connections = "; did you mean '--max-connections'?"
    let attempts = "; did you mean '--max-attempts'?"
    let credentials = "; credentials come from the environment or a profile"
    let location = "; the operand LOCATION is s3://BUCKET/PREFIX"
    return [
        "--no-verify-ssl": certificates, "--insecure": certificates, "--ca-bundle": certificates,
        "--numworkers": connections, "--concurrency": connections, "--transfers": connections,
        "--parallel": connections, "--retry-count": attempts, "--retries": attempts,
        "--access-key": credentials, "--secret-key": credentials, "--debug": "; did you mean '--verbose'?",
        "--bucket": location, "--prefix": location,
    ]
}()
