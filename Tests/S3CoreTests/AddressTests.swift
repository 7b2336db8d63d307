import S3Core
import Testing

@Suite struct AddressTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"]

    @Test(arguments: [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/b"),
        ("http://localhost:80/", "http://localhost/b"),
        ("https://[::1]:8443/s3//", "https://[::1]:8443/s3/b"),
        ("HTTPS://minio.example:443", "https://minio.example/b"),
    ])
    func customEndpointsArePathStyle(endpoint: String, address: String) throws {
        #expect(try text(["AWS_ENDPOINT_URL": endpoint]) == address)
    }

    @Test func awsIsVirtualHostedIfTheNameAllowsIt() throws {
        #expect(try text([:], bucket: "logs") == "https://logs.s3.us-east-1.amazonaws.com")
        #expect(try text([:], bucket: "my.logs") == "https://s3.us-east-1.amazonaws.com/my.logs")
        #expect(
            try text(["AWS_REGION": "eu-west-1"], bucket: "logs") == "https://logs.s3.eu-west-1.amazonaws.com"
        )
        #expect(
            try text(["AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"], bucket: "logs")
                == "https://logs.s3-fips.dualstack.us-east-1.amazonaws.com")
    }

    /// Source: what botocore's S3 client asks and signs for with the same region.
    @Test(arguments: [
        ("aws-global", "logs", "https://logs.s3.amazonaws.com", "us-east-1"),
        ("aws-global", "my.logs", "https://s3.amazonaws.com/my.logs", "us-east-1"),
        ("fips-us-east-1", "logs", "https://logs.s3-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("us-west-2-fips", "logs", "https://logs.s3-fips.us-west-2.amazonaws.com", "us-west-2"),
        ("us-fips-east-1", "logs", "https://logs.s3-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("fips-aws-global", "logs", "https://logs.s3-fips.us-east-1.amazonaws.com", "us-east-1"),
        (
            "fips-us-west-2", arn,
            "https://my-point-123456789012.s3-accesspoint-fips.eu-west-1.amazonaws.com", "eu-west-1"
        ),
        ("af-south-1", "logs", "https://logs.s3.af-south-1.amazonaws.com", "af-south-1"),
    ])
    func aRegionMaySayMoreThanItsName(region: String, bucket: String, address: String, signed: String) throws
    {
        var settings = S3Settings()
        #expect(try text(["AWS_REGION": region], bucket: bucket) == address)
        settings.region = region
        #expect(try text([:], settings: settings, bucket: bucket) == address)
        let environment = Environment(Self.keys)
        #expect(
            try S3Configuration(settings, environment: environment).specialized(for: bucket).region == signed)
        #expect(try text(["AWS_ENDPOINT_URL": "http://h"], settings: settings, bucket: "b") == "http://h/b")
    }

    @Test func theGlobalHostIsThatOfOneRegion() throws {
        var global = try S3Configuration(
            S3Settings(), environment: Environment(Self.keys.merging(["AWS_REGION": "aws-global"]) { $1 }))
        // The service has said where the bucket is.
        global.region = "eu-west-1"
        #expect(global.bucketAddress("logs").authority == "logs.s3.eu-west-1.amazonaws.com")
        #expect(
            try text(["AWS_REGION": "aws-global", "AWS_USE_DUALSTACK_ENDPOINT": "true"], bucket: "logs")
                == "https://logs.s3.dualstack.us-east-1.amazonaws.com")
        #expect {
            try text(["AWS_REGION": "fips-cn-north-1"], bucket: "logs")
        } throws: {
            "\($0)".contains("region 'cn-north-1' has no FIPS endpoints")
        }
    }

    @Test(
        arguments: [
            ("https://s3.eu-west-1.amazonaws.com", nil, "", ObjectChecksum.Algorithm.crc64nvme),
            ("https://s3.cn-north-1.amazonaws.com.cn", nil, "when_supported", .crc64nvme),
            ("https://s3.eu-west-1.amazonaws.com", nil, "when_required", nil),
            ("https://s3.eu-west-1.amazonaws.com", ChecksumChoice.none, "when_supported", nil),
            ("https://s3.eu-west-1.amazonaws.com", .sha256, "when_required", .sha256),
            ("http://localhost:9000", nil, "", nil),
            ("http://localhost:9000", nil, "when_supported", .crc32),
            ("http://localhost:9000", .crc64nvme, "", .crc64nvme),
        ] as [(String, ChecksumChoice?, String, ObjectChecksum.Algorithm?)])
    func theServiceDeterminesTheDefaultChecksum(
        endpoint: String, choice: ChecksumChoice?, use: String, algorithm: ObjectChecksum.Algorithm?
    ) throws {
        var settings = S3Settings()
        settings.checksum = choice
        let variables = ["AWS_ENDPOINT_URL": endpoint, "AWS_REQUEST_CHECKSUM_CALCULATION": use]
        let environment = Environment(variables.merging(Self.keys) { $1 })
        #expect(try S3Configuration(settings, environment: environment).uploadChecksum == algorithm)
        #expect(
            try S3Configuration(
                settings, environment: Environment(Self.keys.merging(["AWS_REGION": "eu-west-1"]) { $1 })
            )
            .uploadChecksum == (choice ?? .crc64nvme).algorithm)
    }

    @Test func addressingCanBeChosen() throws {
        var settings = S3Settings()
        settings.addressing = .virtual
        settings.endpoint = "http://localhost:9000"
        #expect(try text([:], settings: settings, bucket: "logs") == "http://logs.localhost:9000")
    }

    @Test func theS3EndpointComesFirstAndCanBeIgnored() throws {
        let both = ["AWS_ENDPOINT_URL": "http://general:1", "AWS_ENDPOINT_URL_S3": "http://s3:2"]
        #expect(try text(both) == "http://s3:2/b")
        let ignored = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        #expect(try text(ignored, bucket: "logs") == "https://logs.s3.us-east-1.amazonaws.com")
    }

    @Test(arguments: [
        "localhost:9000", "ftp://host", "http://", "http://host:99999", "http://user:pw@host", "http://ho st",
        "http://host?x", "http://[::1", "http://host:0",
    ])
    func refusesBadEndpoints(endpoint: String) {
        #expect(throws: ConfigurationError.self) { try text(["AWS_ENDPOINT_URL": endpoint]) }
    }

    @Test func aMissingSchemeIsSuggested() {
        #expect {
            try text(["AWS_ENDPOINT_URL": "localhost:9000"])
        } throws: { "\($0)".contains("http://localhost:9000") }
    }

    @Test(arguments: ["eu west", "a.b", "evil/", "", "x\r\ny", "fips-", "-fips"])
    func refusesBadRegions(region: String) {
        var settings = S3Settings()
        settings.region = region
        #expect(throws: ConfigurationError.self) { try text([:], settings: settings) }
    }

    @Test func missingCredentialsListTheSourcesTried() throws {
        let off = Environment(["AWS_EC2_METADATA_DISABLED": "true"])
        var lookup = try #require(try S3Configuration(S3Settings(), environment: off).lookup)
        guard case .end(.failed(.missingCredentials(let text))) = lookup.next(.start) else {
            Issue.record("credentials out of nowhere")
            return
        }
        #expect(text.contains("AWS_ACCESS_KEY_ID"))
        #expect {
            try S3Configuration(S3Settings(), environment: Environment(["AWS_ACCESS_KEY_ID": "x"]))
        } throws: { "\($0)".contains("AWS_SECRET_ACCESS_KEY is not set") }
    }

    @Test(arguments: [["AWS_ACCESS_KEY_ID": "x"], ["AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "\n"]])
    func unsignedRequestsNeedNoKeys(variables: [String: String]) throws {
        var settings = S3Settings()
        settings.signsRequests = false
        let configuration = try S3Configuration(settings, environment: Environment(variables))
        #expect(configuration.credentials == nil && configuration.lookup == nil)
    }

    private static let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/my-point"

    @Test func accessPointsHaveHosts() throws {
        let host = "my-point-123456789012.s3-accesspoint"
        #expect(try text([:], bucket: Self.arn) == "https://\(host).eu-west-1.amazonaws.com")
        #expect(
            try text(
                ["AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"], bucket: Self.arn)
                == "https://\(host)-fips.dualstack.eu-west-1.amazonaws.com")
        #expect(
            try text(["AWS_ENDPOINT_URL": "http://h:1"], bucket: Self.arn)
                == "http://my-point-123456789012.h:1")
        for address in ["http://127.0.0.1:1", "https://[::1]"] {
            #expect {
                try text(["AWS_ENDPOINT_URL": address], bucket: Self.arn)
            } throws: {
                "\($0)".contains("an access point needs an endpoint with a host name")
            }
        }
    }

    @Test(arguments: ["", "/", "/a", "/a/b/"])
    func accessPointsAreLocations(rest: String) throws {
        let location = try Location("s3://" + Self.arn + rest)
        #expect(location.bucket == Self.arn && location.prefix == [UInt8](rest.dropFirst().utf8))
    }

    @Test(arguments: [
        ("arn:aws:s3::123456789012:accesspoint/x.mrap", "multi-region"), ("b--eun1-az1--x-s3", "directory"),
        ("arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/x", "Outposts"),
        ("arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/x", "object lambda"),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/x.evil", "expected"),
        ("arn:aws:s3:::bucket", "expected"),
        ("arn:aws:s3:eu-west-1:1:accesspoint/xyz", "expected"), ("x.mrap", "multi-region"),
        ("x--table-s3", "table"),
    ])
    func refusesByName(bucket: String, words: String) {
        #expect { try Location("s3://" + bucket) } throws: { "\($0)".contains(words) }
    }

    @Test func aBucketsNameMayContainItsRegion() throws {
        let bucket = "b-123456789012-eu-south-2-an"
        #expect(try text([:], bucket: bucket) == "https://\(bucket).s3.eu-south-2.amazonaws.com")
        #expect(try text([:], bucket: "b-12-eu-south-2-an").contains("us-east-1"))
        #expect(try text(["AWS_ENDPOINT_URL": "http://h"], bucket: bucket) == "http://h/\(bucket)")
    }

    @Test func secretsAreNotShown() throws {
        let credentials = Credentials(accessKeyID: "id", secretAccessKey: "hush", sessionToken: "quiet")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("hush") && !text.contains("quiet"))
        }
    }

    private func text(
        _ variables: [String: String], settings: S3Settings = S3Settings(), bucket: String = "b"
    ) throws -> String {
        let environment = Environment(Self.keys.merging(variables) { $1 })
        let address = try S3Configuration(settings, environment: environment).specialized(for: bucket)
            .bucketAddress(bucket)
        return address.scheme.rawValue + "://" + address.authority + address.path
    }
}
