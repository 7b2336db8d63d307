// RFC 8259 as rules about neighbouring bits. Included by each kernel behind its primitives:
//
//     struct block classify(bytes)                         one mask for each class of bytes
//     struct number_block classify_numbers(bytes)          the same for bytes of numbers other than digits
//     void classify_escapes(bytes, &simple, &u, &hex)      what may follow a backslash
//     uint64_t utf8_errors(state, bytes)                   where a sequence is malformed
//     uint64_t prefix_xor(mask)                            bit i: parity of bits 0 to i
//     uint64_t extract(mask, keep)                         the bits of mask where keep is set, moved together
//     int nth_byte(keep, index)                            where the bit was that is moved to index
//     uint8_t *store_kept(output, bytes, keep)             extract for bytes; may write 64
//
// Bit i of a mask is byte i of a block of 64:
//
//     bytes       {"a": [1, true]}
//     in_string   .##.............   with the opening quote, without the closing one
//     keep        #####.###.######   all but white space outside strings
//     compact     {"a":[1,true]}     then masks of what is kept: neighbours are neighbouring tokens
//
// Strings, escapes, numbers and literals are checked where the bytes stand, since no white space is allowed
// inside of them; how tokens follow each other is checked in the compact masks. What must be the same
// for a whole array or object (colons or none) is collected as evidence, and compared with the kind of
// container while the brackets are walked, which is the only loop over single bits.

/// Four letters as memory holds them.
#define WORD(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/// Each bit moved to the byte behind it.
#define AFTER(mask, carry) ((mask) << 1 | (carry))

/// Adds `starts` to `runs`, so that each run of bits that begins in one leaves a bit behind its end.
ALWAYS_INLINE uint64_t run_ends(uint64_t runs, uint64_t starts, bool *overflow) {
    unsigned long long sum;
    *overflow = __builtin_uaddll_overflow(runs, starts, &sum);
    return sum & ~runs;
}

/// The bytes behind an odd number of backslashes.
ALWAYS_INLINE uint64_t escaped_bytes(uint64_t backslash, uint64_t *escaping) {
    if (!(backslash | *escaping)) return 0;
    const uint64_t even = 0x5555555555555555;
    // A backslash that is escaped itself escapes nothing.
    uint64_t active = backslash & ~*escaping;
    uint64_t starts = active & ~(active << 1);
    bool even_overflow, odd_overflow;
    // A run of odd length ends at the other parity than it starts with.
    uint64_t escaped = *escaping | (run_ends(active, starts & even, &even_overflow) & ~even)
        | (run_ends(active, starts & ~even, &odd_overflow) & even);
    *escaping = odd_overflow;
    return escaped;
}

/// Where an escape is none of RFC 8259, section 7. Escaped quotes and backslashes are right and not given.
OUT_OF_LINE uint64_t escape_errors(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t escaped) {
    uint64_t simple, unicode, hexadecimal;
    classify_escapes(bytes, &simple, &unicode, &hexadecimal);
    uint64_t starts = escaped & unicode;
    uint64_t wanted = starts << 1 | starts << 2 | starts << 3 | starts << 4 | state->hexadecimal;
    state->hexadecimal = starts >> 63 | starts >> 62 | starts >> 61 | starts >> 60;
    return (escaped & ~(simple | unicode)) | (wanted & ~hexadecimal);
}

/// The bytes of literals; `starts` are the first bytes of literals and of negative numbers, and `errors` gets
/// those of neither. Up to 4 bytes behind the block are looked at.
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

