// Failing: one line where it is detected, one macro that forwards.
#ifndef BOUGH_BASE_ERROR_H
#define BOUGH_BASE_ERROR_H

#include <bough/status.h>

// Sets the thread's message and returns `status`. A message names the thing, what was found, and
// what was wanted: "a.safetensors: train/left, row 812: label 12, classes are 0..9".
enum bough_status bough__fail(enum bough_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Puts "<prefix>: " before the message that stands and returns `status`.
enum bough_status bough__fail_in(enum bough_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum bough_status bough__no_memory(void);

void bough__log(enum bough_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Forwards a failure to the function's `done:` label, in a local `status`.
#define BOUGH_TRY(call)                                                                            \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != BOUGH_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

// Goes to `done:` with "out of memory" if the pointer is NULL.
#define BOUGH_TRY_MEMORY(pointer)                                                                  \
    do {                                                                                           \
        if ((pointer) == NULL) {                                                                   \
            status = bough__no_memory();                                                           \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

// The analyser sees one file at a time; this tells it that a failure is never OK.
#ifdef __clang_analyzer__
#define bough__fail(status, ...)    (bough__fail((status), __VA_ARGS__), (status))
#define bough__fail_in(status, ...) (bough__fail_in((status), __VA_ARGS__), (status))
#define bough__no_memory()          (bough__no_memory(), BOUGH_INTERNAL)
#endif

#endif
