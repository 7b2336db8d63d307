import ByteIO
import HTTPTransfer
import S3Core
import Testing

/// The requests of the sources of credentials, step by step, for given environments.
@Suite struct CredentialsSourcesTests {
    private static let webIdentity = [
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
    ]

    private func lookup(_ variables: [String: String]) throws -> CredentialsLookup {
        try #require(try S3Configuration(S3Settings(), environment: Environment(variables)).lookup)
    }

    /// The URL of the first request, after the token file was read.
    private func address(_ variables: [String: String]) throws -> String? {
        var lookup = try lookup(variables)
        var action = lookup.next(.start)
        if case .read = action { action = lookup.next(.file([UInt8]("token".utf8))) }
        guard case .send(let request) = action else { return nil }
        return request.url
    }

    /// Source: the URL that botocore's STS client uses with the same settings.
    @Test(arguments: [
        ("us-east-1", false, false, "sts.us-east-1.amazonaws.com"),
        ("eu-west-1", true, false, "sts.eu-west-1.api.aws"),
        ("eu-west-1", false, true, "sts-fips.eu-west-1.amazonaws.com"),
        ("eu-west-1", true, true, "sts-fips.eu-west-1.api.aws"),
        ("us-gov-west-1", false, true, "sts.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws"),
        ("cn-north-1", false, false, "sts.cn-north-1.amazonaws.com.cn"),
        ("cn-north-1", true, false, "sts.cn-north-1.api.amazonwebservices.com.cn"),
        ("eusc-de-east-1", true, false, "sts.eusc-de-east-1.api.amazonwebservices.eu"),
        ("us-iso-east-1", false, true, "sts-fips.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", true, false, "sts.us-isob-east-1.api.aws.scloud"),
        ("us-isof-south-1", false, false, "sts.us-isof-south-1.csp.hci.ic.gov"),
        ("aws-global", false, false, "sts.amazonaws.com"),
        ("aws-global", false, true, "sts-fips.us-east-1.amazonaws.com"),
        ("fips-eu-west-1", false, false, "sts-fips.eu-west-1.amazonaws.com"),
        ("us-gov-west-1-fips", true, false, "sts-fips.us-gov-west-1.api.aws"),
    ])
    func theTokenServiceIsInTheRegion(region: String, dualStack: Bool, fips: Bool, host: String) throws {
        let settings = [
            "AWS_REGION": region, "AWS_USE_DUALSTACK_ENDPOINT": "\(dualStack)",
            "AWS_USE_FIPS_ENDPOINT": "\(fips)",
        ]
        #expect(try address(Self.webIdentity.merging(settings) { $1 }) == "https://\(host)/")
    }

    /// Source: the URL that botocore's SSO client uses with the same settings.
    @Test(arguments: [
        ("eu-west-1", false, false, "portal.sso.eu-west-1.amazonaws.com"),
        ("eu-west-1", true, false, "portal.sso.eu-west-1.api.aws"),
        ("ca-central-1", false, true, "portal.sso-fips.ca-central-1.amazonaws.com"),
        ("us-gov-east-1", false, true, "portal.sso.us-gov-east-1.amazonaws.com"),
        ("us-gov-east-1", true, true, "portal.sso-fips.us-gov-east-1.api.aws"),
        ("cn-northwest-1", true, false, "portal.sso.cn-northwest-1.api.amazonwebservices.com.cn"),
    ])
    func thePortalIsInTheRegion(region: String, dualStack: Bool, fips: Bool, host: String) throws {
        let endpoint = try Endpoint.aws(
            credentialsOf: "portal.sso", region: region, dualStack: dualStack, fips: fips)
        #expect(endpoint.authority == host && endpoint.scheme == .https)
    }

