/// The version of every tool. CHANGELOG.md says what came with it; the manual pages name it.
package let toolkitVersion = "1.0.0"

/// What `--version` prints: the tool and the libraries that it loads, each with its version.
///
/// - Parameter libraries: `NAME/VERSION` for each; evaluated only if the version is printed.
package func versionText(of tool: String, libraries: @autoclosure () -> String = "") -> String {
    guard (try? commandLineWords())?.contains("--version") == true else { return toolkitVersion }
    let names = libraries()
    return "\(tool) \(toolkitVersion)" + (names.isEmpty ? "" : "\n" + names)
}
