import CCurl

/// libcurl and what it is built with, each as `NAME/VERSION`. Source: curl_version(3).
package var httpLibraries: String { unsafe String(cString: curl_version()) }
