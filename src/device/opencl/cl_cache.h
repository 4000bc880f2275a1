// Built programs on disk, so that the next start builds nothing.
#ifndef BOUGH_DEVICE_OPENCL_CL_CACHE_H
#define BOUGH_DEVICE_OPENCL_CL_CACHE_H

#include "base/file.h"
#include "device/opencl/opencl.h"

#include <sha2.h>

// What decides the binary of a program: the whole source, the options, the device, its driver, its
// platform, and the format of the files.
struct bough__cl_key {
    unsigned char sha256[SHA256_DIGEST_LENGTH];
};

struct bough__cl_key bough__cl_key_of(const struct bough__cl_device *device, const char *source);

// A block of bytes in a file, behind a header with magic, format, key, length and checksum.
struct bough__cl_block {
    struct bough__mapping file;
    const unsigned char *data;
    size_t size;
};

// `key` is NULL for a file that has none. Errors: DATA, with what is wrong.
enum bough_status bough__cl_block_open(struct bough__cl_block *block, const char *path,
                                       const char magic[8], const struct bough__cl_key *key);
enum bough_status bough__cl_block_save(const char *path, const char magic[8],
                                       const struct bough__cl_key *key, const void *data,
                                       size_t size);
void bough__cl_block_close(struct bough__cl_block *block);

// The binary of a program; 0 if it is not kept, or cannot be trusted, which is logged.
int bough__cl_cache_find(struct bough__cl_block *binary, struct bough__cl_device *device,
                         const struct bough__cl_key *key);
// There is a folder to keep binaries in; why not is logged once.
int bough__cl_cache_is_there(struct bough__cl_device *device);
// Keeps a binary if it can; if not, that is logged, the first time as a warning.
void bough__cl_cache_keep(struct bough__cl_device *device, const struct bough__cl_key *key,
                          const void *binary, size_t size);
// Removes what was used least, if there is too much. Takes NULL.
void bough__cl_cache_close(struct bough__cl_cache *cache);

#endif
