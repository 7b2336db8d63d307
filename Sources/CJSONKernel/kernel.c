#include "CJSONKernel.h"
#include "kernels.h"

static json_kernel *best_kernel(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul"))
        return json_kernel_avx2;
#endif
    return json_kernel_portable;
}

struct json_kernel_result json_kernel_run(
    struct json_kernel_state *state, const struct json_kernel_options *options, const uint8_t *bytes,
    size_t count, uint8_t *output) {
    json_kernel *kernel = options->portable ? json_kernel_portable : best_kernel();
    return kernel(state, options, bytes, count, output);
}

struct json_kernel_state json_kernel_start(enum json_kernel_mode mode) {
    return (struct json_kernel_state){
        .containers = OUTERMOST,
        .boundary = mode != JSON_KERNEL_ELEMENTS,
        // The state after a comma.
        .separator = mode == JSON_KERNEL_ELEMENTS,
    };
}
