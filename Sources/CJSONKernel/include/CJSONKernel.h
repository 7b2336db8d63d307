// A fast path for streams of JSON texts that examines 64 bytes at a time, with masks of one bit per byte.
//
// It either reports that bytes are valid values and where they end, or leaves them to the scanner in Swift.
// It gives no reasons, keeps no positions, and never accepts what the scanner would reject.

#ifndef CJSONKERNEL_H
#define CJSONKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The free output space needed in addition to 3/2 of the input size: whole blocks are stored.
#define JSON_KERNEL_SLACK 256
/// The maximum of open arrays and objects.
#define JSON_KERNEL_DEPTH 61

/// What surrounds the values.
enum json_kernel_mode {
    /// Texts that are already compact, each followed by one LF: the output is the input.
    JSON_KERNEL_VERBATIM,
    /// Texts with any white space.
    JSON_KERNEL_COMPACT,
    /// Elements of an array, each followed by a comma, with any white space.
    JSON_KERNEL_ELEMENTS,
};

/// The options of a run.
struct json_kernel_options {
    enum json_kernel_mode mode;
    /// The maximum of open arrays and objects in a value, at most JSON_KERNEL_DEPTH.
    int depth_limit;
    /// The maximum distance between the ends of two values, at least 64 bytes.
    size_t length_limit;
    /// Whether arrays at the top level are left to the scanner.
    bool objects_only;
    /// Whether to use the portable kernel instead of the fastest one.
    bool portable;
};

/// The state carried from one block to the next. Unless stated otherwise, a member is either a bit about the
/// last byte, with the meaning of the mask of that name, or a mask to be or-ed into the next block's mask.
struct json_kernel_state {
    /// Bytes examined since the end of the last value.
    size_t position;
    /// Output bytes for them: an incomplete line.
    size_t written;
    /// One bit per open container, the innermost in bit 0: set for an object. The bits binary 10 stand above
    /// them.
    uint64_t containers;

    uint64_t escaping, in_string, hexadecimal, scalar, digit, first_zero;
    uint64_t literal, literal_end, sign_or_point, point, exponent, exponent_sign, fraction, power, first_sign;
    uint64_t name, name_end, before_name, open, separator, value_end, boundary;
    /// Set if a block ends inside a literal or number that digits alone do not describe; inside such a
    /// number; inside a number with an exponent.
    uint64_t in_scalar, in_number, in_power;
    /// Whether the last bytes, which are in `tail`, end inside a UTF-8 sequence.
    bool in_sequence;
    uint8_t tail[4];
};

struct json_kernel_result {
    /// Bytes up to the end of the last value, including the LF or comma that the mode requires after it.
    size_t accepted;
    /// Output bytes for them, including those of earlier calls: complete lines.
    size_t written;
    /// The number of values.
    size_t values;
    /// True if the next value must be left to the scanner; the state is then reset. False if more bytes are
    /// needed.
    bool refused;
};

/// The state before a value.
struct json_kernel_state json_kernel_start(enum json_kernel_mode mode);

/// Examines `bytes`, which start after the end of the last value, from `state->position` on. The
/// `state->written` bytes before `output` are output of earlier calls; `output` must have room for 3/2 of the
/// bytes to examine plus JSON_KERNEL_SLACK. Verbatim mode does not use `output`.
struct json_kernel_result json_kernel_run(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output);

#endif