    @Test(arguments: [
        ("cn-north-1", "AWS_USE_FIPS_ENDPOINT"), ("eu-isoe-west-1", "AWS_USE_DUALSTACK_ENDPOINT"),
        ("us-isof-south-1", "AWS_USE_DUALSTACK_ENDPOINT"),
    ])
    func hostsThatAPartitionLacksAreRefused(region: String, variable: String) throws {
        let variables = Self.webIdentity.merging(["AWS_REGION": region, variable: "true"]) { $1 }
        #expect { try lookup(variables) } throws: { "\($0)".contains("region '\(region)' has no ") }
        let elsewhere = variables.merging([
            "AWS_ENDPOINT_URL_S3": "http://h", "AWS_ENDPOINT_URL_STS": "http://h",
        ]) { $1 }
        #expect(try address(elsewhere) == "http://h/")
    }

    @Test(
        arguments: [
            ([:], "http://169.254.169.254"),
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
            (["AWS_IMDS_USE_IPV6": "true"], "http://[fd00:ec2::254]"),
            (
                [
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6",
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://h:1/x",
                ],
                "http://h:1/x"
            ),
        ] as [([String: String], String)])
    func theMetadataServiceHasAConfigurableAddress(variables: [String: String], base: String) throws {
        var lookup = try lookup(variables)
        guard case .send(let token) = lookup.next(.start) else {
            Issue.record("the metadata service is not asked")
            return
        }
        #expect(token.url == base + "/latest/api/token" && token.method == .put && token.isLocal)
        #expect(token.milliseconds == 1000 && token.attempts == 1)
        guard case .send(let role) = lookup.next(.response(status: 200, body: [UInt8]("t".utf8))) else {
            Issue.record("the role is not asked for")
            return
        }
        #expect(role.url == base + "/latest/meta-data/iam/security-credentials/" && role.isLocal)
    }

