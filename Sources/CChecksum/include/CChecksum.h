// Cyclic redundancy checks of the reflected kind that S3 and gzip use: CRC-64/NVME, CRC-32C and CRC-32.

#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// Sources: NVM Express NVM Command Set Specification, 5.2.1.3.4 (CRC-64/NVME); RFC 3720, 12.1 (CRC-32C);
/// RFC 1952, 8 (CRC-32).
enum checksum_kind {
    CHECKSUM_CRC32,
    CHECKSUM_CRC32C,
    CHECKSUM_CRC64NVME,
};

/// The checksum after `count` more bytes; `crc` is that of the previous bytes, 0 for none. Uses carry-less
/// multiplication if the processor has it.
uint64_t checksum_update(enum checksum_kind kind, uint64_t crc, const uint8_t *bytes, size_t count);

/// The same, by tables on every processor.
uint64_t checksum_update_portable(enum checksum_kind kind, uint64_t crc, const uint8_t *bytes, size_t count);

/// The checksum of the concatenation of bytes with the checksum `first` and `count` bytes with the checksum
/// `second`.
uint64_t checksum_combine(enum checksum_kind kind, uint64_t first, uint64_t second, uint64_t count);

#endif
