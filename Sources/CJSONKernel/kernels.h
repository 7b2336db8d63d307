// The portable kernel, and the kernels for particular processors.

#ifndef KERNELS_H
#define KERNELS_H

#include "CJSONKernel.h"

/// The value of `containers` if none is open. The surroundings of the values count as an array.
#define OUTERMOST 2

typedef struct json_kernel_result json_kernel(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output);

json_kernel json_kernel_portable;
#if defined(__x86_64__)
json_kernel json_kernel_avx2;
#endif

#endif
