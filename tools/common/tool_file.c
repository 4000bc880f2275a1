#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char cannot_write[] = "cannot write";

enum bough_status tool_refused(const char *path, const char *what)
{
    if (errno == ENOMEM)
        return tool_fail(BOUGH_INTERNAL, "%s: %s: out of memory", path, what);
    return tool_fail(BOUGH_DATA, "%s: %s: %s", path, what, strerror(errno));
}

typedef enum bough_status write_file(FILE *file, const char *path, const void *user);

static enum bough_status write_part(const char *path, const char *part, write_file *write,
                                    const void *user)
{
    FILE *file = fopen(part, "wb");
    if (!file)
        return tool_refused(path, cannot_write);
    enum bough_status status = write(file, path, user);
    if (status == BOUGH_OK && (ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0))
        status = tool_refused(path, cannot_write);
    fclose(file);
    if (status == BOUGH_OK && rename(part, path) != 0)
        status = tool_refused(path, cannot_write);
    if (status != BOUGH_OK)
        remove(part);
    return status;
}

enum bough_status tool_file_write(const char *path, write_file *write, const void *user)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) // a rename would replace a device
        return tool_fail(BOUGH_DATA, "%s: %s: it is no regular file", path, cannot_write);
    const size_t size = strlen(path) + sizeof ".part";
    char *part = malloc(size);
    if (!part)
        return tool_no_memory();
    snprintf(part, size, "%s.part", path);
    enum bough_status status = write_part(path, part, write, user);
    free(part);
    return status;
}
