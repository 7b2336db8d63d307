// RFC 8259 as rules about neighbouring bits. Included by each kernel after its primitives:
//
//     struct block classify(bytes)                         one mask for each class of bytes
//     uint64_t line_feed(bytes)                            line feeds
//     uint64_t high_bytes(bytes)                           bytes from 0x80 on
//     void classify_numbers(bytes, &minus, &point, &zero)  what numbers may have besides digits
//     void classify_powers(bytes, &plus, &exponent)        what few of them have
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
// Strings, escapes, numbers and literals are checked in the original masks, because they contain no white
// space. The order of tokens is checked in the compact masks. Properties that must be the same in a whole
// container (with colons or without) are collected as evidence, and compared with the kind of container in
// the loop over brackets, the only loop over single bits.

#include "lexical.h"

/// The tokens of a block, in compact masks.
struct tokens {
    uint64_t in_string, colon, open, close, object;
    /// Commas and colons.
    uint64_t separator;
    /// The first bytes of values and names.
    uint64_t start;
    /// The number of kept bytes, 1 to 64, and a mask of as many low bits.
    int count;
    uint64_t all;
};

/// The bit of the last kept byte, as a carry.
#define LAST(mask) ((mask) >> (tokens->count - 1) & 1)

/// Checks that each container holds only what its kind allows, and that brackets match.
///
/// - Returns: the ends of values: a bracket or, if the values are elements of an array, a comma.
ALWAYS_INLINE uint64_t walk_brackets(
    struct json_kernel_state *state, int depth_limit, const struct tokens *tokens, enum json_kernel_mode mode,
    uint64_t array_evidence, uint64_t object_evidence, uint64_t *errors) {
    uint64_t containers = state->containers, ends = 0, deepest = 0;
    bool was_outermost = containers == OUTERMOST;
    // Bytes whose innermost container is an object.
    uint64_t in_object = -(containers & 1);
    for (uint64_t brackets = tokens->open | tokens->close; brackets; brackets &= brackets - 1) {
        uint64_t bracket = brackets & -brackets;
        bool is_object = tokens->object & bracket;
        bool is_open = tokens->open & bracket;
        uint64_t now = __builtin_unpredictable(is_open) ? containers << 1 | is_object : containers >> 1;
        // A bracket itself still belongs to the container around it.
        in_object ^= ~(brackets ^ (brackets - 1)) & -((containers ^ now) & 1);
        containers = now;
        deepest |= containers;
        ends |= __builtin_unpredictable(containers == OUTERMOST) ? bracket : 0;
    }
    array_evidence |= tokens->close & ~tokens->object;
    object_evidence |= tokens->close & tokens->object;
    *errors |= (array_evidence & in_object) | (object_evidence & ~in_object);
    *errors |= deepest >> (depth_limit + 2);
    state->containers = containers;
    if (mode != JSON_KERNEL_ELEMENTS || !(ends | was_outermost)) return ends;
    // Elements end at the commas up to the next bracket, which must not be a closing one.
    bool overflow;
    uint64_t others = ~(tokens->open | tokens->close);
    uint64_t starts = AFTER(ends, was_outermost);
    uint64_t outermost = others & ~(others + starts);
    *errors |= run_ends(others, starts, &overflow) & tokens->close;
    return outermost & tokens->separator & ~tokens->colon;
}

/// The errors in the order of tokens by RFC 8259, sections 2, 4 and 5.
///
/// - ends: set to the ends of values, see `walk_brackets`.
ALWAYS_INLINE uint64_t token_errors(
    struct json_kernel_state *state, const struct json_kernel_options *options,
    const struct tokens *tokens, enum json_kernel_mode mode, uint64_t line_feeds, uint64_t *ends) {
    // A string after { or a comma is a name if a colon follows, and a colon may only follow such a string. It
    // is evidence of an object; any other value there, and a string without a colon, is evidence of an array.
    uint64_t object_open = tokens->open & tokens->object;
    uint64_t before_name = object_open | (tokens->separator & ~tokens->colon);
    uint64_t after = AFTER(before_name, state->before_name) & tokens->start;
    bool overflow;
    uint64_t name_ends = run_ends(tokens->in_string, (after & tokens->in_string) | state->name, &overflow);
    uint64_t after_name = AFTER(name_ends, state->name_end) & tokens->all;
    // In an array, a colon without a name is an error in any case.
    uint64_t array_evidence = (after & ~tokens->in_string) | (after_name ^ tokens->colon);
    uint64_t errors = 0;
    state->before_name = LAST(before_name);
    state->name = overflow | (tokens->count < 64 ? name_ends >> tokens->count & 1 : 0);
    state->name_end = LAST(name_ends);

    *ends = walk_brackets(
        state, options->depth_limit, tokens, mode, array_evidence, tokens->colon, &errors);

    // A separator or an opening bracket must be followed by a value, or an opening bracket by a closing one.
    uint64_t after_separator = AFTER(tokens->separator, state->separator);
    uint64_t misplaced = (tokens->start ^ (after_separator | AFTER(tokens->open, state->open)))
        & (tokens->start | tokens->separator);
    misplaced |= tokens->close & after_separator;
    state->open = LAST(tokens->open);
    state->separator = LAST(tokens->separator);

    if (mode != JSON_KERNEL_ELEMENTS && (*ends | line_feeds | state->value_end | state->boundary)) {
        uint64_t boundaries = *ends;
        if (mode == JSON_KERNEL_VERBATIM) {
            // Exactly one LF after each value, and no other white space.
            errors |= line_feeds ^ (AFTER(*ends, state->value_end) & tokens->all);
            state->value_end = LAST(*ends);
            boundaries = line_feeds;
        }
        uint64_t after_boundary = AFTER(boundaries, state->boundary) & tokens->all;
        errors |= after_boundary & ~(options->objects_only ? object_open : tokens->open);
        misplaced &= ~after_boundary;
        state->boundary = LAST(boundaries);
    }
    return (errors | misplaced) & tokens->all;
}

