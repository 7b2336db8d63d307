import S3Lines
import Testing

@Suite struct RunProgressTests {
    private let counts = RunCounts(objects: 1, lines: 2, bytes: 3 << 20)

    @Test func aTerminalShowsOneOverwrittenLine() {
        var progress = RunProgress(tool: "tool", display: .line, start: 1000)
        #expect(progress.untilDue(now: 1000) == 500)
        #expect(progress.show(counts, now: 1499) == nil)
        let shown = progress.show(counts, now: 1500)
        #expect(shown == "\rtool: 1 object, 2 lines, 3.0 MiB, 0.5 s, 6.0 MiB/s\u{1B}[K\r")
        #expect(progress.untilDue(now: 1600) == 400)
        #expect(progress.show(counts, now: 1600) == nil)
        #expect(progress.show(counts, now: 2700) != nil)
    }

    @Test func theLineIsClearedForAMessageAndShownAgain() {
        var progress = RunProgress(tool: "tool", display: .line, start: 0)
        #expect(progress.clear() == nil, "nothing is there yet")
        _ = progress.show(counts, now: 500)
        #expect(progress.clear() == "\r\u{1B}[K")
        #expect(progress.clear() == nil)
        #expect(progress.show(counts, now: 1000) != nil)
        #expect(progress.end(counts, now: 1200) == "\r\u{1B}[K")
        #expect(progress.end(counts, now: 1200) == nil)
    }

    @Test func aShortRunShowsNothingOnATerminal() {
        var progress = RunProgress(tool: "tool", display: .line, start: 0)
        #expect(progress.end(counts, now: 499) == nil)
    }

    @Test func elsewhereEachUpdateIsALine() {
        var progress = RunProgress(tool: "tool", display: .lines, start: 0)
        #expect(progress.show(counts, now: 4999) == nil)
        #expect(
            progress.show(counts, now: 5000) == "tool: 1 object, 2 lines, 3.0 MiB, 5.0 s, 614.3 KiB/s\n")
        #expect(progress.clear() == nil, "a message follows a whole line")
        #expect(progress.untilDue(now: 6000) == 4000)
        #expect(progress.end(counts, now: 6000) == "tool: 1 object, 2 lines, 3.0 MiB, 6.0 s, 512.0 KiB/s\n")
    }

    @Test(arguments: [
        (80, "tool: 1 object, 2 lines, 3.0 MiB, 0.5 s, 6.0 MiB/s"), (20, "tool: 1 object, 2 l"), (1, ""),
        (0, ""),
    ])
    func theLineIsTruncatedToTheWidth(columns: Int, text: String) {
        var progress = RunProgress(tool: "tool", display: .line, start: 0)
        #expect(progress.show(counts, now: 500, columns: columns) == "\r\(text)\u{1B}[K\r")
    }

    @Test func nothingIsDrawnInTheBackground() {
        var progress = RunProgress(tool: "tool", display: .line, start: 0)
        #expect(progress.show(counts, now: 500, columns: nil) == nil)
        #expect(progress.untilDue(now: 500) == 500)
        #expect(progress.show(counts, now: 1000, columns: 80) != nil, "back in the foreground")
        var lines = RunProgress(tool: "tool", display: .lines, start: 0)
        #expect(lines.show(counts, now: 5000, columns: nil) == nil)
    }

    @Test(arguments: [
        (
            3 as Int?, nil as Double?, 4000,
            "1 of 3 objects, 2 lines, 3.0 MiB, 4.0 s, 768.0 KiB/s, 33%, 8 s left"
        ),
        (3, 0.5, 4000, "1 of 3 objects, 2 lines, 3.0 MiB, 4.0 s, 768.0 KiB/s, 50%, 4 s left"),
        (nil, 0.02, 4000, "1 object, 2 lines, 3.0 MiB, 4.0 s, 768.0 KiB/s, 2%, 3 min 16 s left"),
        (nil, 0.01, 90_000, "1 object, 2 lines, 3.0 MiB, 90.0 s, 34.1 KiB/s, 1%, 2 h 28 min left"),
        (nil, 0.5, 1000, "1 object, 2 lines, 3.0 MiB, 1.0 s, 3.0 MiB/s, 50%"),
        (nil, 0, 4000, "1 object, 2 lines, 3.0 MiB, 4.0 s, 768.0 KiB/s, 0%"),
        (0, nil, 4000, "1 of 0 objects, 2 lines, 3.0 MiB, 4.0 s, 768.0 KiB/s"),
    ])
    func theRemainingTimeIsShownIfTheTotalIsKnown(total: Int?, share: Double?, now: Int, text: String) {
        var counts = counts
        counts.totalObjects = total
        counts.share = share
        let progress = RunProgress(tool: "tool", display: .line, start: 0)
        #expect(progress.summary(counts, now: now, isOver: false) == text)
        #expect(!progress.summary(counts, now: now).contains("%"), "at the end all is done that could be")
    }

    @Test func nothingIsShownIfDisabled() {
        var progress = RunProgress(tool: "tool", display: .none, start: 0)
        #expect(progress.untilDue(now: 1) == nil)
        #expect(progress.show(counts, now: 1_000_000) == nil)
        #expect(progress.end(counts, now: 1_000_000) == nil)
    }

    @Test(arguments: [
        (RunCounts(), "0 objects, 0 B, 0.0 s, 0 B/s"),
        (RunCounts(objects: 2, lines: 1, bytes: 1023), "2 objects, 1 line, 1023 B, 0.0 s, 999.0 KiB/s"),
        (RunCounts(objects: 1, bytes: (1 << 30) - 1), "1 object, 1023.9 MiB, 0.0 s, 999.9 GiB/s"),
        (RunCounts(objects: 9, bytes: 5 << 50), "9 objects, 5120.0 TiB, 0.0 s, 5120000.0 TiB/s"),
    ])
    func theSummary(counts: RunCounts, text: String) {
        #expect(RunProgress(tool: "tool", display: .none, start: 7).summary(counts, now: 8) == text)
    }
}
