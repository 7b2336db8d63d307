// The kernel for all other processors, in plain C.

#include "block.h"
#include "kernels.h"

/// The classes of each byte value: bit 0 of byte k is set for class k.
#define CLASS(k) (UINT64_C(1) << (8 * (k)))

enum { QUOTE, BACKSLASH, UNUSUAL, SPACE, COMMA, COLON };
static const uint64_t text_classes[256] = {
    [0x00 ... 0x08] = CLASS(UNUSUAL),
    ['\t'] = CLASS(UNUSUAL) | CLASS(SPACE),
    ['\n'] = CLASS(UNUSUAL) | CLASS(SPACE),
    [0x0B ... 0x0C] = CLASS(UNUSUAL),
    ['\r'] = CLASS(UNUSUAL) | CLASS(SPACE),
    [0x0E ... 0x1F] = CLASS(UNUSUAL),
    [0x80 ... 0xFF] = CLASS(UNUSUAL),
    [' '] = CLASS(SPACE),
    ['"'] = CLASS(QUOTE),
    ['\\'] = CLASS(BACKSLASH),
    [','] = CLASS(COMMA),
    [':'] = CLASS(COLON),
};

enum { OPEN, CLOSE, OBJECT, DIGIT, ZERO };
static const uint64_t value_classes[256] = {
    ['{'] = CLASS(OPEN) | CLASS(OBJECT),
    ['}'] = CLASS(CLOSE) | CLASS(OBJECT),
    ['['] = CLASS(OPEN),
    [']'] = CLASS(CLOSE),
    ['0'] = CLASS(DIGIT) | CLASS(ZERO),
    ['1' ... '9'] = CLASS(DIGIT),
};

enum { MINUS, PLUS, POINT, EXPONENT };
static const uint64_t number_classes[256] = {
    ['-'] = CLASS(MINUS),
    ['+'] = CLASS(PLUS),
    ['.'] = CLASS(POINT),
    ['e'] = CLASS(EXPONENT),
    ['E'] = CLASS(EXPONENT),
    ['0'] = CLASS(ZERO),
};

enum { SIMPLE, UNICODE, HEXADECIMAL };
static const uint64_t escape_classes[256] = {
    ['/'] = CLASS(SIMPLE),
    ['n'] = CLASS(SIMPLE),
    ['r'] = CLASS(SIMPLE),
    ['t'] = CLASS(SIMPLE),
    ['b'] = CLASS(SIMPLE) | CLASS(HEXADECIMAL),
    ['f'] = CLASS(SIMPLE) | CLASS(HEXADECIMAL),
    ['u'] = CLASS(UNICODE),
    ['0' ... '9'] = CLASS(HEXADECIMAL),
    ['A' ... 'F'] = CLASS(HEXADECIMAL),
    ['a'] = CLASS(HEXADECIMAL),
    ['c' ... 'e'] = CLASS(HEXADECIMAL),
};

/// Sets `masks[k]` to the bytes of class k.
ALWAYS_INLINE void classify_by(const uint64_t classes[256], const uint8_t *bytes, uint64_t masks[8]) {
    memset(masks, 0, 8 * sizeof *masks);
    for (int start = 0; start < 64; start += 8) {
        // Byte k of the sum is class k's mask of these eight bytes.
        uint64_t sum = 0;
        for (int index = 0; index < 8; index++) sum |= classes[bytes[start + index]] << index;
        for (int class = 0; class < 8; class++) masks[class] |= (sum >> (8 * class) & 0xFF) << start;
    }
}

ALWAYS_INLINE struct block classify(const uint8_t *bytes) {
    uint64_t text[8], value[8];
    classify_by(text_classes, bytes, text);
    classify_by(value_classes, bytes, value);
    return (struct block){
        .quote = text[QUOTE],
        .backslash = text[BACKSLASH],
        .unusual = text[UNUSUAL],
        .space = text[SPACE],
        .comma = text[COMMA],
        .colon = text[COLON],
        .open = value[OPEN],
        .close = value[CLOSE],
        .object = value[OBJECT],
        .digit = value[DIGIT],
        .zero = value[ZERO],
    };
}

ALWAYS_INLINE uint64_t line_feed(const uint8_t *bytes) {
    uint64_t mask = 0;
    for (int index = 0; index < 64; index++) mask |= (uint64_t)(bytes[index] == '\n') << index;
    return mask;
}

