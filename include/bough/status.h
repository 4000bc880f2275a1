// Statuses, the last error, and the library's log.
#ifndef BOUGH_STATUS_H
#define BOUGH_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

// What the caller can do about it; the message tells what happened. The values are the exit codes
// of the programs, except that INTERRUPTED exits with 130.
enum bough_status {
    BOUGH_OK = 0,
    BOUGH_INTERNAL = 1,    // out of memory, or a defect of bough
    BOUGH_INVALID = 2,     // an argument, an option, a config or a shape is wrong
    BOUGH_DATA = 3,        // a file is missing, damaged, or cannot be written
    BOUGH_DEVICE = 4,      // the device is absent, refused, or failed
    BOUGH_DIVERGED = 5,    // a loss is no longer a finite number
    BOUGH_INTERRUPTED = 6, // stopped on request, with a checkpoint written
};

// The message of the last failed call in this thread, without a newline; "" if there was none.
// Borrowed: it stands until the next failing call in the same thread.
const char *bough_last_error(void);

enum bough_log_level {
    BOUGH_LOG_WARNING,
    BOUGH_LOG_INFO,    // one line for what a user should know once: the device, a fallback
    BOUGH_LOG_VERBOSE, // cache hits, kernel builds, plans
};

// Sends the library's log to `write` (one line a call, no newline). NULL, the default, drops it.
// The library prints nothing by itself. Set it before other threads use the library.
void bough_set_log(void (*write)(void *user, enum bough_log_level level, const char *line),
                   void *user);

#ifdef __cplusplus
}
#endif

#endif
