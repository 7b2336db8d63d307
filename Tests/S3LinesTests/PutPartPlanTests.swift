import ByteIO
import S3Core
import S3Lines
import Testing

@Suite struct PutPartPlanTests {
    private let mebibyte = 1 << 20

    @Test func partsGrowToAQuarterOfTheMemory() {
        let plan = PutPartPlan(first: 5 << 20, memory: 256 << 20)
        #expect(plan.size(of: 1) == 5 * mebibyte)
        #expect(plan.size(of: 800) == 5 * mebibyte)
        #expect(plan.size(of: 801) == 10 * mebibyte)
        #expect(plan.size(of: 4001) == 64 * mebibyte)
        #expect(plan.size(of: 10_000) == 64 * mebibyte)
    }

    @Test func thereIsNoPart10001() {
        #expect(PutPartPlan(first: 5 << 20, memory: 256 << 20).size(of: 10_001) == nil)
        #expect(PutPartPlan(fixed: 5 << 20).size(of: 10_001) == nil)
        #expect(PutPartPlan(fixed: 5 << 20).size(of: 0) == nil)
    }

    @Test func withEnoughMemoryFiveTebibytesFit() {
        let plan = PutPartPlan(first: 5 << 20, memory: 16 << 30)
        let total = (1...10_000).reduce(0) { $0 + (plan.size(of: $1) ?? 0) }
        #expect(total >= 5 << 40)
        #expect((1...10_000).allSatisfy { (plan.size(of: $0) ?? 0) <= MultipartLimits.maxPartSize })
    }

    /// Scaleway accepts 1,000 parts, and Storj works best with parts of 64 MiB: as far as memory allows.
    @Test func partsFollowTheRulesOfTheService() {
        var options = PutOptions(location: Location(bucket: "b"))
        let few = options.partPlan(HostTraits.of("s3.fr-par.scw.cloud").parts)
        #expect(few.size(of: 80) == 5 * mebibyte && few.size(of: 81) == 10 * mebibyte)
        #expect(few.size(of: 1000) == 64 * mebibyte && few.size(of: 1001) == nil)
        let large = options.partPlan(HostTraits.of("gateway.eu1.storjshare.io:443").parts)
        #expect(large.size(of: 1) == 64 * mebibyte)
        options.memory = 64 * mebibyte
        #expect(options.partPlan(HostTraits.of("gateway.storjshare.io").parts).size(of: 1) == 16 * mebibyte)
        let equal = options.partPlan(HostTraits.of("a.r2.cloudflarestorage.com").parts)
        #expect(equal.isFixed && equal.size(of: 1) == 5 * mebibyte && equal.size(of: 10_001) == nil)
        options.partSize = 7 * mebibyte
        let fixed = options.partPlan(HostTraits.of("s3.nl-ams.scw.cloud").parts)
        #expect(fixed.size(of: 1000) == 7 * mebibyte && fixed.size(of: 1001) == nil)
        #expect(options.partPlan(HostTraits.of("scw.cloud.example.com").parts).size(of: 1001) != nil)
    }

    @Test func aFixedSizeIsFixed() {
        let plan = PutPartPlan(fixed: 8 << 20)
        #expect([1, 1001, 10_000].allSatisfy { plan.size(of: $0) == 8 * mebibyte })
    }

    @Test func theRemedyNamesTheRightOption() {
        #expect(PutPartPlan(fixed: 8 << 20).remedy.contains("--part-size 16M"))
        #expect(PutPartPlan(first: 5 << 20, memory: 256 << 20).remedy.contains("--memory 512M"))
    }
}
