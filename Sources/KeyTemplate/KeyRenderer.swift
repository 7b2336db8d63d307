package import ByteIO

/// Makes the keys of a template, one line after the other.
///
/// `read` takes a line; `makePartition` and `makeKey` then render the template for it.
package struct KeyRenderer: ~Copyable {
    /// The text that selects the batch of the line for which `makePartition` was called last.
    package var partition: ByteBuffer { _read { yield partitionText.bytes } }

    private let program: KeyProgram
    private var values: LineValues
    private var formats: [FormattedTimes]
    private var clock: LineClock
    private var sequence: UInt64
    private var random = KernelRandom()
    private var orderedUUID = OrderedIdentifier(randomBits: 74)
    private var orderedULID = OrderedIdentifier(randomBits: 80)

    private var key = KeyText()
    /// The same with escapes, if the template may need any.
    private var escapedKey: [UInt8] = []
    private var partitionText = KeyText()
    /// For each step, the number that it used last.
    private var numbers: [DecimalText]

    /// - Parameters:
    ///   - firstSequenceNumber: the first value of `seq`.
    ///   - clock: turns clock readings into the times of keys.
    package init(
        _ template: Template, context: RenderContext = .system, firstSequenceNumber: UInt64 = 0,
        clock: LineClock = LineClock()
    ) {
        program = KeyProgram(template, context)
        values = LineValues(paths: program.paths, hashes: program.hashes)
        formats = program.formats.map { FormattedTimes($0) }
        self.clock = clock
        sequence = firstSequenceNumber
        numbers = Array(repeating: DecimalText(0), count: program.steps.count)
    }

    /// Takes the next line, without its newline.
    package mutating func read(_ line: RawSpan) throws(LineFault) { try values.read(line) }

    /// Assembles the texts of the fields that come from `line`, which `read` has taken.
    package mutating func makePartition(_ line: RawSpan) throws(LineFault) {
        partitionText.removeAll()
        var index = 0
        while index < program.steps.count {
            let end = program.steps[index].end
            if program.steps[index].tellsBatch { try appendPartition(of: index..<end, line) }
            index = end
        }
    }

    /// Appends the text of the first alternative that is present, and its index. An alternative that does not come from
    /// the line contributes no text: if it changes, the batch does not end.
    private mutating func appendPartition(of alternatives: Range<Int>, _ line: RawSpan) throws(LineFault) {
        let start = partitionText.bytes.count
        var used = alternatives.lowerBound
        while used < alternatives.upperBound, try !insertIntoPartition(used, line) { used += 1 }
        // Lengths keep the texts apart: "a" and "bc" are not "ab" and "c".
        let length = UInt64(partitionText.bytes.count - start)
        partitionText.bytes.append(decimal: UInt64(used - alternatives.lowerBound), width: 5)
        partitionText.bytes.append(decimal: length, width: 20)
    }

    /// - Returns: false if there is no value, so that the caller tries the next alternative.
    private mutating func insertIntoPartition(_ index: Int, _ line: RawSpan) throws(LineFault) -> Bool {
        let step = program.steps[index]
        switch step.operation {
        case .path, .pathTime, .column, .value, .unset:
            return try Self.insert(
                step, of: line, &values, &formats, program, isLast: index + 1 == step.end,
                into: &partitionText)
        default: return true
        }
    }

    /// The key that was made last, as a record's KEY field is written.
    package var keyField: [UInt8] {
        program.mayNeedEscapes ? escapedKey : key.bytes.bytes.array
    }

    /// Writes the key that was made last as a record's KEY field, TAB included.
    package func writeKeyField(to output: inout BlockWriter) throws(SystemError) {
        let tab = UInt8(ascii: "\t")
        if program.mayNeedEscapes {
            try output.append(escapedKey.bytes, endedBy: tab)
        } else {
            try output.append(key.bytes, endedBy: tab)
        }
    }

    /// Makes the key of `line`, which `read` has taken.
    ///
    /// - Parameters:
    ///   - number: the line's, from 1.
    ///   - reading: the clock when the line was read, in nanoseconds since the epoch.
    package mutating func makeKey(
        _ line: RawSpan, number: UInt64, readAt reading: UInt64
    ) throws(LineFault) {
        key.removeAll()
        clock.advance(to: reading)
        var index = 0
        while index < program.steps.count {
            let isThere = try insert(index, of: line, number: number)
            index = isThere ? program.steps[index].end : index + 1
        }
        try finishKey()
        sequence += 1
    }

    /// Appends the text of a step.
    ///
    /// - Returns: false if there is no value, so that the caller tries the next alternative.
    private mutating func insert(_ index: Int, of line: RawSpan, number: UInt64) throws(LineFault) -> Bool {
        switch program.steps[index].operation {
        case .text(let range): key.bytes.append(program.texts, range)
        case .time(let unit, let width):
            let time = unit < 1_000_000 ? clock.unique : clock.calendar
            insert(unit == 1 ? time : time / unit, width: width, step: index)
        case .now(let format):
            formats[format].append(Int(clock.calendar / 1_000_000_000), to: &key.bytes)
        case .sequence(let width): insert(sequence, width: width, step: index)
        case .lineNumber(let width): insert(number, width: width, step: index)
        case .uuid, .uuid4, .ulid, .random: insertRandom(program.steps[index].operation)
        default:
            let step = program.steps[index]
            return try Self.insert(
                step, of: line, &values, &formats, program, isLast: index + 1 == step.end, into: &key)
        }
        return true
    }

    private mutating func insert(_ number: UInt64, width: Int, step: Int) {
        numbers[step].set(number)
        numbers[step].append(to: &key.bytes, width: width)
    }

    /// Appends a value that is made from the kernel's random numbers.
    private mutating func insertRandom(_ operation: KeyProgram.Operation) {
        switch operation {
        case .uuid:
            let value = orderedUUID.next(clock.calendar / 1_000_000) { random.next() }
            IdentifierText.appendUUID(value, version: 7, to: &key.bytes)
        case .ulid:
            let value = orderedULID.next(clock.calendar / 1_000_000) { random.next() }
            IdentifierText.appendULID(value, to: &key.bytes)
        case .uuid4:
            let value = UInt128(random.next()) << 64 | UInt128(random.next())
            IdentifierText.appendUUID(value, version: 4, to: &key.bytes)
        case .random(let digits):
            for start in stride(from: 0, to: digits, by: 16) {
                Hexadecimal.append(random.next(), digits: min(16, digits - start), to: &key.bytes)
            }
        default: break
        }
    }

    /// Inserts a value from outside, which may be missing.
    ///
    /// - Parameter isLast: whether only the default is left.
    /// - Returns: false if there is no value, so that the caller tries the next alternative.
    private static func insert(
        _ step: KeyProgram.Step, of line: RawSpan, _ values: inout LineValues,
        _ formats: inout [FormattedTimes], _ program: KeyProgram, isLast: Bool, into key: inout KeyText
    ) throws(LineFault) -> Bool {
        var isThere = true
        let skipsEmpty = step.skipsEmpty
        do throws(LineFault.Reason) {
            switch step.operation {
            case .path(let path):
                isThere = try values.insertValue(
                    path, of: line, isRaw: step.isRaw, skipsEmpty: skipsEmpty, into: &key)
            case .pathTime(let path, let format):
                isThere = try values.insertTime(
                    path, of: line, &formats[format], skipsEmpty: skipsEmpty, into: &key)
            case .column(let number):
                isThere = values.insertColumn(
                    number, of: line, isRaw: step.isRaw, skipsEmpty: skipsEmpty, into: &key)
            case .sha256(let digits): values.insertSHA256(of: line, digits: digits, into: &key)
            case .crc32(let digits): values.insertCRC32(of: line, digits: digits, into: &key)
            case .value(let range) where skipsEmpty && range.isEmpty: isThere = false
            case .value(let range): key.insert(program.texts.bytes.extracting(range), isRaw: step.isRaw)
            default: isThere = false
            }
        } catch {
            throw LineFault(error, field: program.names[step.name])
        }
        if isThere { return true }
        guard isLast else { return false }
        guard let fallback = step.fallback else {
            throw LineFault(.missing, field: program.names[step.fieldName])
        }
        key.bytes.append(program.texts, fallback)
        return true
    }

    /// Checks the key and writes it as a KEY field.
    private mutating func finishKey() throws(LineFault) {
        do throws(LineFault.Reason) {
            try key.encodeDotSegments()
            if let problem = ObjectKey.problem(of: key.bytes.bytes, isUTF8: !program.mayNotBeUTF8) {
                throw .key(problem)
            }
        } catch {
            throw LineFault(error)
        }
        guard program.mayNeedEscapes else { return }
        // Taken out, because the key's bytes borrow all of this renderer.
        var escaped: [UInt8] = []
        swap(&escaped, &escapedKey)
        escaped.removeAll(keepingCapacity: true)
        KeyEscaping.escape(key.bytes.bytes, into: &escaped)
        escapedKey = escaped
    }
}
