// What the rules want to know of 64 bytes; each kernel fills it in its own way.

#ifndef BLOCK_H
#define BLOCK_H

#include "CJSONKernel.h"

#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
/// For what many blocks have no need of, so that the loop over the others keeps the registers.
#define OUT_OF_LINE static __attribute__((noinline))

/// Masks of a block, one bit a byte.
struct block {
    uint64_t quote, backslash, control, space, line_feed, comma, colon, open, close;
    /// Of brackets only: curly ones.
    uint64_t object;
    uint64_t digit, zero;
    /// True if there is a byte from 0x80 on.
    bool has_high;
};

/// The other bytes of numbers; asked for only in blocks that have some.
struct number_block {
    uint64_t minus, plus, point, exponent;
};

#endif
