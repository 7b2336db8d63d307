import ByteIO

/// The paths of the shared files, which are read only when needed.
package struct SharedFiles: Sendable {
    private let environment: Environment
    private let read: @Sendable (String) throws(SystemError) -> [UInt8]?

    /// Missing files.
    package init() {
        self.init(Environment([:])) { (_) throws(SystemError) in nil }
    }

    /// - Parameter read: returns the content of the file at a path; nil if it does not exist.
    private init(
        _ environment: Environment, read: @escaping @Sendable (String) throws(SystemError) -> [UInt8]?
    ) {
        self.environment = environment
        self.read = read
    }

    // Computed on demand: with keys in the environment they are not needed.
    package var configPath: String {
        environment.expandedPath(environment.value("AWS_CONFIG_FILE") ?? "~/.aws/config")
    }

    package var credentialsPath: String {
        environment.expandedPath(environment.value("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials")
    }

    /// The files on disk. Source: stat(2), open(2).
    package static func onDisk(_ environment: Environment) -> SharedFiles {
        SharedFiles(environment) { (path) throws(SystemError) in
            guard isRegularFile(path) else { return nil }
            return try OpenFile.reading(path).contents(limit: maximumSize)
        }
    }

    /// The size limit of a file, in bytes.
    private static let maximumSize = 16 << 20

    /// Reads and parses the files.
    ///
    /// - Parameters:
    ///   - option: the profile that the command line selects; nil uses the environment's.
    ///   - isNeeded: false if the files are needed only if a profile is selected.
    /// - Throws: if a file cannot be read or parsed, or the selected profile does not exist.
    package func profiles(
        _ option: String?, _ environment: Environment, isNeeded: Bool
    ) throws(ConfigurationError) -> Profiles {
        // botocore's order.
        let name = option ?? environment.value("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
        guard isNeeded || name != nil else { return .none }
        return try Profiles(file(configPath), credentials: file(credentialsPath), name: name)
    }

    private func file(_ path: String) throws(ConfigurationError) -> ConfigFile {
        let bytes: [UInt8]?
        do { bytes = try read(path) } catch { throw .invalid(error.description) }
        guard let bytes else { return ConfigFile() }
        do { return try ConfigFile(bytes) } catch {
            throw .invalid("\(path):\(error.line): \(error.reason)")
        }
    }
}

extension Environment {
    /// `path` with `~` and variables expanded; unset variables are left as they are.
    ///
    /// Source: Python's `os.path.expandvars` and `expanduser`.
    func expandedPath(_ path: String) -> String {
        var text = String.UnicodeScalarView()
        var rest = path.unicodeScalars[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isBraced = rest.first == "{"
            let name =
                isBraced
                ? rest.dropFirst().prefix { $0 != "}" }
                : rest.prefix {
                    $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_")
                }
            let end = name.endIndex
            let isWhole = isBraced ? end < rest.endIndex : !name.isEmpty
            guard isWhole, let value = value(String(name)) else {
                text.append("$")
                continue
            }
            text += value.unicodeScalars
            rest = rest[(isBraced ? rest.index(after: end) : end)...]
        }
        text += rest
        guard text.first == "~", text.dropFirst().first.map({ $0 == "/" }) ?? true,
            let home = value("HOME") ?? Self.homeDirectory
        else { return String(text) }
        return String(home.unicodeScalars + text.dropFirst())
    }

    /// Source: getpwuid(3).
    private static var homeDirectory: String? {
        guard let entry = unsafe getpwuid(getuid()), let directory = unsafe entry.pointee.pw_dir else {
            return nil
        }
        return unsafe String(cString: directory)
    }
}
