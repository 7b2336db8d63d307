// The kernel for x86-64 processors with AVX2, BMI2 and carry-less multiplication.

#include "block.h"
#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(                                                                                  \
    __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,tune=znver3"))), apply_to = function)

/// One bit per byte: its highest bit, for two halves of a block.
ALWAYS_INLINE uint64_t high_bits(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

ALWAYS_INLINE uint64_t equal(__m256i low, __m256i high, char byte) {
    __m256i wanted = _mm256_set1_epi8(byte);
    return high_bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

/// Bytes that are at most `limit`, unsigned.
ALWAYS_INLINE uint64_t at_most(__m256i low, __m256i high, uint8_t limit) {
    __m256i wanted = _mm256_set1_epi8((char)limit);
    return high_bits(
        _mm256_cmpeq_epi8(_mm256_min_epu8(low, wanted), low),
        _mm256_cmpeq_epi8(_mm256_min_epu8(high, wanted), high));
}

ALWAYS_INLINE struct block classify(const uint8_t *bytes) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    __m256i bit5 = _mm256_set1_epi8(0x20);
    // [ and {, ] and } differ in bit 5.
    __m256i folded_low = _mm256_or_si256(low, bit5), folded_high = _mm256_or_si256(high, bit5);
    // White space at the index of its low four bits; elsewhere a value that no byte with this index equals.
    const __m256i spaces = _mm256_setr_epi8(
        ' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1,
        ' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1);
    __m256i zero = _mm256_set1_epi8('0'), blank = _mm256_set1_epi8(' ');
    return (struct block){
        .quote = equal(low, high, '"'),
        .backslash = equal(low, high, '\\'),
        // As signed numbers, bytes from 0x80 on are less than a space.
        .unusual = high_bits(_mm256_cmpgt_epi8(blank, low), _mm256_cmpgt_epi8(blank, high)),
        .space = high_bits(
            _mm256_cmpeq_epi8(_mm256_shuffle_epi8(spaces, low), low),
            _mm256_cmpeq_epi8(_mm256_shuffle_epi8(spaces, high), high)),
        .comma = equal(low, high, ','),
        .colon = equal(low, high, ':'),
        .open = equal(folded_low, folded_high, '{'),
        .close = equal(folded_low, folded_high, '}'),
        .object = high_bits(_mm256_slli_epi16(low, 2), _mm256_slli_epi16(high, 2)),
        .digit = at_most(_mm256_sub_epi8(low, zero), _mm256_sub_epi8(high, zero), 9),
        .zero = equal(low, high, '0'),
    };
}

ALWAYS_INLINE uint64_t line_feed(const uint8_t *bytes) {
    return equal(
        _mm256_loadu_si256((const __m256i *)bytes), _mm256_loadu_si256((const __m256i *)(bytes + 32)), '\n');
}

/// Bytes from 0x80 on.
ALWAYS_INLINE uint64_t high_bytes(const uint8_t *bytes) {
    return high_bits(
        _mm256_loadu_si256((const __m256i *)bytes), _mm256_loadu_si256((const __m256i *)(bytes + 32)));
}

ALWAYS_INLINE void classify_numbers(
    const uint8_t *bytes, uint64_t *minus, uint64_t *point, uint64_t *zero) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    *minus = equal(low, high, '-');
    *point = equal(low, high, '.');
    *zero = equal(low, high, '0');
}

ALWAYS_INLINE void classify_powers(const uint8_t *bytes, uint64_t *plus, uint64_t *exponent) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    *plus = equal(low, high, '+');
    *exponent = equal(low, high, 'e') | equal(low, high, 'E');
}

ALWAYS_INLINE void classify_escapes(
    const uint8_t *bytes, uint64_t *simple, uint64_t *unicode, uint64_t *hexadecimal) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    __m256i bit5 = _mm256_set1_epi8(0x20), zero = _mm256_set1_epi8('0'), a = _mm256_set1_epi8('a');
    *simple = equal(low, high, '/') | equal(low, high, 'b') | equal(low, high, 'f') | equal(low, high, 'n')
        | equal(low, high, 'r') | equal(low, high, 't');
    *unicode = equal(low, high, 'u');
    *hexadecimal = at_most(_mm256_sub_epi8(low, zero), _mm256_sub_epi8(high, zero), 9)
        | at_most(
            _mm256_sub_epi8(_mm256_or_si256(low, bit5), a), _mm256_sub_epi8(_mm256_or_si256(high, bit5), a), 5);
}

/// The errors of a byte and the one before it, as the conjunction of three table lookups. Source: Keiser and
/// Lemire, Validating UTF-8 in less than one instruction per byte (2021).
enum {
    TOO_SHORT = 1 << 0,
    TOO_LONG = 1 << 1,
    OVERLONG_3 = 1 << 2,
    TOO_LARGE = 1 << 3,
    SURROGATE = 1 << 4,
    OVERLONG_2 = 1 << 5,
    OVERLONG_4_OR_TOO_LARGE = 1 << 6,
    TWO_CONTINUATIONS = 1 << 7,
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS,
    ABOVE_F4 = ANY_LOW | TOO_LARGE | OVERLONG_4_OR_TOO_LARGE,
};

#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

