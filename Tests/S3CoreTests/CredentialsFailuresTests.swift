import S3Core
import Testing

/// What the sources of credentials say about invalid settings and failures.
@Suite struct CredentialsFailuresTests {
    /// A configuration file with `text`, and the lookup that it configures.
    private func lookup(_ text: String, _ variables: [String: String] = [:]) throws -> CredentialsLookup {
        let file = try SettingsFile(text)
        let base = ["AWS_CONFIG_FILE": file.path, "HOME": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"]
        let environment = Environment(base.merging(variables) { $1 })
        let configuration = try S3Configuration(
            S3Settings(), environment: environment, files: .onDisk(environment))
        return try #require(configuration.lookup)
    }

    /// The message with which a source ends; nil if it does not end.
    private func message(_ action: CredentialsAction) -> String? {
        guard case .end(.failed(let error)) = action else { return nil }
        return error.description
    }

    @Test func aLoginWhoseRenewalHangsHasAReason() throws {
        var lookup = try lookup(
            """
            [default]
            sso_session = s
            sso_account_id = 1
            sso_role_name = r
            [sso-session s]
            sso_start_url = https://h/start
            sso_region = eu-west-1
            """)
        _ = lookup.next(.start)
        let token = #"{"accessToken": "t", "expiresAt": "2020-01-01T00:00:00Z"}"#
        guard case .run = lookup.next(.file([UInt8](token.utf8))) else {
            Issue.record("no command is run")
            return
        }
        let text = message(lookup.next(.noResponse("the command did not end")))
        #expect(
            text
                == "IAM Identity Center for profile 'default': the command did not end; "
                + "run: aws sso login --profile default")
    }
}
