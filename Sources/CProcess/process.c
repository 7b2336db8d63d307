#include "process.h"

#include <sys/ioctl.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

static int argument_count;
static const char *const *arguments;

// glibc and Darwin's libc pass the arguments of main to constructors too.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
    argument_count = count;
    arguments = (const char *const *)words;
}

int s3_argument_count(void) { return argument_count; }

const char *const *s3_arguments(void) { return arguments; }

int s3_terminal_columns(int descriptor) {
    struct winsize size = {0};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void s3_forbid_dumps(void) {
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
#endif
}
