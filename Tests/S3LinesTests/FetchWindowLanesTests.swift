import Testing

@testable import S3Lines

/// The window with several long objects fetched in parallel.
struct FetchWindowLanesTests {
    private func lanes(_ lanes: Int, chunks: Int) -> FetchWindow {
        FetchWindow(
            memory: (chunks + 1) * 1000 + 10 * FetchWindow.overhead, chunkSize: 1000, threshold: 1000,
            lanes: lanes)
    }

    @Test func longObjectsShareTheMemory() {
        var window = lanes(2, chunks: 11)
        for number in 0..<3 where window.wantsObject {
            #expect(window.add(size: 50_000) == number)
            #expect(window.next()?.object == number)
            #expect(window.answered(number, size: 50_000, isPinned: true) == .chunk(1000))
            while let fetch = window.next() { #expect(fetch.object == number) }
        }
        #expect(window.count == 2, "there is no third one before one of these has all of its ranges")
        #expect(window.reservedBytes < 12_000 + 10 * FetchWindow.overhead)
        window.gaveOut(3000, of: 1)
        #expect(window.next()?.object == 1)
    }

    @Test func theFirstObjectAlwaysMakesProgress() {
        var window = lanes(4, chunks: 4)
        _ = window.add(size: 50_000)
        _ = window.next()
        _ = window.answered(0, size: 50_000, isPinned: true)
        while window.next() != nil {}
        if window.wantsObject { _ = window.add(size: 50_000) }
        window.outside = 100_000
        window.gaveOut(100_000, of: 0)
        #expect(window.next()?.object == 0)
    }

    @Test func anUnwantedRestMakesRoom() {
        var window = lanes(1, chunks: 4)
        _ = window.add(size: 50_000)
        _ = window.next()
        _ = window.answered(0, size: 50_000, isPinned: true)
        while window.next() != nil {}
        window.hasEnough(0)
        #expect(window.next() == nil && window.reservedBytes == FetchWindow.overhead && window.head == 0)
        #expect(window.wantsObject)
    }
}
