/// Keeps the decoders of finished objects for the next ones: to get and to clear the memory of a new one costs
/// as much as the decompression of a small object.
package final class DecoderReserve {
    private let limit: Int
    private var decoders: [Decoder] = []
    /// The memory of the decoders that are kept, in bytes.
    package private(set) var memory = 0

    /// - Parameter limit: the most memory to keep, in bytes.
    package init(limit: Int) { self.limit = limit }

    /// A decoder for another object, which no other owner has.
    package func take(_ format: CompressedFormat) -> Decoder {
        guard let place = decoders.lastIndex(where: { $0.format == format }) else { return Decoder(format) }
        let decoder = decoders.remove(at: place)
        memory -= decoder.memory
        decoder.restart()
        return decoder
    }

    /// Takes back a decoder that nothing else refers to.
    package func keep(_ decoder: Decoder) {
        guard memory + decoder.memory <= limit else { return }
        memory += decoder.memory
        decoders.append(decoder)
    }
}
