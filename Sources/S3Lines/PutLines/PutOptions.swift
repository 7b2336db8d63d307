import ByteIO
package import Codec
package import S3Core

/// The validated options of a run of s3-put-lines.
package struct PutOptions: Sendable {
    /// Keys are relative to this location.
    package var location: Location
    /// The unescaped key, relative to the location, of the one object that stores all of standard input; nil
    /// for keyed records.
    package var key: [UInt8]?
    /// Makes every record an object of its own.
    package var each = false
    /// The maximum number of open objects.
    package var maxOpen = 1
    /// The size in bytes from which on an object is sent in parts.
    package var minPartSize = MultipartLimits.minPartSize
    /// The size in bytes of every part but the last; nil lets the size grow with the object.
    package var partSize: Int?
    /// The limit for all buffered data, in bytes.
    package var memory = 256 << 20
    /// How to compress objects; nil for no compression.
    package var compression: Compression?
    /// The command that filters each object's bytes before compression; nil for none.
    package var filter: FilterOptions?
    /// The number of threads that compress.
    package var threads = WorkPool.processors
    /// The commit line: the data of the last record, or the last line of a stream. It is not stored.
    package var commitLine: [UInt8]?
    /// The file for records that are not stored; nil stops the run at the first one.
    package var rejectPath: String?
    /// The directory for copies of sent parts, from which rejected records are read.
    package var temporaryDirectory = "/tmp"
    /// Keeps stored parts in memory until their object is complete, unless the memory is needed: another
    /// conditional request for the key may make the service drop the parts.
    package var keepsParts = false
    /// Receipts include ETag, bytes and lines.
    package var long = false

    package init(location: Location) { self.location = location }

    /// How objects are cut into parts.
    ///
    /// - Parameter rules: the service's rules. If it requires parts of equal size, the size is a sixteenth of
    ///   the memory, so that 10,000 parts hold large objects.
    package func partPlan(_ rules: PartRules) -> PutPartPlan {
        if let partSize { return PutPartPlan(fixed: partSize, most: rules.most) }
        if rules.areEqual { return PutPartPlan(fixed: max(minPartSize, memory / 16), most: rules.most) }
        let first = max(minPartSize, min(rules.worthwhileSize, memory / PutPartPlan.partsInMemory))
        return PutPartPlan(first: first, memory: memory, most: rules.most)
    }
}