/// Where numbers break RFC 8259, section 6, in a block that holds more than digits of them. `starts` are the first
/// bytes of numbers.
OUT_OF_LINE uint64_t number_errors(
    struct json_kernel_state *state, const uint8_t *bytes, uint64_t number, uint64_t starts, uint64_t digit,
    uint64_t zero) {
    struct number_block others = classify_numbers(bytes);
    uint64_t minus = others.minus & number, plus = others.plus & number;
    uint64_t point = others.point & number, exponent = others.exponent & number;
    uint64_t sign = minus | plus, sign_or_point = sign | point;

    uint64_t after_digit = AFTER(digit, state->digit);
    uint64_t after_point = AFTER(point, state->point);
    uint64_t after_exponent = AFTER(exponent, state->exponent);
    uint64_t errors = (number & ~(digit | sign_or_point | exponent)) | (minus & ~(starts | after_exponent))
        | (plus & ~after_exponent) | ((point | exponent) & ~after_digit)
        | (AFTER(sign_or_point, state->sign_or_point) & ~digit) | (after_exponent & ~(digit | sign));

    // No zero leads other digits; where there is no sign, `examine` sees to that.
    uint64_t first = AFTER(starts & minus, state->first_sign) & digit;
    uint64_t first_zero = first & zero;
    errors |= first_zero << 1 & digit;

    // Behind a fraction no other point, behind an exponent neither point nor exponent.
    bool fraction_overflow, power_overflow;
    uint64_t exponent_sign = sign & after_exponent;
    uint64_t powers = (after_exponent | AFTER(exponent_sign, state->exponent_sign)) & digit;
    errors |= run_ends(digit, after_point | state->fraction, &fraction_overflow) & point;
    errors |= run_ends(digit, powers | state->power, &power_overflow) & (point | exponent);

    state->sign_or_point = sign_or_point >> 63;
    state->point = point >> 63;
    state->exponent = exponent >> 63;
    state->exponent_sign = exponent_sign >> 63;
    state->fraction = fraction_overflow;
    state->power = power_overflow;
    state->first_sign = (starts & minus) >> 63;
    state->first_zero |= first_zero >> 63;
    state->in_number = ((sign_or_point | exponent) >> 63) | fraction_overflow | power_overflow;
    return errors;
}

/// The tokens of a block, in compact masks.
struct tokens {
    uint64_t opening, in_string, scalar_start, comma, colon, open, close, object;
    /// The last bytes of strings, arrays and objects, and all bytes of numbers and literals.
    uint64_t end;
    /// How many bytes were kept, 1 to 64, and as many low bits.
    int count;
    uint64_t all;
};

/// The last of the kept bytes' bits, as a carry.
#define LAST(mask) ((mask) >> (tokens->count - 1) & 1)

/// Checks that each container holds only what its kind allows, and that brackets match.
///
/// - Returns: where values end: at a bracket, or in an array whose elements are the values, at a comma.
ALWAYS_INLINE uint64_t walk_brackets(
    struct json_kernel_state *state, int depth_limit, const struct tokens *tokens, enum json_kernel_mode mode,
    uint64_t array_evidence, uint64_t object_evidence, uint64_t *errors) {
    uint64_t containers = state->containers, ends = 0, walked = 0, mismatch = 0;
    int64_t depth = state->depth;
    // Its sign bit is set once the depth was outside its bounds.
    int64_t out_of_bounds = 0;
    for (uint64_t brackets = tokens->open | tokens->close; brackets; brackets &= brackets - 1) {
        uint64_t bracket = brackets & -brackets;
        // From the bracket before to this one, which itself is still evidence of what is around it.
        uint64_t segment = (bracket ^ (bracket - 1)) & ~walked;
        walked |= segment;
        *errors |= segment & (containers & 1 ? array_evidence : object_evidence);
        if (mode == JSON_KERNEL_ELEMENTS) ends |= depth == 0 ? segment & tokens->comma : 0;
        bool is_object = tokens->object & bracket;
        bool is_open = tokens->open & bracket;
        mismatch |= is_open ? 0 : containers ^ is_object;
        containers = is_open ? containers << 1 | is_object : containers >> 1;
        depth += is_open ? 1 : -1;
        out_of_bounds |= depth | (depth_limit - depth);
        if (mode != JSON_KERNEL_ELEMENTS) ends |= depth == 0 ? bracket : 0;
    }
    *errors |= ~walked & (containers & 1 ? array_evidence : object_evidence);
    if (mode == JSON_KERNEL_ELEMENTS) ends |= depth == 0 ? ~walked & tokens->comma : 0;
    *errors |= (mismatch & 1) | (out_of_bounds < 0);
    state->containers = containers;
    state->depth = depth;
    return ends;
}

