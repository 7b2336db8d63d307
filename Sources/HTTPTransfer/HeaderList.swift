import ByteIO
import CCurl

/// Header fields in the form in which libcurl takes them, in memory that is used again for each request:
/// curl_slist_append(3) would allocate twice for every field.
///
///     text   host: a\0x-amz-date: b\0...
///     nodes  [data, next] [data, next] ...
@safe struct HeaderList: ~Copyable {
    private var text = ByteBuffer()
    private var starts: [Int] = []
    private var nodes: UnsafeMutableBufferPointer<curl_slist>

    init() { unsafe nodes = .allocate(capacity: 16) }

    deinit { unsafe nodes.deallocate() }

    /// Makes it these fields, and `last`.
    ///
    /// - Parameter unwanted: names of fields that libcurl shall not send by itself, each with its colon.
    /// - Returns: the first node, valid until the next change, or nil if a field would end its line early. The
    ///   list is libcurl's to read, not to free.
    mutating func set(
        _ fields: [HTTPHeader], _ last: HTTPHeader, without unwanted: [[UInt8]]
    ) -> UnsafeMutablePointer<curl_slist>? {
        text.removeAll()
        starts.removeAll(keepingCapacity: true)
        for line in unwanted {
            starts.append(text.count)
            text.append(line.bytes)
            text.append(0)
        }
        // By index: a copy of each would cost more than what is done with it.
        for index in fields.indices where !append(fields[index]) { return nil }
        return append(last) ? unsafe list() : nil
    }

    /// - Returns: false if the field would end its line early.
    private mutating func append(_ field: borrowing HTTPHeader) -> Bool {
        let line = field.line.bytes
        guard HTTPHeader.isValue(line) else { return false }
        starts.append(text.count)
        let value = line.extracting(droppingFirst: field.valueStart)
        if value.prefixLength(where: { $0 == 0x20 || $0 == 0x09 }) == value.byteCount {
            // An empty value, as blanks are too, is sent only if it is written so.
            text.append(line.extracting(first: field.nameLength))
            text.append(UInt8(ascii: ";"))
        } else {
            text.append(line)
        }
        text.append(0)
        return true
    }

    /// Links the nodes.
    private mutating func list() -> UnsafeMutablePointer<curl_slist>? {
        guard !starts.isEmpty, let address = unsafe text.bytes.withUnsafeBytes({ $0.baseAddress }) else {
            return nil
        }
        if unsafe starts.count > nodes.count {
            unsafe nodes.deallocate()
            unsafe nodes = .allocate(capacity: 2 * starts.count)
        }
        guard let base = unsafe nodes.baseAddress else { return nil }
        for (index, start) in starts.enumerated() {
            // libcurl's type wants it mutable, and does not change it.
            let data = unsafe UnsafeMutableRawPointer(mutating: address + start)
                .assumingMemoryBound(to: CChar.self)
            let next = unsafe index + 1 < starts.count ? base + (index + 1) : nil
            unsafe base[index] = unsafe curl_slist(data: data, next: next)
        }
        return unsafe base
    }
}