ALWAYS_INLINE __m256i utf8_errors_of(__m256i bytes, __m256i before) {
    // The last 16 bytes of `before` and the first 16 of `bytes`: alignr works in lanes of 16 bytes.
    __m256i straddling = _mm256_permute2x128_si256(before, bytes, 0x21);
    __m256i back1 = _mm256_alignr_epi8(bytes, straddling, 15);
    __m256i back2 = _mm256_alignr_epi8(bytes, straddling, 14);
    __m256i back3 = _mm256_alignr_epi8(bytes, straddling, 13);
    __m256i nibble = _mm256_set1_epi8(0x0F);
    const __m256i by_first_high = TWICE(
        TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
        (char)TWO_CONTINUATIONS, (char)TWO_CONTINUATIONS, (char)TWO_CONTINUATIONS, (char)TWO_CONTINUATIONS,
        TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
        TOO_SHORT | TOO_LARGE | OVERLONG_4_OR_TOO_LARGE);
    const __m256i by_first_low = TWICE(
        (char)(ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4_OR_TOO_LARGE), (char)(ANY_LOW | OVERLONG_2),
        (char)ANY_LOW, (char)ANY_LOW, (char)(ANY_LOW | TOO_LARGE), (char)ABOVE_F4, (char)ABOVE_F4,
        (char)ABOVE_F4, (char)ABOVE_F4, (char)ABOVE_F4, (char)ABOVE_F4, (char)ABOVE_F4, (char)ABOVE_F4,
        (char)(ABOVE_F4 | SURROGATE), (char)ABOVE_F4, (char)ABOVE_F4);
    enum {
        CONTINUATION = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS,
        FROM_80 = CONTINUATION | OVERLONG_3 | OVERLONG_4_OR_TOO_LARGE,
        FROM_90 = CONTINUATION | OVERLONG_3 | TOO_LARGE,
        FROM_A0 = CONTINUATION | SURROGATE | TOO_LARGE,
    };
    const __m256i by_second_high = TWICE(
        TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
        (char)FROM_80, (char)FROM_90, (char)FROM_A0, (char)FROM_A0,
        TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT);
    __m256i pairs = _mm256_and_si256(
        _mm256_and_si256(
            _mm256_shuffle_epi8(by_first_high, _mm256_and_si256(_mm256_srli_epi16(back1, 4), nibble)),
            _mm256_shuffle_epi8(by_first_low, _mm256_and_si256(back1, nibble))),
        _mm256_shuffle_epi8(by_second_high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)));
    // Bit 7 is set for a third or fourth byte: only there are two continuation bytes in a row correct.
    __m256i third = _mm256_subs_epu8(back2, _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(back3, _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i wanted = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(wanted, pairs);
}

OUT_OF_LINE uint64_t utf8_errors(struct json_kernel_state *state, const uint8_t *bytes) {
    uint32_t tail = 0;
    if (state->in_sequence) memcpy(&tail, state->tail, 4);
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    __m256i before = _mm256_insert_epi32(_mm256_setzero_si256(), (int)tail, 7);
    __m256i none = _mm256_setzero_si256();
    __m256i low_errors = utf8_errors_of(low, before), high_errors = utf8_errors_of(high, low);
    state->in_sequence = bytes[63] >= 0xC0 || bytes[62] >= 0xE0 || bytes[61] >= 0xF0;
    memcpy(state->tail, bytes + 60, 4);
    return ~high_bits(_mm256_cmpeq_epi8(low_errors, none), _mm256_cmpeq_epi8(high_errors, none));
}

ALWAYS_INLINE uint64_t prefix_xor(uint64_t mask) {
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)mask), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

ALWAYS_INLINE uint64_t extract(uint64_t mask, uint64_t keep) { return _pext_u64(mask, keep); }

/// The position of the bit that `extract` moves to `index`.
ALWAYS_INLINE int nth_byte(uint64_t keep, int index) {
    return __builtin_ctzll(_pdep_u64(UINT64_C(1) << index, keep));
}

/// The positions of the bits set in `bits`, one byte each.
#define KEPT(bits, index)                                                                                      \
    ((bits) >> (index) & 1 ? (uint64_t)(index) << 8 * __builtin_popcount((bits) & ((1 << (index)) - 1)) : 0)
#define KEPT_1(bits)                                                                                           \
    KEPT(bits, 0) | KEPT(bits, 1) | KEPT(bits, 2) | KEPT(bits, 3) | KEPT(bits, 4) | KEPT(bits, 5)              \
        | KEPT(bits, 6) | KEPT(bits, 7)
#define KEPT_4(bits) KEPT_1(bits), KEPT_1(bits + 1), KEPT_1(bits + 2), KEPT_1(bits + 3)
#define KEPT_16(bits) KEPT_4(bits), KEPT_4(bits + 4), KEPT_4(bits + 8), KEPT_4(bits + 12)
#define KEPT_64(bits) KEPT_16(bits), KEPT_16(bits + 16), KEPT_16(bits + 32), KEPT_16(bits + 48)
/// Loads read 16 bytes and use the first eight.
static const uint64_t kept_bytes[256 + 1] = {KEPT_64(0), KEPT_64(64), KEPT_64(128), KEPT_64(192)};

ALWAYS_INLINE uint8_t *store_kept(uint8_t *output, const uint8_t *bytes, uint64_t keep) {
    if (keep == ~UINT64_C(0)) {
        memcpy(output, bytes, 64);
        return output + 64;
    }
    for (int start = 0; start < 64; start += 8, keep >>= 8) {
        uint8_t bits = (uint8_t)keep;
        __m128i indices = _mm_loadu_si128((const __m128i *)&kept_bytes[bits]);
        __m128i source = _mm_loadl_epi64((const __m128i *)(bytes + start));
        _mm_storel_epi64((__m128i *)output, _mm_shuffle_epi8(source, indices));
        output += __builtin_popcount(bits);
    }
    return output;
}

#include "rules.h"

DEFINE_KERNEL(json_kernel_avx2)

#pragma clang attribute pop

#endif
