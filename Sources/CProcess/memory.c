// Ends a tool that cannot allocate memory with one message and an exit status; the runtimes of Swift and C++
// would abort.
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// sysexits(3), EX_IOERR: the status for failures of the machine.
enum { status = 74 };

static size_t append(char *line, size_t length, size_t room, const char *text) {
    size_t size = strlen(text);
    if (size > room - length) size = room - length;
    memcpy(line + length, text, size);
    return length + size;
}

static const char *tool_name(void) {
#ifdef __linux__
    return program_invocation_short_name;
#else
    return getprogname();
#endif
}

void s3_end_for_lack_of_memory(size_t size) {
    // Another thread may find no memory before _exit() ends this one's process: the first one reports.
    static atomic_flag reported = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&reported)) pause();
    char line[256], digits[24];
    size_t length = append(line, 0, sizeof line - 1, tool_name());
    length = append(line, length, sizeof line - 1, ": out of memory");
    if (size > 0) {
        char *digit = digits + sizeof digits - 1;
        *digit = 0;
        for (; size > 0; size /= 10) *--digit = (char)('0' + size % 10);
        length = append(line, length, sizeof line - 1, ": ");
        length = append(line, length, sizeof line - 1, digit);
        length = append(line, length, sizeof line - 1, " more bytes could not be had");
    }
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
    _exit(status);
}

// The linker replaces the function of the Swift runtime by this one (Package.swift, `bound`); only if the
// runtime is linked statically. Source: ld(1), --wrap; swift/include/swift/Runtime/Debug.h.
_Noreturn void __wrap__ZN5swift28swift_abortAllocationFailureEmm(size_t size, size_t alignment_mask);
_Noreturn void __wrap__ZN5swift28swift_abortAllocationFailureEmm(size_t size, size_t alignment_mask) {
    (void)alignment_mask;
    s3_end_for_lack_of_memory(size);
}

// std::set_new_handler(): the Swift runtime and its tables are written in C++.
typedef void (*new_handler)(void);
extern new_handler _ZSt15set_new_handlerPFvvE(new_handler) __attribute__((weak));

static void end_for_new(void) { s3_end_for_lack_of_memory(0); }

__attribute__((constructor)) static void set_new_handler(void) {
    if (_ZSt15set_new_handlerPFvvE) _ZSt15set_new_handlerPFvvE(end_for_new);
}
