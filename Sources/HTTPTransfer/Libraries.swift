import CCurl

/// libcurl and the libraries it uses, each as `NAME/VERSION`. Source: curl_version(3).
package var httpLibraries: String { unsafe String(cString: curl_version()) }
