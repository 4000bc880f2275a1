// Bytes that wait on the disk, in a file without a name: nothing of it is left, however the program
// ends.
#ifndef BOUGH_SPOOL_H
#define BOUGH_SPOOL_H

#include "tool.h"

enum { SPOOL_BUFFER = 1 << 16 };

struct spool {
    const char *path; // beside which the file stands, for messages; borrowed
    int fd;           // -1 if it is none
    size_t used, at;  // of the buffer
    unsigned char *buffer;
};

// In the folder of `path`. Errors: DATA.
enum bough_status spool_create(struct spool *spool, const char *path);
enum bough_status spool_write(struct spool *spool, const void *bytes, size_t size);
// Forgets all.
enum bough_status spool_clear(struct spool *spool);
// Goes to the beginning, to read.
enum bough_status spool_rewind(struct spool *spool);
enum bough_status spool_read(struct spool *spool, void *bytes, size_t size);
void spool_close(struct spool *spool);

#endif
