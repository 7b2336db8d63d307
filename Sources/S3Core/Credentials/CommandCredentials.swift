/// Credentials that a command prints: `credential_process`, or the AWS command line if only it can renew
/// them.
///
/// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
struct CommandCredentials: CredentialsMachine {
    private let words: [String]
    private let place: String
    /// The advice in the message if the command does not exist.
    private let advice: String
    /// The advice in the message if the command fails or prints something else.
    private var remedy = ""

    /// - Throws: if the command line is empty or cannot be split into words.
    init(process: String, profile: String) throws(ConfigurationError) {
        place = "credential_process of profile '\(profile)'"
        guard let words = ShellWords.split(process) else {
            throw .invalid("\(place): expected a command, found a quote or a backslash without its end")
        }
        guard !words.isEmpty else { throw .invalid("\(place) is empty; set it to a command or remove it") }
        self.words = words
        advice = "the command '\(words[0])' was not found"
    }

    /// - Parameter login: the user's command to log in, `aws login`.
    init(exportOf profile: String, place: String, login: String) {
        words = ["aws", "configure", "export-credentials", "--profile", profile, "--format", "process"]
        self.place = place
        advice =
            "only the AWS command line can renew these credentials, and 'aws' is not in PATH; "
            + "install it and run: \(login) --profile \(ShellWords.quoted(profile))"
        remedy = "; run: \(login) --profile \(ShellWords.quoted(profile))"
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        if case .noResponse(let reason) = event { return .missing("\(place): \(reason)\(remedy)") }
        guard case .output(let text, let status) = event else { return .run(words) }
        guard let status else { return .missing("\(place): \(advice)") }
        guard status == 0 else {
            return .missing("\(place): the command ended with status \(status)\(remedy)")
        }
        guard let values = CredentialsDocument.values(text, [".Version"]) else {
            return .missing("\(place): the command's output is not JSON\(remedy)")
        }
        guard values[0] == "1" else {
            return .missing("\(place): expected \"Version\": 1 in the command's output\(remedy)")
        }
        let paths = [".AccessKeyId", ".SecretAccessKey", ".SessionToken", ".Expiration"]
        let action = CredentialsDocument.outcome(text, paths, place: place, of: "the command's output")
        guard case .end(.failed(.missingCredentials(let reason))) = action else { return action }
        return .missing(reason + remedy)
    }
}
