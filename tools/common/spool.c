#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char cannot_write[] = "cannot write a temporary file beside it";
static const char cannot_read[] = "cannot read a temporary file beside it";

enum bough_status spool_create(struct spool *spool, const char *path)
{
    static const char suffix[] = ".XXXXXX";
    const size_t length = strlen(path);
    char *name = malloc(length + sizeof suffix);
    *spool = (struct spool){.path = path, .fd = -1, .buffer = malloc(SPOOL_BUFFER)};
    if (!name || !spool->buffer) {
        free(name);
        spool_close(spool);
        return tool_no_memory();
    }
    memcpy(name, path, length);
    memcpy(name + length, suffix, sizeof suffix);
    spool->fd = mkstemp(name);
    const int error = errno;
    if (spool->fd >= 0)
        unlink(name);
    free(name);
    errno = error;
    return spool->fd >= 0 ? BOUGH_OK : tool_refused(path, "cannot write");
}

static enum bough_status flush(struct spool *spool)
{
    for (size_t done = 0; done < spool->used;) {
        const ssize_t wrote = write(spool->fd, spool->buffer + done, spool->used - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return tool_refused(spool->path, cannot_write);
        done += (size_t)wrote;
    }
    spool->used = 0;
    return BOUGH_OK;
}

enum bough_status spool_write(struct spool *spool, const void *bytes, size_t size)
{
    enum bough_status status = BOUGH_OK;
    while (size > 0) {
        const size_t room = SPOOL_BUFFER - spool->used, piece = size < room ? size : room;
        memcpy(spool->buffer + spool->used, bytes, piece);
        spool->used += piece;
        bytes = (const char *)bytes + piece;
        size -= piece;
        if (spool->used == SPOOL_BUFFER)
            TRY(flush(spool));
    }
done:
    return status;
}

enum bough_status spool_clear(struct spool *spool)
{
    spool->used = spool->at = 0;
    if (lseek(spool->fd, 0, SEEK_SET) < 0 || ftruncate(spool->fd, 0) != 0)
        return tool_refused(spool->path, cannot_write);
    return BOUGH_OK;
}

enum bough_status spool_rewind(struct spool *spool)
{
    enum bough_status status = BOUGH_OK;
    if (spool->at == 0) // what the buffer holds is written, not read
        TRY(flush(spool));
    spool->used = spool->at = 0;
    if (lseek(spool->fd, 0, SEEK_SET) < 0)
        status = tool_refused(spool->path, cannot_read);
done:
    return status;
}

enum bough_status spool_read(struct spool *spool, void *bytes, size_t size)
{
    while (size > 0) {
        if (spool->at == spool->used) {
            const ssize_t got = read(spool->fd, spool->buffer, SPOOL_BUFFER);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return tool_refused(spool->path, cannot_read);
            spool->used = (size_t)got;
            spool->at = 0;
        }
        const size_t left = spool->used - spool->at, piece = size < left ? size : left;
        memcpy(bytes, spool->buffer + spool->at, piece);
        spool->at += piece;
        bytes = (char *)bytes + piece;
        size -= piece;
    }
    return BOUGH_OK;
}

void spool_close(struct spool *spool)
{
    if (spool->buffer && spool->fd >= 0)
        close(spool->fd);
    free(spool->buffer);
    *spool = (struct spool){.fd = -1};
}