ALWAYS_INLINE uint64_t high_bytes(const uint8_t *bytes) {
    uint64_t mask = 0;
    for (int index = 0; index < 64; index++) mask |= (uint64_t)(bytes[index] >> 7) << index;
    return mask;
}

ALWAYS_INLINE void classify_numbers(
    const uint8_t *bytes, uint64_t *minus, uint64_t *point, uint64_t *zero) {
    uint64_t masks[8];
    classify_by(number_classes, bytes, masks);
    *minus = masks[MINUS];
    *point = masks[POINT];
    *zero = masks[ZERO];
}

ALWAYS_INLINE void classify_powers(const uint8_t *bytes, uint64_t *plus, uint64_t *exponent) {
    uint64_t masks[8];
    classify_by(number_classes, bytes, masks);
    *plus = masks[PLUS];
    *exponent = masks[EXPONENT];
}

ALWAYS_INLINE void classify_escapes(
    const uint8_t *bytes, uint64_t *simple, uint64_t *unicode, uint64_t *hexadecimal) {
    uint64_t masks[8];
    classify_by(escape_classes, bytes, masks);
    *simple = masks[SIMPLE];
    *unicode = masks[UNICODE];
    *hexadecimal = masks[HEXADECIMAL];
}

/// The number of the `count` bytes that are a well-formed start of a UTF-8 sequence, and the length of the
/// whole sequence. Source: Unicode, table 3-7.
ALWAYS_INLINE size_t sequence_start(const uint8_t *bytes, size_t count, size_t *whole) {
    uint8_t lead = bytes[0], lowest = 0x80, highest = 0xBF;
    *whole = lead < 0x80 ? 1 : lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (*whole == 0) return 0;
    if (lead == 0xE0) lowest = 0xA0;
    if (lead == 0xED) highest = 0x9F;
    if (lead == 0xF0) lowest = 0x90;
    if (lead == 0xF4) highest = 0x8F;
    size_t length = 1;
    while (length < *whole && length < count && bytes[length] >= lowest && bytes[length] <= highest) {
        lowest = 0x80;
        highest = 0xBF;
        length++;
    }
    return length;
}

OUT_OF_LINE uint64_t utf8_errors(struct json_kernel_state *state, const uint8_t *bytes) {
    uint8_t joined[4 + 64];
    memcpy(joined, state->tail, 4);
    memcpy(joined + 4, bytes, 64);
    size_t index = 4;
    // Back to the lead byte of the sequence that the previous block left incomplete.
    if (state->in_sequence) do index--; while (joined[index] < 0xC0);
    memcpy(state->tail, bytes + 60, 4);
    state->in_sequence = false;
    while (index < sizeof joined) {
        size_t whole, length = sequence_start(joined + index, sizeof joined - index, &whole);
        state->in_sequence = length < whole;
        index += length;
        if (length == 0 || (length < whole && index < sizeof joined)) return UINT64_C(1) << (index - 4);
    }
    return 0;
}

ALWAYS_INLINE uint64_t prefix_xor(uint64_t mask) {
    for (int distance = 1; distance < 64; distance *= 2) mask ^= mask << distance;
    return mask;
}

/// Source: Warren, Hacker's Delight, section 7-4.
ALWAYS_INLINE uint64_t extract(uint64_t mask, uint64_t keep) {
    mask &= keep;
    uint64_t gaps = ~keep << 1;
    for (int step = 0; step < 6; step++) {
        // Moves a bit by 1 << step if bit `step` is set in the number of gaps below it.
        uint64_t odd = prefix_xor(gaps);
        uint64_t moving = odd & keep;
        keep = (keep ^ moving) | moving >> (1 << step);
        uint64_t bits = mask & moving;
        mask = (mask ^ bits) | bits >> (1 << step);
        gaps &= ~odd;
    }
    return mask;
}

/// The position of the bit that `extract` moves to `index`.
ALWAYS_INLINE int nth_byte(uint64_t keep, int index) {
    while (index-- > 0) keep &= keep - 1;
    return __builtin_ctzll(keep);
}

ALWAYS_INLINE uint8_t *store_kept(uint8_t *output, const uint8_t *bytes, uint64_t keep) {
    if (keep == ~UINT64_C(0)) {
        memcpy(output, bytes, 64);
        return output + 64;
    }
    for (int index = 0; index < 64; index++) {
        *output = bytes[index];
        output += keep >> index & 1;
    }
    return output;
}

#include "rules.h"

DEFINE_KERNEL(json_kernel_portable)