    /// Source: AWS Signature Version 4, "Create a canonical request": for services other than S3, each segment of the
    /// path is encoded twice.
    @Test func theSignatureForTheTokenServiceCoversThePathEncodedTwice() throws {
        let file = try SettingsFile("[default]\nrole_arn = r\ncredential_source = Environment\n")
        let variables = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CONFIG_FILE": file.path,
            "AWS_ENDPOINT_URL_STS": "http://h/a%20b",
        ]
        var settings = S3Settings()
        settings.profile = "default"
        let environment = Environment(variables)
        let configuration = try S3Configuration(
            settings, environment: environment, files: .onDisk(environment))
        var lookup = try #require(configuration.lookup)
        guard case .send(let request) = lookup.next(.start) else {
            Issue.record("no request is sent")
            return
        }
        #expect(request.url == "http://h/a%20b/")
        let time = try #require(request.headers.first { $0.isCalled([UInt8]("x-amz-date".utf8)) })
        var signer = Signer(
            Credentials(accessKeyID: "a", secretAccessKey: "s"), region: "us-east-1", service: "sts")
        let body = try #require(request.body)
        let path = [UInt8]("/a%2520b/".utf8)
        let hash = signer.payloadHash(body.bytes)
        let authorization = signer.authorization(
            method: .post, path: path.bytes, query: [],
            headers: request.headers.dropLast(), payloadHash: hash, time: time.value)
        #expect(request.headers.last == authorization)
    }

    /// The file is replaced while a pipeline runs.
    @Test(arguments: [
        ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"],
        [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
        ],
    ])
    func aTokensFileIsReadForEachFetch(variables: [String: String]) throws {
        var lookup = try lookup(variables)
        for token in ["first", "second"] {
            guard case .read("/token") = lookup.next(.start) else {
                Issue.record("the file is not read")
                return
            }
            guard case .send(let request) = lookup.next(.file([UInt8](token.utf8))) else {
                Issue.record("no request is sent")
                return
            }
            #expect(request.secrets == [[UInt8](token.utf8)])
        }
    }

    @Test(arguments: [
        "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "http://[FD00:EC2::23]:80/", "http://127.0.0.1:1234/x", "http://127.9.8.7/", "http://localhost/x",
        "http://[::1]:8080/", "https://example.com/credentials", "HTTPS://example.com/",
    ])
    func aContainersAgentMustHaveAnAllowedAddress(address: String) throws {
        #expect(try self.address(["AWS_CONTAINER_CREDENTIALS_FULL_URI": address]) == address)
    }

    @Test func aContainersRelativePathUsesTheAgentsHost() throws {
        let variables = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
        ]
        #expect(try address(variables) == "http://169.254.170.2/v2/credentials/1")
    }

    @Test(arguments: [
        ("a", "a"), ("a-b_c.d", "a-b_c.d"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"),
        ("$x", "'$x'"),
    ])
    func wordsAreQuotedForAShell(word: String, quoted: String) {
        #expect(ShellWords.quoted(word) == quoted)
        #expect(ShellWords.split(quoted) == [word])
    }

    @Test(arguments: ["a b", "a\n", "\ta", "a\u{00A0}", "a\u{200B}", "\u{FEFF}a", "a\u{7F}", "a\u{2028}"])
    func invisibleCharactersInKeysAreRefused(value: String) {
        let variables = ["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": value]
        #expect {
            try S3Configuration(S3Settings(), environment: Environment(variables))
        } throws: { "\($0)" == "AWS_SECRET_ACCESS_KEY contains white space or control characters" }
    }

    /// Source: what botocore's S3 client asks with the same settings.
    @Test(arguments: [
        ("my.logs", "https://h", "https://h/my.logs"), ("my.logs", "http://h", "http://my.logs.h"),
        ("logs", "https://h", "https://logs.h"), ("My_Logs", "http://h", "http://h/My_Logs"),
        ("10.0.0.1", "http://h", "http://h/10.0.0.1"), ("logs.2026", "http://h", "http://logs.2026.h"),
        ("logs", "http://localhost:1", "http://logs.localhost:1"),
        ("logs", "http://127.0.0.1:1", "http://127.0.0.1:1/logs"),
        ("logs", "https://10.0.0.1/s3", "https://10.0.0.1/s3/logs"),
        ("logs", "http://[::1]:1", "http://[::1]:1/logs"), ("logs", "https://[::1]", "https://[::1]/logs"),
        ("logs", "http://s3.10.example:1", "http://logs.s3.10.example:1"),
    ])
    func aProfilesVirtualHostMustBePossible(bucket: String, url: String, address: String) throws {
        let file = try SettingsFile("[default]\ns3 =\n  addressing_style = virtual\n")
        let environment = Environment([
            "AWS_CONFIG_FILE": file.path, "AWS_ENDPOINT_URL": url, "HOME": "/nowhere",
            "AWS_EC2_METADATA_DISABLED": "true",
        ])
        var settings = S3Settings()
        func text() throws -> String {
            let endpoint = try S3Configuration(
                settings, environment: environment, files: .onDisk(environment)
            )
            .bucketAddress(bucket)
            return endpoint.scheme.rawValue + "://" + endpoint.authority + endpoint.path
        }
        #expect(try text() == address)
        settings.addressing = .virtual
        let endpoint = try Endpoint(url, name: "url")
        if endpoint.isAddress {
            #expect {
                try text()
            } throws: {
                "\($0)"
                    == "--addressing virtual needs an endpoint with a host name, but "
                    + "'\(endpoint.authority)' is an IP address"
            }
        } else {
            #expect(try text() == "\(endpoint.scheme)://\(bucket).\(endpoint.authority)\(endpoint.path)")
        }
    }

    @Test func aHangingCommandIsKilled() throws {
        let file = try SettingsFile("[default]\ncredential_process = sleep 100\n")
        let environment = Environment([
            "AWS_CONFIG_FILE": file.path, "HOME": "/nowhere",
            "AWS_EC2_METADATA_DISABLED": "true",
        ])
        let configuration = try S3Configuration(
            S3Settings(), environment: environment, files: .onDisk(environment))
        let client = try S3Client(configuration, bucket: "b")
        client.commandMilliseconds = 50
        #expect {
            try client.findCredentials()
        } throws: {
            "\($0)" == "credential_process of profile 'default': the command did not end within 50 ms"
        }
    }
}

/// A configuration file for one test.
final class SettingsFile {
    let path: String

    init(_ text: String) throws {
        var template = Array("/tmp/s3-lines-test-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { throw SystemError("mkstemp", code: errno) }
        defer { close(descriptor) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try writeAll(text, to: descriptor, name: path)
    }

    deinit { unsafe unlink(path) }
}
