/// The profiles of the shared files, and the selected one.
///
/// Source: botocore's `session.full_config` and `configloader.build_profile_map`.
package struct Profiles: Equatable, Sendable {
    /// The selected profile.
    package let name: String
    /// All profiles by name: settings of the configuration file, overridden by those of the credentials file.
    package let profiles: [String: ConfigFile.Section]
    /// The profiles of the configuration file alone.
    package let configured: [String: ConfigFile.Section]
    /// The sections of the credentials file.
    package let credentials: [String: ConfigFile.Section]
    package let sessions: [String: ConfigFile.Section]
    private let services: [String: ConfigFile.Section]

    package static let defaultName = "default"

    /// No files, no settings.
    package static let none = Profiles()

    private init() {
        name = Self.defaultName
        profiles = [:]
        configured = [:]
        credentials = [:]
        sessions = [:]
        services = [:]
    }

    /// - Parameter name: the profile that the user selects; nil is `default`, which need not exist.
    /// - Throws: if the selected profile does not exist.
    package init(
        _ config: ConfigFile, credentials: ConfigFile, name: String?
    ) throws(ConfigurationError) {
        var profiles: [String: ConfigFile.Section] = [:]
        var sessions: [String: ConfigFile.Section] = [:]
        var services: [String: ConfigFile.Section] = [:]
        // In file order: if two sections have the same name (`[default]`, `[profile default]`), the last one
        // counts.
        for title in config.titles {
            let section = config.sections[title] ?? [:]
            if title == Self.defaultName {
                profiles[title] = section
            } else if let name = Self.name(in: title, after: "profile") {
                profiles[name] = section
            } else if let name = Self.name(in: title, after: "sso-session") {
                sessions[name] = section
            } else if let name = Self.name(in: title, after: "services") {
                services[name] = section
            }
        }
        configured = profiles
        for (title, section) in credentials.sections {
            profiles[title, default: [:]].merge(section) { _, own in own }
        }
        self.profiles = profiles
        self.credentials = credentials.sections
        self.sessions = sessions
        self.services = services
        self.name = name ?? Self.defaultName
        if let name, profiles[name] == nil { throw .invalid(Self.missing(name, profiles.keys.sorted())) }
    }

    private static func missing(_ name: String, _ others: [String]) -> String {
        "profile '\(name)' does not exist; "
            + (others.isEmpty ? "no profiles are configured" : "there are: " + others.joined(separator: ", "))
    }

    /// `x` of `[profile x]` and `[profile "x"]`.
    private static func name(in title: String, after kind: String) -> String? {
        guard title.hasPrefix(kind), let words = ShellWords.split(title), words.count == 2 else { return nil }
        return words[1]
    }

    /// The selected profile.
    package var current: ConfigFile.Section { profiles[name] ?? [:] }

    /// A setting of the selected profile; nil if it is empty.
    package func value(_ name: String) -> String? {
        current[name]?.text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A setting in a nested block of the profile, such as `s3 =`.
    package func value(_ block: String, _ name: String) -> String? {
        guard case .nested(let settings) = current[block], let text = settings[name], !text.isEmpty else {
            return nil
        }
        return text
    }

    /// The endpoint of a service in the `services` section that the profile refers to.
    ///
    /// - Throws: if there is no such section.
    package func serviceEndpoint(_ service: String) throws(ConfigurationError) -> String? {
        guard let title = value("services") else { return nil }
        guard let section = services[title] else {
            throw .invalid("profile '\(name)' names [services \(title)], which does not exist")
        }
        guard case .nested(let settings) = section[service], let text = settings["endpoint_url"] else {
            return nil
        }
        return text.isEmpty ? nil : text
    }
}
