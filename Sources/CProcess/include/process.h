// Functions that Swift cannot call, or for which its own way can fail.
#pragma once

#include <stddef.h>

/// The number of words in the command line, including the program's name.
int s3_argument_count(void);

/// The words of the command line. They live as long as the process.
///
/// The Swift runtime searches for them below the environment. It does not find them if a library that was
/// loaded before has moved the environment (setenv(3)), nor in /proc if that is not mounted.
const char *_Nonnull const *_Nullable s3_arguments(void);

/// Ends the process with status 74 and a message on standard error, without allocating memory.
///
/// - size: the number of bytes that could not be allocated; 0 if unknown.
_Noreturn void s3_end_for_lack_of_memory(size_t size);

/// The width of a terminal in characters; 0 if unknown. Source: ioctl_tty(2), TIOCGWINSZ.
int s3_terminal_columns(int descriptor);

/// Keeps the process from being dumped or traced. Source: prctl(2), PR_SET_DUMPABLE.
void s3_forbid_dumps(void);