/// Where tokens follow each other in a way that RFC 8259, sections 2, 4 and 5 do not allow.
///
/// - ends: set to where values end, see `walk_brackets`.
ALWAYS_INLINE uint64_t token_errors(
    struct json_kernel_state *state, const struct json_kernel_options *options,
    const struct tokens *tokens, enum json_kernel_mode mode, uint64_t line_feeds, uint64_t *ends) {
    uint64_t object_open = tokens->open & tokens->object;
    uint64_t after_comma = AFTER(tokens->comma, state->comma);
    uint64_t after_open = AFTER(tokens->open, state->open);
    uint64_t after_object_open = AFTER(object_open, state->object_open);
    uint64_t after_end = AFTER(tokens->end, state->token_end);

    // A string behind { or a comma is a name if a colon follows, and a colon follows only such a string. It
    // is evidence of an object; any other value in these places, and a string without a colon, of an array.
    bool overflow;
    uint64_t names = tokens->opening & (after_comma | after_object_open);
    uint64_t name_ends = run_ends(tokens->in_string, names | state->name, &overflow);
    uint64_t after_name = AFTER(name_ends, state->name_end) & tokens->all;
    uint64_t others = tokens->scalar_start | tokens->open;
    uint64_t array_evidence = (after_comma & others) | (after_name & ~tokens->colon);
    uint64_t errors = (tokens->colon & ~after_name) | (after_object_open & others);

    *ends = walk_brackets(
        state, options->depth_limit, tokens, mode, array_evidence, tokens->colon, &errors);

    if (mode == JSON_KERNEL_VERBATIM) {
        // Behind each value one LF, and no other white space anywhere.
        errors |= line_feeds ^ (AFTER(*ends, state->value_end) & tokens->all);
        state->value_end = LAST(*ends);
    }
    if (mode != JSON_KERNEL_ELEMENTS) {
        uint64_t boundaries = mode == JSON_KERNEL_VERBATIM ? line_feeds : *ends;
        uint64_t after_boundary = AFTER(boundaries, state->boundary) & tokens->all;
        errors |= after_boundary & ~(options->objects_only ? object_open : tokens->open);
        if (mode == JSON_KERNEL_COMPACT) after_end &= ~after_boundary;
        state->boundary = LAST(boundaries);
    }

    // A value does not follow another one; a comma or closing bracket does, if it does not close at once.
    errors |= (tokens->opening | others) & after_end;
    errors |= (tokens->comma | (tokens->close & ~after_open)) & ~after_end;

    state->name = overflow | (tokens->count < 64 ? name_ends >> tokens->count & 1 : 0);
    state->name_end = LAST(name_ends);
    state->comma = LAST(tokens->comma);
    state->open = LAST(tokens->open);
    state->object_open = LAST(object_open);
    state->token_end = LAST(tokens->end);
    return errors & tokens->all;
}

/// Where a run of the kernel stands.
struct progress {
    struct json_kernel_result result;
    uint8_t *output;
};

/// Writes the bytes that are kept, and an LF for each value's end.
ALWAYS_INLINE uint8_t *store_lines(
    uint8_t *output, const uint8_t *bytes, uint64_t keep, uint64_t ends, enum json_kernel_mode mode) {
    if (mode == JSON_KERNEL_ELEMENTS) {
        uint8_t *end = store_kept(output, bytes, keep);
        for (; ends; ends &= ends - 1) output[__builtin_ctzll(ends)] = '\n';
        return end;
    }
    if (!ends) return store_kept(output, bytes, keep);
    uint8_t kept[128];
    size_t count = store_kept(kept, bytes, keep) - kept, start = 0;
    for (; ends; ends &= ends - 1) {
        size_t end = __builtin_ctzll(ends) + 1;
        memcpy(output, kept + start, 64);
        output += end - start;
        *output++ = '\n';
        start = end;
    }
    memcpy(output, kept + start, 64);
    return output + (count - start);
}

