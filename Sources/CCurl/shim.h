// curl_easy_setopt and curl_easy_getinfo are variadic macros, which Swift cannot call:
// one typed function for each kind of argument.
#pragma once
#include <curl/curl.h>

static inline CURLcode s3_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode s3_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode s3_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*s3_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode s3_curl_set_data_callback(
    CURL *handle, CURLoption option, s3_curl_data_callback function) {
    return curl_easy_setopt(handle, option, function);
}
static inline CURLcode s3_curl_set_prereq_callback(CURL *handle, curl_prereq_callback function) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
}
static inline CURLcode s3_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode s3_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode s3_curl_get_pointer(CURL *handle, CURLINFO info, void *value) {
    return curl_easy_getinfo(handle, info, (void **)value);
}
static inline CURLMcode s3_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
static inline const curl_version_info_data *s3_curl_version(void) { return curl_version_info(CURLVERSION_NOW); }
