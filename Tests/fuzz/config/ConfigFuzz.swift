import S3Core

/// Parses the input as a shared configuration file, a command line, a time and an ARN: parsing must
/// terminate, and the result must be in the form that other code relies on.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    let text = String(decoding: bytes, as: UTF8.self)
    _ = ShellWords.split(text)
    _ = Timestamp(text)
    _ = try? AccessPoint(text)
    guard let file = try? ConfigFile(bytes) else { return 0 }
    require(Set(file.titles) == Set(file.sections.keys), "each section has its title")
    for section in file.sections.values {
        for (name, value) in section {
            require(name == name.lowercased(), "names are in lower case")
            guard case .text(let text) = value else { continue }
            require(!text.hasPrefix("\n") && text.unicodeScalars.last != " ", "values are trimmed")
        }
    }
    if let profiles = try? Profiles(file, credentials: file, name: nil) {
        _ = profiles.value("region")
        _ = try? profiles.serviceEndpoint("s3")
    }
    return 0
}

private func require(_ holds: Bool, _ text: String) { if !holds { fatalError(text) } }
