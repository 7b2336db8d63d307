import HTTPTransfer
import S3Core

/// `NAME/VERSION` of each library that the S3 tools load.
package var s3Libraries: String { httpLibraries + " " + xmlLibrary }
