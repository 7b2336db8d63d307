import ByteIO
import Testing

@Suite struct QueueTests {
    @Test func elementsAreRemovedInOrder() {
        var queue = Queue<Int>()
        var next = 0
        for number in 0..<5000 {
            queue.append(number)
            #expect(queue.first == next)
            // Two of three elements stay until the end.
            if number % 3 == 0 || number > 3000 {
                #expect(queue.popFirst() == next)
                next += 1
            }
            #expect(queue.count == number + 1 - next)
            if !queue.isEmpty {
                let offset = queue.count / 2
                #expect(queue[offset] == next + offset)
                queue[offset] += 0
            }
        }
        #expect(queue.elements == Array(next..<5000))
        while let number = queue.popFirst() {
            #expect(number == next)
            next += 1
        }
        #expect(next == 5000 && queue.isEmpty && queue.count == 0 && queue.first == nil)
    }

    @Test func anElementCanBePutBack() {
        var queue = Queue<Int>()
        queue.prepend(1)
        queue.append(2)
        #expect(queue.elements == [1, 2])
        #expect(queue.popFirst() == 1)
        queue.prepend(0)
        queue.prepend(-1)
        #expect(queue.elements == [-1, 0, 2] && queue.first == -1 && queue.count == 3)
    }

    @Test func allElementsCanBeRemoved() {
        var queue = Queue<Int>()
        for number in 0..<10 { queue.append(number) }
        _ = queue.popFirst()
        queue.removeAll()
        #expect(queue.isEmpty && queue.popFirst() == nil)
        queue.append(7)
        #expect(queue.elements == [7])
    }
}
