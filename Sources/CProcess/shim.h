// prctl is variadic, which Swift cannot call, and Linux's own.
#pragma once
#ifdef __linux__
#include <sys/prctl.h>
#endif

/// Source: prctl(2), PR_SET_DUMPABLE.
static inline void s3_forbid_dumps(void) {
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
#endif
}