/// The progress of a run.
struct progress {
    struct json_kernel_result result;
    uint8_t *output;
};

/// Writes the kept bytes, and an LF after each value.
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

/// Examines one block, of which only the bytes in `valid` count.
///
/// - Returns: false if the scanner has to handle the block; then only earlier results count.
ALWAYS_INLINE bool examine(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    uint64_t valid, size_t offset, enum json_kernel_mode mode, struct progress *progress,
    uint8_t *first_output) {
    struct block block = classify(bytes);
    uint64_t quote = block.quote, escape = 0;
    if (block.backslash | state->escaping) {
        uint64_t escaped = escaped_bytes(block.backslash, &state->escaping);
        quote &= ~escaped;
        escape |= escaped & ~(block.quote | block.backslash);
    }
    uint64_t in_string = prefix_xor(quote) ^ state->in_string;
    state->in_string = -(in_string >> 63);
    uint64_t outside = ~(in_string | quote);
    uint64_t colon = block.colon & outside, separator = colon | (block.comma & outside);
    uint64_t open = block.open & outside, close = block.close & outside;
    uint64_t space = 0;
    if (mode != JSON_KERNEL_VERBATIM) space = block.space & outside;
    else if (block.unusual & outside) space = line_feed(bytes) & outside;

    // Bytes that are invalid outside strings count as part of a number, where they are detected as errors.
    uint64_t scalar = outside & ~(space | separator | open | close);
    uint64_t starts = scalar & ~AFTER(scalar, state->scalar);
    // No leading zeros.
    uint64_t first_zero = starts & block.zero;
    uint64_t digit = scalar & block.digit;
    uint64_t errors = AFTER(first_zero, state->first_zero) & digit;
    state->scalar = scalar >> 63;
    state->first_zero = first_zero >> 63;
    struct tokens tokens = {
        .in_string = in_string,
        .colon = colon,
        .open = open,
        .close = close,
        .object = block.object,
        .separator = separator,
        .start = (quote & in_string) | starts | open,
        .count = 64,
        .all = ~UINT64_C(0),
    };
    uint64_t keep = mode == JSON_KERNEL_VERBATIM ? valid : valid & ~space;
    if (keep != ~UINT64_C(0)) {
        tokens.count = __builtin_popcountll(keep);
        tokens.all = ~UINT64_C(0) >> (-tokens.count & 63);
        tokens.open = extract(open, keep);
        tokens.close = extract(close, keep);
        // In verbatim mode only bytes after the end of the input are dropped, so the other masks need no
        // compaction.
        if (mode != JSON_KERNEL_VERBATIM) {
            tokens.in_string = extract(in_string, keep);
            tokens.colon = extract(colon, keep);
            tokens.object = extract(block.object, keep);
            tokens.separator = extract(separator, keep);
            tokens.start = extract(tokens.start, keep);
        }
    }
    uint64_t line_feeds = space & keep, ends = 0;
    if (keep && token_errors(state, options, &tokens, mode, line_feeds, &ends)) return false;

    // Rare cases come last, when few masks are live that a call would have to save.
    if (escape | state->hexadecimal) errors |= escape_errors(state, bytes, escape);
    if ((block.unusual & in_string) | state->in_sequence)
        errors |= (block.unusual & in_string & ~high_bytes(bytes)) | utf8_errors(state, bytes);
    if ((scalar & ~digit) | state->in_scalar)
        errors |= scalar_errors(state, bytes, scalar, starts, digit);
    state->digit = digit >> 63;
    if (errors & valid) return false;

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

/// The number of bytes needed after a block: the rest of a literal.
#define LOOKAHEAD 8

/// Examines the rest of the input, less than a block and its lookahead, on a copy of the state.
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
        // An apparent error may be caused by bytes that have not arrived.
        if (!examine(&state, options, padded + start, valid, offset + start, mode, progress, first_output)) break;
    }
    return progress->result.accepted > before;
}

ALWAYS_INLINE struct json_kernel_result run_mode(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output, enum json_kernel_mode mode) {
    struct progress progress = {{0, 0, 0, false}, output};
    // The start of the output of the current value.
    output = mode == JSON_KERNEL_VERBATIM ? NULL : output - state->written;
    struct json_kernel_state local = *state;
    size_t offset = state->position;
    for (size_t end = count < 64 + LOOKAHEAD ? 0 : count - (64 + LOOKAHEAD) + 1; offset < end; offset += 64) {
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

/// Instantiates the body for each mode, so that the loops do not test it.
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
