#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[2048];

static void (*log_write)(void *user, enum bough_log_level level, const char *line);
static void *log_user;

const char *bough_last_error(void)
{
    return message;
}

enum bough_status bough__fail(enum bough_status status, const char *format, ...)
{
    char text[sizeof message]; // the arguments may point into the old message
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(message, text, sizeof message);
    return status;
}

enum bough_status bough__fail_in(enum bough_status status, const char *format, ...)
{
    char prefix[512];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return bough__fail(status, "%s: %s", prefix, message);
}

enum bough_status bough__no_memory(void)
{
    return bough__fail(BOUGH_INTERNAL, "out of memory");
}

void bough_set_log(void (*write)(void *user, enum bough_log_level level, const char *line),
                   void *user)
{
    log_write = write;
    log_user = user;
}

void bough__log(enum bough_log_level level, const char *format, ...)
{
    if (!log_write)
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_write(log_user, level, line);
}
