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
    uint64_t quote, backslash, space, comma, colon, open, close;
    /// Control characters and bytes from 0x80 on.
    uint64_t unusual;
    /// Of brackets only: curly ones.
    uint64_t object;
    uint64_t digit, zero;
};

#endif
