import CCurl

/// libcurl and the libraries that it uses, each as `NAME/VERSION`.
///
/// Source: curl_version_info(3). curl_version(3) returns more names, but it initializes libraries for protocols that
/// are not used here.
package var httpLibraries: String {
    guard let info = unsafe s3_curl_version()?.pointee else { return "libcurl" }
    let names = unsafe [("libcurl/", info.version), ("", info.ssl_version), ("zlib/", info.libz_version)]
    return unsafe names.compactMap { start, version in
        unsafe version.map { unsafe start + String(cString: $0) }
    }.joined(separator: " ")
}
