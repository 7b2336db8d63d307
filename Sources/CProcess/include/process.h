// What Swift cannot call, or finds out in a way that can fail.
#pragma once

#include <stddef.h>

/// How many words the command line has, the program's name included.
int s3_argument_count(void);

/// The words of the command line. They live as long as the process.
///
/// The Swift runtime looks for them below the environment, and does not find them if a library that was loaded
/// before has moved the environment (setenv(3)), nor in /proc if that is not mounted.
const char *_Nonnull const *_Nullable s3_arguments(void);

/// Ends the process with status 74 and one line on standard error, without allocating anything.
///
/// - size: the bytes that could not be had; 0 if no one knows.
_Noreturn void s3_end_for_lack_of_memory(size_t size);

/// How many characters a line of a terminal has; 0 if that is not known. Source: ioctl_tty(2), TIOCGWINSZ.
int s3_terminal_columns(int descriptor);

/// Keeps the process from being dumped or traced. Source: prctl(2), PR_SET_DUMPABLE.
void s3_forbid_dumps(void);
