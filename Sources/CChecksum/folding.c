// Checksums by carry-less multiplication, 64 bytes at a time.
//
// Four registers of 16 bytes each hold a polynomial with the same remainder as all bytes so far. Each step
// multiplies it by the power of x that moves it to the next 64 bytes, and adds these. Finally the tables give
// the remainder of the last 16 bytes.
//
// Source: Gopal, Ozturk, Guilford, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction",
// Intel, 2009.

#include "engine.h"

#if CHECKSUM_CAN_FOLD

#if defined(__x86_64__)

#include <immintrin.h>

#define FOLDING __attribute__((target("pclmul,sse4.1")))
typedef __m128i vector;

bool checksum_folds(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }

FOLDING static inline vector load(const void *bytes) { return _mm_loadu_si128(bytes); }
FOLDING static inline void store(void *bytes, vector value) { _mm_storeu_si128(bytes, value); }
FOLDING static inline vector only(uint64_t low) { return _mm_set_epi64x(0, (long long)low); }
FOLDING static inline vector sum(vector a, vector b) { return _mm_xor_si128(a, b); }
FOLDING static inline vector product_low(vector a, vector b) { return _mm_clmulepi64_si128(a, b, 0x00); }
FOLDING static inline vector product_high(vector a, vector b) { return _mm_clmulepi64_si128(a, b, 0x11); }

#else

#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#define FOLDING __attribute__((target("+crypto")))
typedef uint64x2_t vector;

bool checksum_folds(void) {
#if defined(__linux__)
    // HWCAP_PMULL of <asm/hwcap.h>.
    return getauxval(AT_HWCAP) & 1 << 4;
#else
    return true;
#endif
}

FOLDING static inline vector load(const void *bytes) { return vreinterpretq_u64_u8(vld1q_u8(bytes)); }
FOLDING static inline void store(void *bytes, vector value) { vst1q_u8(bytes, vreinterpretq_u8_u64(value)); }
FOLDING static inline vector only(uint64_t low) { return vcombine_u64(vcreate_u64(low), vcreate_u64(0)); }
FOLDING static inline vector sum(vector a, vector b) { return veorq_u64(a, b); }
FOLDING static inline vector product_low(vector a, vector b) {
    return vreinterpretq_u64_p128(vmull_p64((poly64_t)vgetq_lane_u64(a, 0), (poly64_t)vgetq_lane_u64(b, 0)));
}
FOLDING static inline vector product_high(vector a, vector b) {
    return vreinterpretq_u64_p128(
        vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}

#endif

/// `value` moved by `fold`, plus `next`.
FOLDING static inline vector moved(vector value, vector fold, vector next) {
    return sum(sum(product_low(value, fold), product_high(value, fold)), next);
}

FOLDING uint64_t checksum_by_folding(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count) {
    // The previous CRC has the powers of the first bytes, so it is added to them.
    vector a = sum(load(bytes), only(crc)), b = load(bytes + 16), c = load(bytes + 32), d = load(bytes + 48);
    vector fold = load(engine->fold_64);
    for (bytes += 64, count -= 64; count >= 64; bytes += 64, count -= 64) {
        a = moved(a, fold, load(bytes));
        b = moved(b, fold, load(bytes + 16));
        c = moved(c, fold, load(bytes + 32));
        d = moved(d, fold, load(bytes + 48));
    }
    fold = load(engine->fold_16);
    a = moved(moved(moved(a, fold, b), fold, c), fold, d);
    for (; count >= 16; bytes += 16, count -= 16) a = moved(a, fold, load(bytes));
    uint8_t rest[16];
    store(rest, a);
    return checksum_by_tables(engine, checksum_by_tables(engine, 0, rest, 16), bytes, count);
}

#else
// A translation unit must not be empty.
typedef int checksum_folds_nowhere;
#endif
