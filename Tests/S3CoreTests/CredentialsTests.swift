import S3Core
import Testing

/// The renewal of credentials, and the parsing of times.
@Suite struct CredentialsTests {
    private func at(_ seconds: Int) -> Timestamp { Timestamp(seconds: seconds) }

    /// `#expect` does not accept expressions that mutate a variable.
    private func check(_ isTrue: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(isTrue, sourceLocation: sourceLocation)
    }

    @Test func credentialsWithoutExpirationAreNotRenewed() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: nil, now: at(0))
        check(!renewal.begins(now: at(1_000_000)) && renewal.milliseconds(now: at(0)) == nil)
    }

    @Test func renewalStartsBeforeExpirationAndDelaysNoRequests() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: at(60), now: at(0))
        check(!renewal.begins(now: at(39)) && renewal.milliseconds(now: at(39)) == 1000)
        check(renewal.begins(now: at(40)) && !renewal.begins(now: at(41)))
        check(!renewal.holds(now: at(59)) && renewal.holds(now: at(60)))
        renewal.found(expiration: at(100), now: at(60))
        check(!renewal.holds(now: at(60)) && renewal.generation == 2)
    }

    @Test func longLivedOnesAreRenewedTenMinutesBefore() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: at(36_000), now: at(0))
        check(!renewal.begins(now: at(35_399)) && renewal.begins(now: at(35_400)))
    }

    @Test func aFailedRenewalIsRetriedWithBackoff() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: at(60), now: at(0))
        var now = 40
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            check(renewal.begins(now: at(now)))
            renewal.failed(now: at(now))
            check(!renewal.begins(now: at(now + wait - 1)))
            now += wait
        }
    }

    /// Source: botocore, `InstanceMetadataFetcher`, which extends their expiration.
    @Test func expiredCredentialsAreUsedAndRenewedWithBackoff() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: at(60), now: at(0))
        check(renewal.begins(now: at(60)) && renewal.holds(now: at(60)))
        var now = 60
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            renewal.found(expiration: at(60), now: at(now))
            check(!renewal.begins(now: at(now + wait - 1)))
            now += wait
            check(renewal.begins(now: at(now)) && !renewal.holds(now: at(now)))
        }
        renewal.found(expiration: at(now + 60), now: at(now))
        check(!renewal.begins(now: at(now + 39)) && renewal.begins(now: at(now + 40)))
        check(renewal.holds(now: at(now + 60)))
    }

    @Test func credentialsReportedAsExpiredAreReplacedOnce() {
        var renewal = CredentialsRenewal()
        renewal.found(expiration: at(3600), now: at(0))
        check(renewal.refused(generation: 1, now: at(5)))
        check(renewal.begins(now: at(5)))
        check(renewal.refused(generation: 1, now: at(6)))
        renewal.found(expiration: at(3600), now: at(7))
        check(renewal.refused(generation: 1, now: at(7)))
        check(!renewal.begins(now: at(8)))
        check(renewal.refused(generation: 2, now: at(8)) && renewal.begins(now: at(8)))
        renewal.failed(now: at(8))
        check(!renewal.refused(generation: 2, now: at(8)))
    }

    @Test(arguments: [
        ("2013-05-24T00:00:00Z", 1_369_353_600), ("2013-05-24 00:00:00.25+02:00", 1_369_346_400),
        ("2013-05-24T00:00:00-0130", 1_369_359_000), ("2013-05-24T00:00:00UTC", 1_369_353_600),
    ])
    func readsTimes(text: String, seconds: Int) { #expect(Timestamp(text)?.seconds == seconds) }

    @Test(arguments: [
        "", "2013-05-24", "2013-13-24T00:00:00Z", "2013-05-24T00:00:00X", "2013-05-24T25:00:00Z",
    ])
    func refusesOtherTimes(text: String) { #expect(Timestamp(text) == nil) }

    @Test func hostsDependOnThePartition() {
        for (region, host) in [
            ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", "s3.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
            ("us-isof-south-1", "s3.us-isof-south-1.csp.hci.ic.gov"),
        ] {
            #expect(Endpoint.aws(region: region).authority == host)
            #expect(Endpoint.aws(region: region).isAWS)
        }
    }
}
