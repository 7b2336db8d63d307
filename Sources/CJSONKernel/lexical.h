// Checks of escapes, literals and numbers in the uncompacted masks. Part of rules.h.

/// Four letters in memory order.
#define WORD(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/// Each bit moved to the next byte.
#define AFTER(mask, carry) ((mask) << 1 | (carry))

/// Adds `starts` to `runs`, so that each run of bits that starts in `starts` leaves a bit after its end.
ALWAYS_INLINE uint64_t run_ends(uint64_t runs, uint64_t starts, bool *overflow) {
    unsigned long long sum;
    *overflow = __builtin_uaddll_overflow(runs, starts, &sum);
    return sum & ~runs;
}

/// The bytes after an odd number of backslashes.
ALWAYS_INLINE uint64_t escaped_bytes(uint64_t backslash, uint64_t *escaping) {
    const uint64_t even = 0x5555555555555555;
    // A backslash that is itself escaped does not start an escape.
    uint64_t active = backslash & ~*escaping;
    uint64_t starts = active & ~(active << 1);
    bool even_overflow, odd_overflow;
    // A run of odd length ends at the opposite parity of its start.
    uint64_t escaped = *escaping | (run_ends(active, starts & even, &even_overflow) & ~even)
        | (run_ends(active, starts & ~even, &odd_overflow) & even);
    *escaping = odd_overflow;
    return escaped;
}

/// The invalid escapes by RFC 8259, section 7. Escaped quotes and backslashes are valid and not part of
/// `escaped`.
OUT_OF_LINE uint64_t escape_errors(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t escaped) {
    uint64_t simple, unicode, hexadecimal;
    classify_escapes(bytes, &simple, &unicode, &hexadecimal);
    uint64_t starts = escaped & unicode;
    uint64_t wanted = starts << 1 | starts << 2 | starts << 3 | starts << 4 | state->hexadecimal;
    state->hexadecimal = starts >> 63 | starts >> 62 | starts >> 61 | starts >> 60;
    return (escaped & ~(simple | unicode)) | (wanted & ~hexadecimal);
}

/// The bytes of literals. `starts` are the first bytes of literals and of negative numbers; other first bytes
/// are added to `errors`. Reads up to 4 bytes after the block.
ALWAYS_INLINE uint64_t literal_bytes(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t starts, uint64_t *errors) {
    uint64_t literals = state->literal;
    state->literal = 0;
    for (; starts; starts &= starts - 1) {
        int index = __builtin_ctzll(starts);
        uint32_t word;
        memcpy(&word, bytes + index, 4);
        if (bytes[index] == '-') continue;
        bool is_short = word == WORD('t', 'r', 'u', 'e') || word == WORD('n', 'u', 'l', 'l');
        bool is_long = word == WORD('f', 'a', 'l', 's') && bytes[index + 4] == 'e';
        if (!(is_short | is_long)) *errors |= UINT64_C(1) << index;
        uint64_t letters = is_long ? 0x1F : 0xF;
        literals |= letters << index;
        if (index > 59) state->literal |= letters >> (64 - index);
    }
    return literals;
}

/// The errors by RFC 8259, section 6, in a block with numbers that do not consist of digits only. `starts`
/// are their first bytes.
OUT_OF_LINE uint64_t number_errors(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t number, uint64_t starts, uint64_t digit) {
    uint64_t minus, point, zero;
    classify_numbers(bytes, &minus, &point, &zero);
    minus &= number;
    point &= number;
    uint64_t sign = minus, exponent = 0, after_exponent = 0, after_digit = AFTER(digit, state->digit);
    uint64_t errors = point & ~after_digit;
    uint64_t rest = number & ~(digit | minus | point);
    bool overflow;
    if (rest | state->in_power) {
        uint64_t plus;
        classify_powers(bytes, &plus, &exponent);
        plus &= number;
        exponent &= number;
        sign |= plus;
        after_exponent = AFTER(exponent, state->exponent);
        errors |= (rest & ~(plus | exponent)) | (plus & ~after_exponent) | (exponent & ~after_digit)
            | (after_exponent & ~(digit | sign));
        // After an exponent there is neither a point nor another exponent.
        uint64_t exponent_sign = sign & after_exponent;
        uint64_t powers = (after_exponent | AFTER(exponent_sign, state->exponent_sign)) & digit;
        errors |= run_ends(digit, powers | state->power, &overflow) & (point | exponent);
        state->exponent = exponent >> 63;
        state->exponent_sign = exponent_sign >> 63;
        state->power = overflow;
        state->in_power = state->exponent | state->exponent_sign | state->power;
    }
    uint64_t sign_or_point = sign | point;
    errors |= (minus & ~(starts | after_exponent)) | (AFTER(sign_or_point, state->sign_or_point) & ~digit);

    // No leading zeros; `examine` checks numbers without a sign.
    uint64_t first_zero = AFTER(starts & minus, state->first_sign) & digit & zero;
    errors |= first_zero << 1 & digit;
    // After a fraction there is no other point.
    errors |= run_ends(digit, AFTER(point, state->point) | state->fraction, &overflow) & point;

    state->sign_or_point = sign_or_point >> 63;
    state->point = point >> 63;
    state->fraction = overflow;
    state->first_sign = (starts & minus) >> 63;
    state->first_zero |= first_zero >> 63;
    state->in_number = ((sign_or_point | exponent) >> 63) | state->fraction | state->in_power;
    return errors;
}

/// The errors of numbers and literals, in a block with scalars that do not consist of digits only.
ALWAYS_INLINE uint64_t scalar_errors(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t scalar, uint64_t starts, uint64_t digit) {
    uint64_t errors = 0;
    uint64_t literal = literal_bytes(state, bytes, starts & ~digit, &errors);
    uint64_t number = scalar & ~literal;
    digit &= ~literal;
    errors |= AFTER(literal, state->literal_end) & number;
    state->literal_end = literal >> 63;
    if ((number & ~digit) | state->in_number)
        errors |= number_errors(state, bytes, number, starts & ~literal, digit);
    state->in_scalar = state->literal | state->literal_end | state->in_number;
    return errors;
}
