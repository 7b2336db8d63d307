import ByteIO
import CCurl

/// The header lines of a request as the list that libcurl reads, in memory that is used again and again:
/// libcurl's own way to build one allocates twice a line and walks to its end each time.
///
/// Source: CURLOPT_HTTPHEADER(3): the list is not copied, and has to stay until the transfer has ended.
@safe struct HeaderLines: ~Copyable {
    /// Each line, ended by a zero byte.
    private var text = ByteBlock(capacity: 1024)
    /// Where in `text` each line begins.
    private var starts: [Int] = []
    private var nodes: UnsafeMutableBufferPointer<curl_slist> = .allocate(capacity: 16)

    init() {}

    deinit { unsafe nodes.deallocate() }

    mutating func removeAll() {
        text.removeAll()
        starts.removeAll(keepingCapacity: true)
    }

    /// Appends a line as it stands.
    mutating func append(_ line: [UInt8]) {
        starts.append(text.count)
        text.append(line.bytes)
        text.append(0)
    }

    /// Appends a field.
    mutating func append(_ name: [UInt8], value: [UInt8]) {
        starts.append(text.count)
        text.append(name.bytes)
        // libcurl sends a field with an empty value only if it is written with a semicolon.
        if value.isEmpty {
            text.append(UInt8(ascii: ";"))
        } else {
            text.append(UInt8(ascii: ":"))
            text.append(UInt8(ascii: " "))
            text.append(value.bytes)
        }
        text.append(0)
    }

    /// The list; valid until the next change. Nil if there are no lines.
    var list: UnsafeMutablePointer<curl_slist>? {
        mutating get {
            if unsafe nodes.count < starts.count {
                unsafe nodes.deallocate()
                unsafe nodes = .allocate(capacity: 2 * starts.count)
            }
            guard !starts.isEmpty, let base = unsafe nodes.baseAddress,
                let lines = unsafe text.address?.assumingMemoryBound(to: CChar.self)
            else { return nil }
            for (index, start) in starts.enumerated() {
                // libcurl reads the lines only; its type does not say so.
                unsafe (base + index).initialize(
                    to: curl_slist(
                        data: UnsafeMutablePointer(mutating: lines + start),
                        next: index + 1 < starts.count ? base + index + 1 : nil))
            }
            return unsafe base
        }
    }
}
