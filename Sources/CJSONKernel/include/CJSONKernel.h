// A fast path for streams of JSON texts: 64 bytes at a time, by operations on masks that hold one bit a byte.
//
// It says of bytes either "these are valid values, ending here", or nothing, and then the scanner in Swift
// is asked. It never says why, knows nothing of positions, and takes no more than the scanner takes.

#ifndef CJSONKERNEL_H
#define CJSONKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes of output that must be free after 3/2 of the input's bytes: stores go in whole blocks.
#define JSON_KERNEL_SLACK 256
/// The most arrays and objects that the kernel keeps track of.
#define JSON_KERNEL_DEPTH 61

/// What is around the values.
enum json_kernel_mode {
    /// Texts that are compact already, each followed by one LF: output would be the input.
    JSON_KERNEL_VERBATIM,
    /// Texts with any white space.
    JSON_KERNEL_COMPACT,
    /// Elements of an array, each followed by a comma, with any white space.
    JSON_KERNEL_ELEMENTS,
};

/// What the caller wants.
struct json_kernel_options {
    enum json_kernel_mode mode;
    /// Arrays and objects that may be open in a value, at most JSON_KERNEL_DEPTH.
    int depth_limit;
    /// Bytes from one value's end to the next one's, at least 64.
    size_t length_limit;
    /// Arrays at the top level are left to the scanner.
    bool objects_only;
    /// The kernel that every processor can run, not the fastest.
    bool portable;
};

/// What one block hands to the next. Where no more is said, a member is a bit that tells something about the last
/// byte, as the mask of that name does, or a mask to be or-ed to the next block's.
struct json_kernel_state {
    /// Bytes examined since the last value's end.
    size_t position;
    /// Bytes of output for them, an unfinished line.
    size_t written;
    /// One bit for each open container, the innermost in bit 0: set for an object. Above them stands binary 10.
    uint64_t containers;

    uint64_t escaping, in_string, hexadecimal, scalar, digit, first_zero;
    uint64_t literal, literal_end, sign_or_point, point, exponent, exponent_sign, fraction, power, first_sign;
    uint64_t name, name_end, before_name, open, separator, value_end, boundary;
    /// Set if a literal or a number goes on in a way that digits alone do not tell; if a number does; if one
    /// with an exponent does.
    uint64_t in_scalar, in_number, in_power;
    /// True if the last bytes, which are `tail`, end inside a UTF-8 sequence.
    bool in_sequence;
    uint8_t tail[4];
};

struct json_kernel_result {
    /// Bytes up to the last value's end, with the LF or comma that the mode wants after it.
    size_t accepted;
    /// Bytes of output that stand for them, those of earlier calls included: whole lines.
    size_t written;
    /// How many values these are.
    size_t values;
    /// True if the value after them is for the scanner; the state is then a fresh one. False if the bytes
    /// ran out.
    bool refused;
};

/// The state before a value.
struct json_kernel_state json_kernel_start(enum json_kernel_mode mode);

/// Examines `bytes`, which start after the last value's end, from `state->position` on. Before `output` stand
/// the `state->written` bytes of earlier calls, after it is room for JSON_KERNEL_SLACK more than 3/2 of
/// the bytes to examine. In verbatim mode it is not used.
struct json_kernel_result json_kernel_run(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output);

#endif
