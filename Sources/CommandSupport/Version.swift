/// The version of every tool, as in CHANGELOG.md and the manual pages.
package let toolkitVersion = "1.0.0"

/// The text of `--version`: the tool and the libraries that it loads, each with its version.
///
/// - Parameter libraries: `NAME/VERSION` of each; evaluated only if the version is printed.
package func versionText(of tool: String, libraries: @autoclosure () -> String = "") -> String {
    guard (try? commandLineWords())?.contains("--version") == true else { return toolkitVersion }
    let names = libraries()
    return "\(tool) \(toolkitVersion)" + (names.isEmpty ? "" : "\n" + names)
}
