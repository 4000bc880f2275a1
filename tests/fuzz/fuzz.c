#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// One nameless file for all: nothing is left behind, and the system alone sees it.
const char *fuzz_file(const uint8_t *data, size_t size)
{
    static FILE *file;
    static char path[64];
    if (!file)
        file = tmpfile();
    if (!file || ftruncate(fileno(file), 0) != 0 ||
        pwrite(fileno(file), data, size, 0) != (ssize_t)size)
        fuzz_wrong("no file to write to");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    return path;
}

int fuzz_status(enum bough_status status, enum bough_status allowed, const char *message)
{
    if (status != BOUGH_OK && (status != allowed || !*message)) {
        fprintf(stderr, "status %d: '%s'\n", (int)status, message);
        abort();
    }
    return status == BOUGH_OK;
}

void fuzz_wrong(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}
