// A thread that does one piece of work ahead of its need.
#ifndef BOUGH_DATA_AHEAD_H
#define BOUGH_DATA_AHEAD_H

#include <bough/status.h>
#include <stdint.h>

struct bough__ahead;

typedef enum bough_status bough__work(void *user, int64_t what);

// Starts the thread, which waits. `work` is called in it, with `user` and what start was given.
// Errors: INTERNAL.
enum bough_status bough__ahead_create(struct bough__ahead **ahead, bough__work *work, void *user);
void bough__ahead_destroy(struct bough__ahead **ahead); // finishes its work; takes NULL, sets NULL

// Gives it work, when it has none; returns at once.
void bough__ahead_start(struct bough__ahead *ahead, int64_t what);
// Returns when it has none, with the status of its last work. What it wrote can then be read.
enum bough_status bough__ahead_wait(struct bough__ahead *ahead);

#endif
