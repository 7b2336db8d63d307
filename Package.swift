// swift-tools-version: 6.2

import PackageDescription

/// One set of rules for every target: Swift 6 mode, checked memory, warnings are errors.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// C as Debian builds it. Source: dpkg-buildflags(1), hardening.
let hardened: [CSetting] = [
    .unsafeFlags(["-fstack-protector-strong", "-fstack-clash-protection", "-Wall", "-Wextra"]),
    .define("_FORTIFY_SOURCE", to: "2", .when(configuration: .release)),
]

/// Every symbol is bound at start, and the table of bound symbols is read-only afterwards. CProcess replaces the
/// function that the Swift runtime calls when it gets no memory: a tool then ends with a line and a status, not a stack
/// trace. No symbols are exported: nothing uses them, and their names would add 440 KiB to each binary.
let bound: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(platforms: [.linux])),
    .unsafeFlags(
        ["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"],
        .when(platforms: [.linux])),
    .unsafeFlags(
        ["-Xlinker", "--wrap=_ZN5swift28swift_abortAllocationFailureEmm"], .when(platforms: [.linux])),
]

/// ByteIO alone lends spans of its buffers, which needs lifetime annotations.
let lendsSpans: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], extra: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings + extra)
}

func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + [argumentParser], swiftSettings: settings,
        linkerSettings: bound)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies,
        swiftSettings: settings)
}

// From the bottom up: each target uses only targets above it.
let package = Package(
    name: "s3-lines",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .target(name: "CProcess", cSettings: hardened),

        library("ByteIO", ["CProcess"], extra: lendsSpans),
        .target(name: "CChecksum", cSettings: hardened),
        library("Digest", ["ByteIO", "CChecksum", "CCrypto"]),
        .target(name: "CJSONKernel", cSettings: hardened),
        library("JSONStream", ["ByteIO", "CJSONKernel"]),
        library("KeyTemplate", ["ByteIO", "Digest", "JSONStream"]),
        library("Codec", ["ByteIO", "CZlib", "CZstd", "Digest"]),
        library("HTTPTransfer", ["ByteIO", "CCurl"]),
        library("S3Core", ["ByteIO", "Codec", "Digest", "HTTPTransfer", "JSONStream", "CExpat"]),
        library("S3Lines", ["ByteIO", "Codec", "Digest", "HTTPTransfer", "S3Core"]),
        library("CommandSupport", ["ByteIO", "CProcess", argumentParser]),
        library(
            "S3CommandSupport",
            ["ByteIO", "CommandSupport", "CProcess", "HTTPTransfer", "S3Core", "S3Lines", argumentParser]),

        tool("json-sep", ["ByteIO", "CommandSupport", "JSONStream"]),
        tool("s3-keygen", ["ByteIO", "CommandSupport", "Digest", "KeyTemplate"]),
        tool("s3-put-lines", ["ByteIO", "Codec", "CommandSupport", "S3CommandSupport", "S3Core", "S3Lines"]),
        tool("s3-get-lines", ["ByteIO", "CommandSupport", "S3CommandSupport", "S3Core", "S3Lines"]),
        tool("s3-list-keys", ["ByteIO", "CommandSupport", "S3CommandSupport", "S3Core", "S3Lines"]),
        tool("s3-delete-keys", ["ByteIO", "CommandSupport", "S3CommandSupport", "S3Core", "S3Lines"]),

        tests(of: "ByteIO"),
        tests(of: "Digest", ["ByteIO"]),
        tests(of: "Codec", ["ByteIO", "CZlib", "CZstd", "Digest"]),
        tests(of: "JSONStream", ["ByteIO", "Randomness", "SeparationHarness"]),
        tests(of: "KeyTemplate", ["ByteIO", "JSONStream", "Randomness"]),
        tests(of: "HTTPTransfer", ["ByteIO"]),
        tests(of: "S3Core", ["ByteIO", "HTTPTransfer", "Randomness"]),
        tests(of: "S3Lines", ["ByteIO", "Codec", "HTTPTransfer", "Randomness", "S3Core"]),
        .target(name: "Randomness", path: "Tests/Randomness", swiftSettings: settings),
        .target(
            name: "SeparationHarness", dependencies: ["ByteIO", "JSONStream"],
            path: "Tests/SeparationHarness", swiftSettings: settings),
    ]
)

// Only for scripts/fuzz.sh, which links it with libFuzzer.
if Context.environment["FUZZ"] != nil {
    func fuzzer(_ name: String, _ part: String, _ dependencies: [Target.Dependency]) -> Target {
        .target(
            name: name, dependencies: dependencies, path: "Tests/fuzz/\(part)",
            exclude: ["\(part).dict", "seeds"], swiftSettings: settings)
    }
    package.targets += [
        fuzzer("JSONFuzz", "json", ["JSONStream", "SeparationHarness"]),
        fuzzer("AnswersFuzz", "answers", ["ByteIO", "HTTPTransfer", "S3Core", "S3Lines"]),
        fuzzer("ConfigFuzz", "config", ["S3Core"]),
        fuzzer("KeysFuzz", "keys", ["ByteIO", "KeyTemplate", "S3Core"]),
    ]
}
