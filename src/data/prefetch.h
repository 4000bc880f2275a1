// A thread that does one piece of work ahead of its need.
#ifndef BOUGH_DATA_PREFETCH_H
#define BOUGH_DATA_PREFETCH_H

#include <bough/status.h>
#include <stdint.h>

struct bough__prefetch;

typedef enum bough_status bough__work(void *user, int64_t what);

// Starts the thread, which waits. `work` is called in it, with `user` and what start was given.
// Errors: INTERNAL.
enum bough_status bough__prefetch_create(struct bough__prefetch **prefetch, bough__work *work,
                                         void *user);
void bough__prefetch_destroy(
    struct bough__prefetch **prefetch); // finishes its work; takes NULL, sets NULL

// Gives it work, when it has none; returns at once.
void bough__prefetch_start(struct bough__prefetch *prefetch, int64_t what);
// Returns when it has none, with the status of its last work. What it wrote can then be read.
enum bough_status bough__prefetch_wait(struct bough__prefetch *prefetch);

#endif
