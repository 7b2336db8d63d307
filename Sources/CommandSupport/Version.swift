/// The version of every tool, as `--version` prints it. CHANGELOG.md says what came with it.
package let toolkitVersion = "0.1.0"
