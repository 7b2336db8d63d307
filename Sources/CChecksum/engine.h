// The constants of one checksum, computed at its first use.
//
// A reflected CRC of width n is a polynomial over GF(2): bit n - 1 is the coefficient of x^0, and bit 0 that
// of x^(n-1). So the lowest bit of a byte comes first, as in the data.

#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>

#include "CChecksum.h"

struct checksum_engine {
    /// The generator polynomial, reflected, without x^n.
    uint64_t polynomial;
    /// All bits of the width: the start value, and the mask that inverts the result.
    uint64_t mask;
    /// `tables[k][b]`: the remainder of byte b followed by k zero bytes.
    uint64_t tables[8][256];
    /// The factors of the two halves of 16 bytes that move them by 64 bytes and by 16 bytes.
    uint64_t fold_64[2], fold_16[2];
};

/// The remainder after `count` more bytes; `crc` and the result are not inverted.
uint64_t checksum_by_tables(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count);

/// The minimum number of bytes for carry-less multiplication.
#define CHECKSUM_LEAST_FOLDED 64

#if defined(__x86_64__) || defined(__aarch64__)
#define CHECKSUM_CAN_FOLD 1

/// Whether the processor has carry-less multiplication.
bool checksum_folds(void);

/// Like `checksum_by_tables`, for at least CHECKSUM_LEAST_FOLDED bytes.
uint64_t checksum_by_folding(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count);
#endif

#endif
