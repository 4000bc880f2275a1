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

static enum bough_status fill(struct tool_file *file, write_file *write, const void *user)
{
    FILE *stream = fopen(file->part, "wb");
    if (!stream)
        return tool_refused(file->path, cannot_write);
    enum bough_status status = write(stream, file->path, user);
    if (status == BOUGH_OK && (ferror(stream) || fflush(stream) != 0 || fsync(fileno(stream)) != 0))
        status = tool_refused(file->path, cannot_write);
    fclose(stream);
    if (status != BOUGH_OK)
        remove(file->part);
    return status;
}

enum bough_status tool_file_aside(struct tool_file *file, const char *path, write_file *write,
                                  const void *user)
{
    struct stat info;
    *file = (struct tool_file){.path = path};
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) // a rename would replace a device
        return tool_fail(BOUGH_DATA, "%s: %s: it is no regular file", path, cannot_write);
    const size_t size = strlen(path) + sizeof ".part";
    file->part = malloc(size);
    if (!file->part)
        return tool_no_memory();
    snprintf(file->part, size, "%s.part", path);
    const enum bough_status status = fill(file, write, user);
    if (status != BOUGH_OK) {
        free(file->part);
        file->part = NULL;
    }
    return status;
}

enum bough_status tool_file_commit(struct tool_file *file)
{
    if (file->part && rename(file->part, file->path) != 0)
        return tool_refused(file->path, cannot_write);
    free(file->part);
    file->part = NULL;
    return BOUGH_OK;
}

void tool_file_fini(struct tool_file *file)
{
    if (file->part)
        remove(file->part);
    free(file->part);
    file->part = NULL;
}

enum bough_status tool_file_write(const char *path, write_file *write, const void *user)
{
    struct tool_file file;
    enum bough_status status;
    TRY(tool_file_aside(&file, path, write, user));
    TRY(tool_file_commit(&file));
done:
    tool_file_fini(&file);
    return status;
}
