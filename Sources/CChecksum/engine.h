// What one checksum's arithmetic needs: computed once, when it is first used.
//
// A reflected CRC of width n is a polynomial over GF(2) whose coefficient of x^0 is bit n - 1 and that of
// x^(n-1) is bit 0. So a byte's lowest bit comes first, as in the bytes themselves.

#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>

#include "CChecksum.h"

struct checksum_engine {
    /// The generator polynomial, reflected, without x^n.
    uint64_t polynomial;
    /// All bits of the width: the start value, and what the result is inverted by.
    uint64_t mask;
    /// `tables[k][b]`: the remainder of byte b followed by k bytes of zero.
    uint64_t tables[8][256];
    /// What the two halves of 16 bytes are multiplied by to move them 64 bytes on, and 16 bytes on.
    uint64_t fold_64[2], fold_16[2];
};

/// The remainder of `count` bytes that follow one of `crc`, neither inverted.
uint64_t checksum_by_tables(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count);

/// The fewest bytes that carry-less multiplication takes.
#define CHECKSUM_LEAST_FOLDED 64

#if defined(__x86_64__) || defined(__aarch64__)
#define CHECKSUM_CAN_FOLD 1

/// Whether the processor multiplies without carry.
bool checksum_folds(void);

/// As `checksum_by_tables`, for at least CHECKSUM_LEAST_FOLDED bytes.
uint64_t checksum_by_folding(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count);
#endif

#endif
