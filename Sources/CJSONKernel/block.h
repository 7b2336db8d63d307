// The masks of a block of 64 bytes; each kernel has its own code to compute them.

#ifndef BLOCK_H
#define BLOCK_H

#include "CJSONKernel.h"

#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
/// For rare cases, so that the main loop keeps its values in registers.
#define OUT_OF_LINE static __attribute__((noinline))

/// The masks of a block, one bit per byte.
struct block {
    uint64_t quote, backslash, space, comma, colon, open, close;
    /// Control characters and bytes from 0x80 on.
    uint64_t unusual;
    /// Of the brackets, the curly ones; undefined for other bytes.
    uint64_t object;
    uint64_t digit, zero;
};

#endif
