import ByteIO
package import Codec
package import S3Core

/// What a run of s3-put-lines is to do, checked.
package struct PutOptions: Sendable {
    /// What keys are relative to.
    package var location: Location
    /// The key of the one object that all of stdin is, relative and not escaped; nil for keyed records.
    package var key: [UInt8]?
    /// Every record is an object of its own.
    package var each = false
    /// The most objects that are open at once.
    package var maxOpen = 1
    /// From how many bytes on an object is sent in parts.
    package var minPartSize = MultipartLimits.minPartSize
    /// The size of every part but the last one, in bytes; nil lets parts grow with the object.
    package var partSize: Int?
    /// The bound of all buffered data, in bytes.
    package var memory = 256 << 20
    /// Nil compresses nothing.
    package var compression: Compression?
    /// What each object's bytes pass through before they are stored; nil for none.
    package var filter: FilterOptions?
    /// How many threads compress.
    package var threads = WorkPool.processors
    /// What the last record's data, or the last line, must be; it is not stored.
    package var commitLine: [UInt8]?
    /// Where records go that were not stored; nil ends the run at the first one.
    package var rejectPath: String?
    /// Where objects sent in parts are kept for the file of rejected records.
    package var temporaryDirectory = "/tmp"
    /// Parts that are stored stay in memory, as long as nothing else needs it, until their object is: another
    /// conditional request for its key may make the service drop them.
    package var keepsParts = false
    /// Receipts have ETag, bytes and lines too.
    package var long = false

    package init(location: Location) { self.location = location }

    /// How objects are cut.
    ///
    /// - Parameter rules: those of the service. Where it wants parts of one size, that is one that keeps objects up
    ///   to 10,000 parts of a sixteenth of the memory possible.
    package func partPlan(_ rules: PartRules) -> PutPartPlan {
        if let partSize { return PutPartPlan(fixed: partSize, most: rules.most) }
        if rules.areEqual { return PutPartPlan(fixed: max(minPartSize, memory / 16), most: rules.most) }
        let first = max(minPartSize, min(rules.worthwhileSize, memory / PutPartPlan.partsInMemory))
        return PutPartPlan(first: first, memory: memory, most: rules.most)
    }
}