/// Examines one block, of which the bytes of `valid` count.
///
/// - Returns: false if something in it is for the scanner; then only earlier results count.
ALWAYS_INLINE bool examine(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    uint64_t valid, size_t offset, enum json_kernel_mode mode, struct progress *progress,
    uint8_t *first_output) {
    struct block block = classify(bytes);
    uint64_t escaped = escaped_bytes(block.backslash, &state->escaping);
    uint64_t quote = block.quote & ~escaped;
    uint64_t in_string = prefix_xor(quote) ^ state->in_string;
    state->in_string = -(in_string >> 63);
    uint64_t outside = ~(in_string | quote);
    // In verbatim mode other white space counts as part of a number, which it cannot be.
    uint64_t space = (mode == JSON_KERNEL_VERBATIM ? block.line_feed : block.space) & outside;
    uint64_t comma = block.comma & outside, colon = block.colon & outside;
    uint64_t open = block.open & outside, close = block.close & outside;

    uint64_t errors = (block.control & in_string) | (block.backslash & ~in_string);
    uint64_t other = escaped & ~(block.quote | block.backslash);
    if (other | state->hexadecimal) errors |= escape_errors(state, bytes, other);
    if (block.has_high | state->in_sequence) errors |= utf8_errors(state, bytes);

    uint64_t scalar = outside & ~(space | comma | colon | open | close);
    uint64_t starts = scalar & ~AFTER(scalar, state->scalar);
    // No zero leads other digits.
    uint64_t first_zero = starts & block.zero;
    errors |= AFTER(first_zero, state->first_zero) & scalar & block.digit;
    state->scalar = scalar >> 63;
    state->first_zero = first_zero >> 63;
    uint64_t number = scalar, digit = scalar & block.digit;
    if ((scalar & ~digit) | state->in_scalar) {
        uint64_t literal = literal_bytes(state, bytes, starts & ~digit, &errors);
        number &= ~literal;
        digit &= ~literal;
        errors |= AFTER(literal, state->literal_end) & number;
        state->literal_end = literal >> 63;
        if ((number & ~digit) | state->in_number)
            errors |= number_errors(state, bytes, number, starts & ~literal, digit, block.zero);
        state->in_scalar = state->literal | state->literal_end | state->in_number;
    }
    state->digit = digit >> 63;

    struct tokens tokens = {
        .opening = quote & in_string,
        .in_string = in_string,
        .scalar_start = starts,
        .comma = comma,
        .colon = colon,
        .open = open,
        .close = close,
        .object = block.object,
        .end = (quote & ~in_string) | close | scalar,
        .count = 64,
        .all = ~UINT64_C(0),
    };
    uint64_t keep = mode == JSON_KERNEL_VERBATIM ? valid : valid & ~space;
    if (keep != ~UINT64_C(0)) {
        tokens.count = __builtin_popcountll(keep);
        if (tokens.count == 0) return !(errors & valid);
        tokens.all = ~UINT64_C(0) >> (64 - tokens.count);
        tokens.open = extract(open, keep);
        tokens.close = extract(close, keep);
        // In verbatim mode only the input's end is left out, so that all else stays where it is.
        if (mode != JSON_KERNEL_VERBATIM) {
            tokens.opening = extract(tokens.opening, keep);
            tokens.in_string = extract(in_string, keep);
            tokens.scalar_start = extract(starts, keep);
            tokens.comma = extract(comma, keep);
            tokens.colon = extract(colon, keep);
            tokens.object = extract(block.object, keep);
            tokens.end = extract(tokens.end, keep);
        }
    }
    uint64_t line_feeds = space & keep;
    uint64_t ends;
    uint64_t misplaced = token_errors(state, options, &tokens, mode, line_feeds, &ends);
    if ((errors & valid) | misplaced) return false;

    if (mode == JSON_KERNEL_VERBATIM) ends = line_feeds;
    uint8_t *output = progress->output;
    if (mode != JSON_KERNEL_VERBATIM) progress->output = store_lines(output, bytes, keep, ends, mode);
    if (!ends) return true;

    size_t first = nth_byte(keep, __builtin_ctzll(ends)), last_token = 63 - __builtin_clzll(ends);
    if (offset + first + 1 - progress->result.accepted > options->length_limit) return false;
    int count = __builtin_popcountll(ends);
    progress->result.accepted = offset + nth_byte(keep, last_token) + 1;
    progress->result.values += count;
    if (mode != JSON_KERNEL_VERBATIM) {
        size_t inserted = mode == JSON_KERNEL_COMPACT ? count : 0;
        progress->result.written = output - first_output + last_token + 1 + inserted;
    }
    return true;
}

