import ByteIO
import Synchronization
import Testing

@Suite struct WorkPoolTests {
    private final class Log: Sendable {
        let entries = Mutex<[Int]>([])
        func add(_ entry: Int) { entries.withLock { $0.append(entry) } }
    }

    /// Chains of work on several threads: each chain in order, whatever runs beside it.
    @Test(arguments: [0, 1, 3]) func workBeginsAfterTheWorkThatItFollows(threads: Int) {
        let pool = WorkPool(threads: threads, wakeUp: {})
        let log = Log()
        var last: [Work?] = [nil, nil]
        for number in 0..<200 {
            let chain = number % 2
            let work = Work { log.add(number) }
            pool.submit(work, after: last[chain]) {}
            last[chain] = work
        }
        for work in last { if let work { pool.wait(for: work) } }
        while pool.pending > 0 { pool.handBack() }
        let entries = log.entries.withLock { $0 }
        #expect(entries.count == 200)
        for chain in 0..<2 {
            #expect(entries.filter { $0 % 2 == chain } == Array(stride(from: chain, to: 200, by: 2)))
        }
    }

    @Test func aThreadKeepsOneObjectOfEachType() {
        final class One {}
        final class Other {}
        let workspace = Workspace()
        let (one, other) = (One(), Other())
        workspace.keep(One())
        workspace.keep(one)
        workspace.keep(other)
        #expect(workspace.take(One.self) === one && workspace.take(One.self) == nil)
        #expect(workspace.take(Other.self) === other)
    }
}
