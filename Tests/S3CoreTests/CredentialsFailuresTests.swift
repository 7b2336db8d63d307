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

    @Test(arguments: [
        (
            "credential_process =",
            "credential_process of profile 'default' is empty; set it to a command or remove it"
        ),
        (
            "credential_process = 'x",
            "credential_process of profile 'default': expected a command, "
                + "found a quote or a backslash without its end"
        ),
        ("aws_access_key_id =\naws_secret_access_key = s", " has an empty aws_access_key_id"),
        ("aws_access_key_id = a", " has aws_access_key_id without aws_secret_access_key"),
        (
            "aws_access_key_id = a\naws_secret_access_key = s\naws_security_token = t t",
            ": aws_security_token contains white space or control characters"
        ),
        (
            "aws_access_key_id = a\naws_secret_access_key = s\naws_session_token = t t",
            ": aws_session_token contains white space or control characters"
        ),
    ])
    func invalidSettingsOfASourceAreNamed(settings: String, words: String) throws {
        var lookup = try lookup("[default]\n\(settings)\n")
        #expect(try #require(message(lookup.next(.start))).hasSuffix(words))
    }

    @Test(
        arguments: [
            (
                "ec2_metadata_service_endpoint = x", [:],
                "ec2_metadata_service_endpoint of profile 'default' 'x' has no "
            ),
            (
                "", ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "x"],
                "AWS_EC2_METADATA_SERVICE_ENDPOINT 'x' has no "
            ),
            (
                "ec2_metadata_service_endpoint_mode = x", [:],
                "ec2_metadata_service_endpoint_mode of profile 'default': expected ipv4 or ipv6, found 'x'"
            ),
            (
                "", ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "x"],
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: expected ipv4 or ipv6, found 'x'"
            ),
            (
                "services = v\n[services v]\ns3 =\n  endpoint_url = x", [:],
                "endpoint_url of s3 in [services v] 'x' has no "
            ),
            ("endpoint_url = x", [:], "endpoint_url of profile 'default' 'x' has no "),
        ] as [(String, [String: String], String)])
    func invalidSettingsAreNamed(settings: String, variables: [String: String], words: String) {
        #expect {
            try lookup("[default]\n\(settings)\n", variables)
        } throws: { "\($0)".hasPrefix(words) }
    }

    /// The next source may be another identity.
    @Test(arguments: [
        nil, "", "x", "[default]\n", "[default]\naws_access_key_id = a2\n", "[other]\nregion = r\n",
    ])
    func aKeyIsKeptIfItsFileBecomesInvalid(text: String?) throws {
        #expect(try key(afterReading: text) == "credentials of a")
    }

    @Test(arguments: ["[default]", "[profile default]"])
    func aReplacedKeyIsRead(title: String) throws {
        let text = title + "\naws_access_key_id = a2\naws_secret_access_key = s2\n"
        #expect(try key(afterReading: text) == "credentials of a2")
    }

    private func key(afterReading text: String?) throws -> String? {
        var lookup = try lookup("[default]\naws_access_key_id = a\naws_secret_access_key = s\n")
        guard case .read = lookup.next(.start),
            case .end(.found(let credentials, _)) = lookup.next(.file(text.map { [UInt8]($0.utf8) }))
        else { return nil }
        return credentials.description
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
