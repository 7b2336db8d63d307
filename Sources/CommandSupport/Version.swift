/// The version of every tool. CHANGELOG.md says what came with it; the manual pages name it.
package let toolkitVersion = "1.0.0"

/// What `--version` prints: the tool with its version, and the libraries that it loads with theirs.
///
/// - Parameter libraries: `NAME/VERSION` for each; asked for only if the version is to be printed.
package func versionText(of tool: String, libraries: @autoclosure () -> String = "") -> String {
    guard (try? commandLineWords())?.contains("--version") == true else { return toolkitVersion }
    let names = libraries()
    return "\(tool) \(toolkitVersion)" + (names.isEmpty ? "" : "\n" + names)
}
