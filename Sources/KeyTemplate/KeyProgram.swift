import ByteIO
import JSONStream

/// A template prepared for execution: everything that is the same for all lines is computed in advance.
///
/// Steps refer to texts, formats and names by index, so that rendering a key does no reference counting.
struct KeyProgram {
    enum Operation {
        /// A range of `texts`: literal text, inserted unchanged.
        case text(Range<Int>)
        /// A range of `texts`: a value that is the same for all lines.
        case value(Range<Int>)
        /// A variable that is not set.
        case unset
        case time(unit: UInt64, width: Int)
        case now(format: Int)
        case sequence(width: Int)
        case lineNumber(width: Int)
        case uuid
        case uuid4
        case ulid
        case random(digits: Int)
        case sha256(digits: Int)
        case crc32(digits: Int)
        case path(Int)
        case pathTime(Int, format: Int)
        case column(Int)
    }

    /// An operation with its field's settings. The alternatives of a field are consecutive steps.
    struct Step {
        let operation: Operation
        /// The step after the field's last alternative.
        var end: Int
        /// True if the field's text may come from the line; it then selects the batch.
        var tellsBatch = false
        var isRaw = false
        /// True if an empty value counts as missing.
        var skipsEmpty = false
        /// The default, a range of `texts`.
        var fallback: Range<Int>?
        /// The indices in `names` of this alternative and of the whole field.
        var name = 0
        var fieldName = 0
    }

    private(set) var steps: [Step] = []
    private(set) var texts: [UInt8] = []
    private(set) var formats: [TimeFormat] = []
    private(set) var names: [String] = []
    /// The paths to look up in JSON lines, each once.
    private(set) var paths: [FieldPath] = []
    /// True if a step needs the line's SHA-256.
    private(set) var hashes = false
    /// True if a key may contain bytes that are written as an escape.
    private(set) var mayNeedEscapes = false
    /// True if a key may contain bytes that are not UTF-8. A template is UTF-8, and an encoded value is ASCII.
    private(set) var mayNotBeUTF8 = false

    init(_ template: Template, _ context: RenderContext) {
        for part in template.parts {
            switch part {
            case .text(let text): steps.append(Step(operation: .text(store(text)), end: steps.count + 1))
            case .field(let field): add(field, context)
            }
        }
        let isRaw = template.fields.contains { $0.alternatives.contains { $0.isRaw } }
        mayNotBeUTF8 = isRaw
        mayNeedEscapes =
            isRaw || texts.contains(where: Self.isEscaped) || formats.contains(where: \.holdsEscapedBytes)
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { [0x5C, 0x09, 0x0A, 0x0D].contains(byte) }

    private mutating func add(_ field: Field, _ context: RenderContext) {
        let fieldName = names.count
        names.append(field.name)
        let end = steps.count + field.alternatives.count
        let fallback = field.fallback.map { store($0) }
        let tellsBatch = field.alternatives.contains { $0.source.isOfLine }
        for alternative in field.alternatives {
            names.append("{" + alternative.name + "}")
            steps.append(
                Step(
                    operation: operation(alternative.source, context), end: end, tellsBatch: tellsBatch,
                    isRaw: alternative.isRaw, skipsEmpty: fallback != nil, fallback: fallback,
                    name: names.count - 1, fieldName: fieldName))
        }
    }

    private mutating func operation(_ source: FieldSource, _ context: RenderContext) -> Operation {
        switch source {
        case .time(let unit, let width): .time(unit: unit.rawValue, width: width)
        case .now(let format): .now(format: store(format))
        case .sequence(let width): .sequence(width: width)
        case .lineNumber(let width): .lineNumber(width: width)
        case .uuid: .uuid
        case .uuid4: .uuid4
        case .ulid: .ulid
        case .random(let digits): .random(digits: digits)
        case .sha256(let digits): hash(digits: digits)
        case .crc32(let digits): .crc32(digits: digits)
        case .host: .value(store(context.host))
        case .process: .text(store([UInt8]("\(context.process)".utf8)))
        case .environment(let name): context.environment(name).map { .value(store($0)) } ?? .unset
        case .path(let path, nil): .path(store(path))
        case .path(let path, let format?): .pathTime(store(path), format: store(format))
        case .column(let number): .column(number)
        }
    }

    private mutating func hash(digits: Int) -> Operation {
        hashes = true
        return .sha256(digits: digits)
    }

    private mutating func store(_ text: [UInt8]) -> Range<Int> {
        texts += text
        return texts.count - text.count..<texts.count
    }

    private mutating func store(_ format: TimeFormat) -> Int {
        formats.append(format)
        return formats.count - 1
    }

    private mutating func store(_ path: FieldPath) -> Int {
        if let known = paths.firstIndex(of: path) { return known }
        paths.append(path)
        return paths.count - 1
    }
}
