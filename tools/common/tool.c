#include "tool.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *tool_program = "";

// ---- Commands ----

const struct tool_command *tool_command_find(const struct tool_command *const *commands,
                                             size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

int tool_is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int tool_wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (tool_is_help(argv[i]))
            return 1;
    return 0;
}

int tool_is_pipe_closed(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

double tool_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// ---- Failing ----

static char message[2048];
static int told;

enum bough_status tool_fail(enum bough_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return status;
}

enum bough_status tool_no_memory(void)
{
    return tool_fail(BOUGH_INTERNAL, "out of memory");
}

enum bough_status tool_fail_told(enum bough_status status)
{
    told = 1;
    return status;
}

void tool_forget_error(void)
{
    message[0] = '\0';
    told = 0;
}

const char *tool_error(void)
{
    if (told)
        return NULL;
    return *message ? message : bough_last_error();
}
