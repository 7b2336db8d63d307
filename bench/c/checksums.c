// The speed of checksums of 64 KiB in the cache: rows for bench/run.
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "CChecksum.h"

enum { SIZE = 64 << 10, ROUNDS = 5 };
static uint8_t bytes[SIZE];
static volatile uint64_t sink;

static void crc64nvme(void) { sink = checksum_update(CHECKSUM_CRC64NVME, sink, bytes, SIZE); }
static void crc32c(void) { sink = checksum_update(CHECKSUM_CRC32C, sink, bytes, SIZE); }
static void crc32_ours(void) { sink = checksum_update(CHECKSUM_CRC32, sink, bytes, SIZE); }
static void crc64nvme_tables(void) { sink = checksum_update_portable(CHECKSUM_CRC64NVME, sink, bytes, SIZE); }
static void crc32_zlib(void) { sink = crc32_z(sink, bytes, SIZE); }
static void sha256(void) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    EVP_Digest(bytes, SIZE, hash, NULL, EVP_sha256(), NULL);
    sink = hash[0];
}

/// The shortest of several rounds of at least 0.1 s, in seconds per byte: other programs only make rounds longer.
static double measure(void (*checksum)(void)) {
    double best = 1;
    for (int round = 0; round < ROUNDS; round++) {
        long count = 0;
        clock_t start = clock(), now;
        do {
            for (int i = 0; i < 16; i++) checksum();
            count += 16;
            now = clock();
        } while (now - start < CLOCKS_PER_SEC / 10);
        double each = (double)(now - start) / CLOCKS_PER_SEC / ((double)count * SIZE);
        if (each < best) best = each;
    }
    return best;
}

int main(void) {
    for (int i = 0; i < SIZE; i++) bytes[i] = (uint8_t)(i * 31 + i / 7);
    static const struct { const char *name; void (*checksum)(void); } rows[] = {
        {"zlib's CRC-32", crc32_zlib},
        {"SHA-256, OpenSSL", sha256},
        {"CRC-64/NVME by tables", crc64nvme_tables},
        {"CRC-64/NVME", crc64nvme},
        {"CRC-32C", crc32c},
        {"CRC-32", crc32_ours},
    };
    double first = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double each = measure(rows[i].checksum);
        if (i == 0) first = each;
        printf("checksums of 64 KiB\t%s\t%.2f GB/s\t%.3f ns/byte\t-\t%.2f\n", rows[i].name, 1e-9 / each, each * 1e9,
            each / first);
    }
}
