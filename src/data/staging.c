#define _GNU_SOURCE // memfd_create
#include "data/staging.h"

#include "base/error.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES = 256 }; // of one call; any system takes as many

// The system writes to a file, so the memory is one that never had a name. Where files may not grow
// so large, trying it would raise a signal.
static int share(struct bough__staging *staging, size_t size)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur < size)
        return 0;
    staging->file = memfd_create("bough batch", MFD_CLOEXEC);
    if (staging->file < 0)
        return 0;
    if (ftruncate(staging->file, (off_t)size) == 0) {
        void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, staging->file, 0);
        staging->shared = data != MAP_FAILED;
        if (staging->shared)
            staging->data = data;
    }
    if (!staging->shared)
        close(staging->file);
    return staging->shared;
}

enum bough_status bough__staging_init(struct bough__staging *staging, size_t size)
{
    *staging = (struct bough__staging){.size = size};
    if (size == 0 || !share(staging, size))
        staging->data = malloc(size + 1);
    return staging->data ? BOUGH_OK : bough__no_memory();
}

void bough__staging_fini(struct bough__staging *staging)
{
    if (staging->shared) {
        munmap(staging->data, staging->size);
        close(staging->file);
    } else {
        free(staging->data);
    }
    *staging = (struct bough__staging){0};
}

int bough__staging_copy(struct bough__staging *staging, size_t at, const char *source, size_t bytes,
                        const int32_t *order, int64_t rows)
{
    struct iovec piece[PIECES];
    if (!staging->shared)
        return 0;
    for (int64_t done = 0; done < rows;) {
        int count = 0;
        for (; count < PIECES && done < rows; count++, done++)
            piece[count] = (struct iovec){(char *)source + (size_t)order[done] * bytes, bytes};
        const size_t size = (size_t)count * bytes;
        if (pwritev(staging->file, piece, count, (off_t)at) != (ssize_t)size)
            return 0;
        at += size;
    }
    return 1;
}
