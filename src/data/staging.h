// Memory in which a batch is put together.
#ifndef BOUGH_DATA_STAGING_H
#define BOUGH_DATA_STAGING_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

// Zero-initialised is empty.
struct bough__staging {
    char *data;
    size_t size;
    int file; // behind `data`, if `shared`
    int shared;
};

// Errors: INTERNAL.
enum bough_status bough__staging_init(struct bough__staging *staging, size_t size);
void bough__staging_fini(struct bough__staging *staging);

// Copies rows order[0..rows-1] of `source`, `bytes` each, to data + at, where the system reads
// them: if `source` is a file's mapping that was cut, it refuses, and there is no SIGBUS.
// Returns 0 where it refuses, or cannot do this at all; what is at `at` is then undefined.
int bough__staging_copy(struct bough__staging *staging, size_t at, const char *source, size_t bytes,
                        const int32_t *order, int64_t rows);

#endif
