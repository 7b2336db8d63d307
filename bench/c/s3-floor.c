/* The floor for the S3 tools: sends the same requests with the same libraries, and does nothing else.

   s3-floor put|get COUNT CONNECTIONS BUCKET

   One thread, one curl_multi loop. Each request is signed (SigV4, real payload hash). Easy handles and hash
   contexts are reused, and the two blocks of the HMAC key are hashed once. Unlike the tools it reads no
   input and writes no output. */

#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY = 200, DIGEST = 32, BLOCK = 64 };
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    char body[BODY];
};

static const char *host, *endpoint, *region, *access_key, *bucket;
static EVP_MD_CTX *sha256, *work, *inner, *outer; /* `inner` and `outer` have hashed the key block */
static EVP_MD *algorithm;
static int put;
static char day[9], moment[17];
static time_t second;

static void fail(const char *what) {
    fprintf(stderr, "s3-floor: %s\n", what);
    exit(1);
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value) fail(name);
    return value;
}

static void hash(const void *data, size_t count, unsigned char digest[DIGEST]) {
    EVP_DigestInit_ex(sha256, NULL, NULL);
    EVP_DigestUpdate(sha256, data, count);
    EVP_DigestFinal_ex(sha256, digest, NULL);
}

static void hmac_key(const unsigned char *key, size_t count) {
    unsigned char pad[BLOCK];
    for (int each = 0; each < 2; each++) {
        memset(pad, each ? 0x5c : 0x36, BLOCK);
        for (size_t i = 0; i < count; i++) pad[i] ^= key[i];
        EVP_MD_CTX *context = each ? outer : inner;
        EVP_DigestInit_ex2(context, algorithm, NULL);
        EVP_DigestUpdate(context, pad, BLOCK);
    }
}

static void hmac(const void *data, size_t count, unsigned char digest[DIGEST]) {
    EVP_MD_CTX_copy_ex(work, inner);
    EVP_DigestUpdate(work, data, count);
    EVP_DigestFinal_ex(work, digest, NULL);
    EVP_MD_CTX_copy_ex(work, outer);
    EVP_DigestUpdate(work, digest, DIGEST);
    EVP_DigestFinal_ex(work, digest, NULL);
}

static void hex(const unsigned char digest[DIGEST], char text[2 * DIGEST + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * DIGEST] = 0;
}

/* Prepares `inner` and `outer` with the signing key of the day. */
static void renew_time(void) {
    time_t now = time(NULL);
    if (now == second) return;
    second = now;
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &utc);
    if (!strncmp(day, moment, 8)) return;
    memcpy(day, moment, 8);
    unsigned char digest[DIGEST];
    char secret[128];
    int length = snprintf(secret, sizeof secret, "AWS4%s", setting("AWS_SECRET_ACCESS_KEY"));
    const char *scope[] = {day, region, "s3", "aws4_request"};
    hmac_key((unsigned char *)secret, (size_t)length);
    for (int i = 0; i < 4; i++) {
        hmac(scope[i], strlen(scope[i]), digest);
        hmac_key(digest, DIGEST);
    }
}

/* Signs the request for the path and sets the headers of the handle. */
static void sign(struct transfer *transfer, const char *path) {
    unsigned char digest[DIGEST];
    char payload[65], request[65], signature[65], text[2048], line[1024];
    renew_time();
    memcpy(payload, empty_hash, sizeof payload);
    if (put) {
        hash(transfer->body, BODY, digest);
        hex(digest, payload);
    }
    int length = snprintf(text, sizeof text,
        "%s\n%s\n\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\nhost;x-amz-content-sha256;x-amz-date\n%s",
        put ? "PUT" : "GET", path, host, payload, moment, payload);
    hash(text, (size_t)length, digest);
    hex(digest, request);
    length = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", moment, day, region, request);
    hmac(text, (size_t)length, digest);
    hex(digest, signature);

    curl_slist_free_all(transfer->headers);
    snprintf(line, sizeof line,
        "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request,"
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=%s",
        access_key, day, region, signature);
    struct curl_slist *headers = curl_slist_append(NULL, line);
    snprintf(line, sizeof line, "x-amz-content-sha256: %s", payload);
    curl_slist_append(headers, line);
    snprintf(line, sizeof line, "x-amz-date: %s", moment);
    curl_slist_append(headers, line);
    curl_slist_append(headers, "Accept:");
    if (put) {
        curl_slist_append(headers, "Content-Type:");
        curl_slist_append(headers, "Expect:");
    }
    transfer->headers = headers;
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, headers);
}

static size_t swallow(char *data, size_t size, size_t count, void *context) {
    (void)data;
    *(size_t *)context += size * count;
    return size * count;
}

static void begin(struct transfer *transfer, int number, CURLM *multi) {
    char path[128], url[512];
    snprintf(path, sizeof path, "/%s/object-%06d", bucket, number);
    snprintf(url, sizeof url, "%s%s", endpoint, path);
    sign(transfer, path);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    curl_multi_add_handle(multi, transfer->easy);
}

int main(int argc, char **argv) {
    if (argc != 5 || (strcmp(argv[1], "put") && strcmp(argv[1], "get"))) fail("put|get COUNT CONNECTIONS BUCKET");
    put = argv[1][0] == 'p';
    int count = atoi(argv[2]), connections = atoi(argv[3]), begun = 0, done = 0;
    bucket = argv[4];
    endpoint = setting("AWS_ENDPOINT_URL_S3");
    host = strstr(endpoint, "://") + 3;
    region = setting("AWS_REGION");
    access_key = setting("AWS_ACCESS_KEY_ID");
    const char *bundle = getenv("AWS_CA_BUNDLE");
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha256 = EVP_MD_CTX_new(), work = EVP_MD_CTX_new(), inner = EVP_MD_CTX_new(), outer = EVP_MD_CTX_new();
    EVP_DigestInit_ex2(sha256, algorithm, NULL);

    size_t received = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    struct transfer *transfers = calloc((size_t)connections, sizeof *transfers);
    for (int i = 0; i < connections && begun < count; i++) {
        struct transfer *transfer = &transfers[i];
        memset(transfer->body, '0', BODY - 1);
        transfer->body[BODY - 1] = '\n';
        CURL *easy = transfer->easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &received);
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        if (bundle) {
            curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
            curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        }
        if (put) { /* a PUT with POSTFIELDS: head and body are sent in one call */
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)BODY);
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
        }
        begin(transfer, begun++, multi);
    }
    while (done < count) {
        int running, queued;
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &queued))) {
            struct transfer *transfer;
            long status = 0;
            CURL *easy = message->easy_handle;
            CURLcode result = message->data.result;
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
            if (result != CURLE_OK || status != 200) fail(result ? curl_easy_strerror(result) : "not 200");
            curl_multi_remove_handle(multi, easy);
            done++;
            if (begun < count) begin(transfer, begun++, multi);
        }
        if (done < count) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    if (!put && received != (size_t)count * BODY) fail("bytes are missing");
    return 0;
}