/// Bytes that must be there behind a block: the rest of a literal.
#define LOOKAHEAD 8

/// Examines what is left of the input, less than a block and its lookahead, on a copy of the state.
ALWAYS_INLINE bool examine_tail(
    struct json_kernel_state state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t rest, size_t offset, enum json_kernel_mode mode, struct progress *progress,
    uint8_t *first_output) {
    uint8_t padded[2 * 64 + LOOKAHEAD];
    memset(padded, ' ', sizeof padded);
    memcpy(padded, bytes, rest);
    size_t before = progress->result.accepted;
    for (size_t start = 0; start < rest; start += 64) {
        uint64_t valid = rest - start >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (rest - start)) - 1;
        // What seems wrong may be what has not arrived yet.
        if (!examine(&state, options, padded + start, valid, offset + start, mode, progress, first_output)) break;
    }
    return progress->result.accepted > before;
}

ALWAYS_INLINE struct json_kernel_result run_mode(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output, enum json_kernel_mode mode) {
    struct progress progress = {{0, 0, 0, false}, output};
    // Where the output of the value begins that the state is inside of.
    output = mode == JSON_KERNEL_VERBATIM ? NULL : output - state->written;
    struct json_kernel_state local = *state;
    size_t offset = state->position;
    for (; count - offset >= 64 + LOOKAHEAD; offset += 64) {
        if (!examine(&local, options, bytes + offset, ~UINT64_C(0), offset, mode, &progress, output)) {
            progress.result.refused = true;
            *state = json_kernel_start(mode);
            return progress.result;
        }
    }
    size_t block_output = mode == JSON_KERNEL_VERBATIM ? 0 : progress.output - output;
    if (examine_tail(local, options, bytes + offset, count - offset, offset, mode, &progress, output)) {
        local = json_kernel_start(mode);
    } else {
        local.position = offset - progress.result.accepted;
        local.written = block_output - progress.result.written;
    }
    *state = local;
    return progress.result;
}

/// Makes one body a mode, so that none of them asks which it is in a loop.
#define DEFINE_KERNEL(name)                                                                                    \
    struct json_kernel_result name(                                                                            \
        struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,      \
        size_t count, uint8_t *output) {                                                                       \
        switch (options->mode) {                                                                               \
        case JSON_KERNEL_VERBATIM:                                                                             \
            return run_mode(state, options, bytes, count, output, JSON_KERNEL_VERBATIM);                       \
        case JSON_KERNEL_COMPACT:                                                                              \
            return run_mode(state, options, bytes, count, output, JSON_KERNEL_COMPACT);                        \
        case JSON_KERNEL_ELEMENTS:                                                                             \
            return run_mode(state, options, bytes, count, output, JSON_KERNEL_ELEMENTS);                       \
        }                                                                                                      \
        __builtin_unreachable();                                                                               \
    }
